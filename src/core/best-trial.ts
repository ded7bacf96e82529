import type { Direction, Trial } from "./trial.js";
import { isBetter } from "./trial.js";

/** The best complete trial, the first of equals; null when none is complete. */
export function bestTrialOf(trials: Iterable<Trial>, direction: Direction): Trial | null {
  let best: Trial | null = null;
  for (const trial of trials) {
    if (trial.state !== "complete" || trial.value === null) continue;
    if (best === null || isBetter(trial.value, best.value as number, direction)) best = trial;
  }
  return best;
}
