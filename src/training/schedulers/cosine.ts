/** The scheduler `cosine`. */
import type { CosineParameters } from "./parameters.js";
import type { SchedulerFactory } from "./scheduler.js";

/**
 * PyTorch's `CosineAnnealingLR(T_max=epochs)` stepped once an epoch (Loshchilov, Hutter 2017, eq. 5 without restarts):
 * `min + (lr - min) * (1 + cos(pi * epoch / epochs)) / 2`. A resumed run keeps the first run's length.
 */
export const cosine: SchedulerFactory = (params, facts) => {
  const { scheduler_min_lr: minimum } = params as CosineParameters;
  let epoch = 0;
  let length = facts.epochs;
  return {
    get lr() {
      return minimum + ((facts.lr - minimum) * (1 + Math.cos((Math.PI * epoch) / length))) / 2;
    },
    step() {
      epoch++;
    },
    state: () => ({ epoch, length }),
    restore(state) {
      epoch = state["epoch"] ?? epoch;
      length = state["length"] ?? length;
    },
  };
};
