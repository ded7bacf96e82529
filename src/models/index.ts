/** The models' metadata and registry. Importing this loads no TensorFlow.js: implementations come with `load()`. */
import { lazy } from "../registry/index.js";
import { anodeMeta } from "./anode/meta.js";
import { fadeOdeMeta } from "./fade-ode/meta.js";
import { gruMeta } from "./gru/meta.js";
import { latentOdeMeta } from "./latent-ode/meta.js";
import { lstmMeta } from "./lstm/meta.js";
import { mlpMeta } from "./mlp/meta.js";
import { nodeMeta } from "./node/meta.js";
import { odeRnnMeta } from "./ode-rnn/meta.js";
import type { ModelConstructor } from "./forward-model.js";
import { models } from "./registry.js";

export { models } from "./registry.js";
export type { ModelMeta } from "./registry.js";
export type {
  ForwardModel,
  ForwardResult,
  LossResult,
  ModelConstructor,
  ModelFacts,
  ModelOutputs,
  NormalisedPath,
  OutputScale,
} from "./forward-model.js";

const own = new Set<string>();

function registerOwn(
  name: string,
  meta: Parameters<typeof models.register>[1],
  load: () => Promise<ModelConstructor>,
): void {
  own.add(name);
  // Another copy of this package in the process may have registered it: the registry is the process's.
  if (!models.has(name)) models.register(name, meta)(lazy(load));
}

registerOwn("lstm", lstmMeta, async () => (await import("./lstm/lstm.js")).LstmModel);
registerOwn("gru", gruMeta, async () => (await import("./gru/gru.js")).GruModel);
registerOwn("mlp", mlpMeta, async () => (await import("./mlp/mlp.js")).MlpModel);
registerOwn("node", nodeMeta, async () => (await import("./node/node.js")).NodeModel);
registerOwn("anode", anodeMeta, async () => (await import("./anode/anode.js")).AnodeModel);
registerOwn("ode_rnn", odeRnnMeta, async () => (await import("./ode-rnn/ode-rnn.js")).OdeRnnModel);
registerOwn("latent_ode", latentOdeMeta, async () => (await import("./latent-ode/latent-ode.js")).LatentOdeModel);
registerOwn("fade_ode", fadeOdeMeta, async () => (await import("./fade-ode/fade-ode.js")).FadeOdeModel);

/** The package's own models, built of its fused ops: whatever else is registered is somebody else's. */
export const builtInModels: ReadonlySet<string> = own;
