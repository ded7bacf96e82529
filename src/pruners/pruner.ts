/** The contract of a pruner. */
import type { History, Trial } from "../core/index.js";

/** What a pruner says of a trial after a report. */
export interface PruneDecision {
  readonly prune: boolean;
  /** In words, for records and screens: `step 7: best 0.0310 > median 0.0287 of 9 trials`. */
  readonly reason: string;
}

/** What a trial's last report is held against. */
export interface PruneBar {
  /** What is compared: the trial's best value so far, or its last one, as the pruner does; NaN where it has none. */
  readonly value: number;
  /** The trial is pruned where its value is worse than this; null: no value would end it now. */
  readonly threshold: number | null;
  /** How many other trials the threshold is made of; null where it is made of none. */
  readonly voters: number | null;
  /** As in a decision, in words. */
  readonly reason: string;
}

/** Judges a running trial after a report. Pure: the same records give the same decision. */
export interface Pruner {
  readonly name: string;
  /** Whether the reports of running trials have a say. @default false */
  readonly running?: boolean;
  /** Whether a running trial is to be ended after its last report, and why. */
  decide(trial: Trial, history: History): PruneDecision;
  /**
   * How far a running trial is from being ended: where this says a threshold, `decide` ends exactly those trials whose
   * value is worse. Null where a rule compares no single value; absent where it never does.
   */
  bar?(trial: Trial, history: History): PruneBar | null;
}
