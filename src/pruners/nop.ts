/** The pruner `nop`. */
import type { History, Trial } from "../core/index.js";
import { requireKnownKeys } from "../core/index.js";
import type { PruneDecision, Pruner } from "./pruner.js";
import { digestOf } from "./report-digest.js";

/**
 * Never prunes.
 * @example
 * await createStudy({ storage: "memory", space: { x: float(0, 1) }, pruner: new NopPruner() });
 */
export class NopPruner implements Pruner {
  readonly name = "nop";

  /** Takes no options. @throws UsageError `unknown-option`. */
  constructor(options: Readonly<Record<string, never>> = {}) {
    requireKnownKeys("NopPruner", options, {});
  }

  decide(trial: Trial, _history: History): PruneDecision {
    const step = digestOf(trial).last;
    return { prune: false, reason: step === undefined ? "no report yet" : `step ${step}: pruning is off` };
  }
}
