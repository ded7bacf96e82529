/** The models' metadata and registry. Importing this loads no TensorFlow.js: implementations come with `load()`. */
import { lazy } from "../registry/index.js";
import { gruMeta } from "./gru/meta.js";
import { lstmMeta } from "./lstm/meta.js";
import { mlpMeta } from "./mlp/meta.js";
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
  OutputScale,
} from "./forward-model.js";

// Another copy of this package in the process may have registered them: the registry is the process's.
if (!models.has("lstm"))
  models.register("lstm", lstmMeta)(lazy(async () => (await import("./lstm/lstm.js")).LstmModel));
if (!models.has("gru")) models.register("gru", gruMeta)(lazy(async () => (await import("./gru/gru.js")).GruModel));
if (!models.has("mlp")) models.register("mlp", mlpMeta)(lazy(async () => (await import("./mlp/mlp.js")).MlpModel));

/** The package's own models, built of its fused ops: whatever is registered later is somebody else's. */
export const builtInModels: ReadonlySet<string> = new Set(models.names());
