/** The learning-rate schedulers' metadata and registry. */
import { lazy } from "../../registry/index.js";
import { cosineParameters, noParameters, plateauParameters } from "./parameters.js";
import { schedulers } from "./scheduler.js";

export { schedulers } from "./scheduler.js";
export type { Scheduler, SchedulerFacts, SchedulerFactory } from "./scheduler.js";

if (!schedulers.has("none"))
  schedulers.register("none", { summary: "the learning rate stays", parameters: noParameters })(
    lazy(async () => (await import("./none.js")).none),
  );
if (!schedulers.has("cosine"))
  schedulers.register("cosine", { summary: "cosine annealing over the epochs", parameters: cosineParameters })(
    lazy(async () => (await import("./cosine.js")).cosine),
  );
if (!schedulers.has("reduce_lr_on_plateau"))
  schedulers.register("reduce_lr_on_plateau", {
    summary: "reduces the learning rate when the validation RMSE stops falling",
    parameters: plateauParameters,
  })(lazy(async () => (await import("./reduce-lr-on-plateau.js")).reduceLrOnPlateau));
