/** The optimizer `sgd`. */
import { createUpdate } from "../../tensor/index.js";
import type { OptimizerFactory } from "./optimizer.js";
import type { SgdParameters } from "./parameters.js";
import { updateOptimizer } from "./update-optimizer.js";

/** PyTorch's `torch.optim.SGD` with dampening 0. */
export const sgd: OptimizerFactory = (variables, params) => {
  const { momentum, nesterov } = params as SgdParameters;
  return updateOptimizer(createUpdate("sgd", variables), { momentum, nesterov });
};
