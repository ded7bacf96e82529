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

// Another copy of this package in the process may have registered them: the registry is the process's.
if (!models.has("lstm"))
  models.register("lstm", lstmMeta)(lazy(async () => (await import("./lstm/lstm.js")).LstmModel));
if (!models.has("gru")) models.register("gru", gruMeta)(lazy(async () => (await import("./gru/gru.js")).GruModel));
if (!models.has("mlp")) models.register("mlp", mlpMeta)(lazy(async () => (await import("./mlp/mlp.js")).MlpModel));
if (!models.has("node"))
  models.register("node", nodeMeta)(lazy(async () => (await import("./node/node.js")).NodeModel));
if (!models.has("anode"))
  models.register("anode", anodeMeta)(lazy(async () => (await import("./anode/anode.js")).AnodeModel));
if (!models.has("ode_rnn"))
  models.register("ode_rnn", odeRnnMeta)(lazy(async () => (await import("./ode-rnn/ode-rnn.js")).OdeRnnModel));
if (!models.has("latent_ode"))
  models.register(
    "latent_ode",
    latentOdeMeta,
  )(lazy(async () => (await import("./latent-ode/latent-ode.js")).LatentOdeModel));
if (!models.has("fade_ode"))
  models.register("fade_ode", fadeOdeMeta)(lazy(async () => (await import("./fade-ode/fade-ode.js")).FadeOdeModel));

/** The package's own models, built of its fused ops: whatever is registered later is somebody else's. */
export const builtInModels: ReadonlySet<string> = new Set(models.names());
