/** The contract of a pruner. */
import type { History, Trial } from "../core/index.js";

/** What a pruner says of a trial after a report. */
export interface PruneDecision {
  readonly prune: boolean;
  /** In words, for records and screens: `step 7: best 0.0310 > median 0.0287 of 9 trials`. */
  readonly reason: string;
}

/** Judges a running trial after a report. Pure: the same records give the same decision. */
export interface Pruner {
  readonly name: string;
  /** Whether the reports of running trials have a say. @default false */
  readonly running?: boolean;
  /** Whether a running trial is to be ended after its last report, and why. */
  decide(trial: Trial, history: History): PruneDecision;
}
