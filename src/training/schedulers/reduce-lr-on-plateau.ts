/** The scheduler `reduce_lr_on_plateau`. */
import type { PlateauParameters } from "./parameters.js";
import type { SchedulerFactory } from "./scheduler.js";

/** A smaller change of the learning rate is not made (PyTorch's default `eps`). */
const SMALLEST_CHANGE = 1e-8;

/** PyTorch's `ReduceLROnPlateau(mode="min", threshold_mode="rel")`; a NaN metric counts as no better. */
export const reduceLrOnPlateau: SchedulerFactory = (params, facts) => {
  const p = params as PlateauParameters;
  let { lr } = facts;
  let best = Infinity;
  let bad = 0;
  let cooldown = 0;
  const reduce = (): void => {
    const next = Math.max(lr * p.scheduler_factor, p.scheduler_min_lr);
    if (lr - next > SMALLEST_CHANGE) lr = next;
  };
  return {
    get lr() {
      return lr;
    },
    step(metric) {
      if (metric < best * (1 - p.scheduler_threshold)) {
        best = metric;
        bad = 0;
      } else bad++;
      if (cooldown > 0) {
        cooldown--;
        bad = 0;
      }
      if (bad > p.scheduler_patience) {
        reduce();
        cooldown = p.scheduler_cooldown;
        bad = 0;
      }
    },
    state: () => ({ lr, best, bad, cooldown }),
    restore(state) {
      lr = state["lr"] ?? lr;
      best = state["best"] ?? best;
      bad = state["bad"] ?? bad;
      cooldown = state["cooldown"] ?? cooldown;
    },
  };
};
