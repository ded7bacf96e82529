/** The optimizers `adamw` and `adam`. */
import { createUpdate } from "../../tensor/index.js";
import type { OptimizerFactory } from "./optimizer.js";
import type { AdamParameters } from "./parameters.js";
import { updateOptimizer } from "./update-optimizer.js";

const adamOf =
  (rule: "adam" | "adamw"): OptimizerFactory =>
  (variables, params) => {
    const { beta1, beta2, eps } = params as AdamParameters;
    return updateOptimizer(createUpdate(rule, variables), { betas: [beta1, beta2], eps });
  };

/** PyTorch's `torch.optim.AdamW`: the decay shrinks the weights and does not pass through the moments. */
export const adamw = adamOf("adamw");
/** PyTorch's `torch.optim.Adam`: the decay is added to the gradient. */
export const adam = adamOf("adam");
