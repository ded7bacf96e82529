/** The optimizer `sgd`. */
import { createUpdate } from "../../tensor/index.js";
import type { OptimizerFactory } from "./optimizer.js";
import type { SgdParameters } from "./parameters.js";

/** PyTorch's `torch.optim.SGD` with dampening 0. */
export const sgd: OptimizerFactory = (variables, params) => {
  const { momentum, nesterov } = params as SgdParameters;
  const update = createUpdate("sgd", variables);
  return {
    step: (gradients, numbers) => update.step(gradients, { ...numbers, momentum, nesterov }),
    state: () => update.state(),
    restore: (state) => update.restore(state),
    dispose: () => update.dispose(),
  };
};
