/** The pruner `threshold`. */
import { requireKnownKeys, UsageError } from "../core/index.js";
import type { History, KnownKeys, Trial } from "../core/index.js";
import { betweenChecks } from "./interval.js";
import { invalidPrunerOption, requireWhole } from "./options.js";
import type { PruneBar, PruneDecision, Pruner } from "./pruner.js";
import { digestOf } from "./report-digest.js";
import { shown, shownApart } from "./shown-apart.js";

/** The options of {@link ThresholdPruner}; at least one of the two limits is given. */
export interface ThresholdPrunerOptions {
  /** A value below it ends the trial. @default null: no limit */
  readonly lower?: number | null;
  /** A value above it ends the trial. @default null: no limit */
  readonly upper?: number | null;
  /** A step below this one is never pruned. @default 0 */
  readonly nWarmupSteps?: number;
  /**
   * Steps between two checks, counted from the warm-up's end. A check without a report at its step is made up for at
   * the next report. @default 1
   */
  readonly intervalSteps?: number;
}

const optionKeys: KnownKeys<ThresholdPrunerOptions> = {
  ...({ lower: true, upper: true, nWarmupSteps: true, intervalSteps: true } as const),
};

/**
 * Prunes a trial whose latest value is NaN or outside fixed limits: a loss that has blown up, an accuracy below chance.
 * Decisions are those of Optuna 5.0.0's `ThresholdPruner` under the same arguments. No other trial has a say.
 * @throws UsageError `invalid-pruner-option`, `unknown-option`
 * @example
 * const pruner = new ThresholdPruner({ upper: 10, nWarmupSteps: 3 });
 */
export class ThresholdPruner implements Pruner {
  readonly name = "threshold";
  readonly lower: number | null;
  readonly upper: number | null;
  readonly nWarmupSteps: number;
  readonly intervalSteps: number;

  constructor(options: ThresholdPrunerOptions) {
    requireKnownKeys("ThresholdPruner", options, optionKeys);
    const { lower = null, upper = null, nWarmupSteps = 0, intervalSteps = 1 } = options;
    if (lower === null && upper === null)
      throw new UsageError("invalid-pruner-option", 'pruner "threshold": give lower, upper or both');
    for (const [option, limit] of Object.entries({ lower, upper }))
      if (limit !== null && (typeof limit !== "number" || Number.isNaN(limit)))
        throw invalidPrunerOption("threshold", option, limit, "a number");
    if (lower !== null && upper !== null && lower > upper)
      throw invalidPrunerOption("threshold", "lower", lower, `at most upper (${upper})`);
    requireWhole("threshold", "nWarmupSteps", nWarmupSteps, 0);
    requireWhole("threshold", "intervalSteps", intervalSteps, 1);
    this.lower = lower;
    this.upper = upper;
    this.nWarmupSteps = nWarmupSteps;
    this.intervalSteps = intervalSteps;
  }

  decide(trial: Trial, _history: History): PruneDecision {
    const reports = digestOf(trial);
    const step = reports.last;
    if (step === undefined) return { prune: false, reason: "no report yet" };
    const early = betweenChecks(step, reports.previous ?? -1, this.nWarmupSteps, this.intervalSteps);
    if (early !== null) return { prune: false, reason: `step ${step}: ${early}` };
    const { prune, reason } = this.#judge(reports.lastValue);
    return { prune, reason: `step ${step}: ${reason}` };
  }

  /** The limit on the worse side; null where there is one on the good side. */
  bar(trial: Trial, history: History): PruneBar | null {
    const { reason } = this.decide(trial, history);
    const reports = digestOf(trial);
    const step = reports.last;
    if (step === undefined) return { value: NaN, threshold: null, voters: null, reason };
    const value = reports.lastValue;
    const early = betweenChecks(step, reports.previous ?? -1, this.nWarmupSteps, this.intervalSteps);
    if (early !== null) return { value, threshold: null, voters: null, reason };
    const [worse, better] = history.direction === "minimize" ? [this.upper, this.lower] : [this.lower, this.upper];
    // A limit on the good side ends trials that are too good, which is no distance to a threshold.
    return better === null ? { value, threshold: worse, voters: null, reason } : null;
  }

  #judge(value: number): PruneDecision {
    if (Number.isNaN(value)) return { prune: true, reason: "the value is NaN" };
    const { lower, upper } = this;
    if (lower !== null && value < lower)
      return { prune: true, reason: `${shownApart(value, lower).join(" < lower ")}` };
    if (upper !== null && value > upper)
      return { prune: true, reason: `${shownApart(value, upper).join(" > upper ")}` };
    return { prune: false, reason: `${shown(value)} is within the limits` };
  }
}
