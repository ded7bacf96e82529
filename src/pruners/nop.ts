/** The pruner `nop`. */
import type { History, Trial } from "../core/index.js";
import type { PruneDecision, Pruner } from "./pruner.js";
import { lastStep, reportsByStep } from "./reports.js";

/** Never prunes. */
export class NopPruner implements Pruner {
  readonly name = "nop";

  decide(trial: Trial, _history: History): PruneDecision {
    const step = lastStep(reportsByStep(trial).keys());
    return { prune: false, reason: step === undefined ? "no report yet" : `step ${step}: pruning is off` };
  }
}
