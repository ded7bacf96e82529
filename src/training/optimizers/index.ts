/** The optimizers' metadata and registry; implementations (and TensorFlow.js) come with `load()`. */
import { lazy } from "../../registry/index.js";
import { optimizers } from "./optimizer.js";
import { adamParameters, sgdParameters } from "./parameters.js";

export { optimizers } from "./optimizer.js";
export type { Optimizer, OptimizerFactory, StepNumbers } from "./optimizer.js";

if (!optimizers.has("adamw"))
  optimizers.register("adamw", { summary: "Adam with decoupled weight decay", parameters: adamParameters })(
    lazy(async () => (await import("./adam.js")).adamw),
  );
if (!optimizers.has("adam"))
  optimizers.register("adam", { summary: "Adam; weight decay as L2 in the gradient", parameters: adamParameters })(
    lazy(async () => (await import("./adam.js")).adam),
  );
if (!optimizers.has("sgd"))
  optimizers.register("sgd", { summary: "stochastic gradient descent with momentum", parameters: sgdParameters })(
    lazy(async () => (await import("./sgd.js")).sgd),
  );
