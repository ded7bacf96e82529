/** The pruner `percentile`, and the comparison by which it and `median` judge reports. */
import { requireKnownKeys } from "../core/index.js";
import type { History, KnownKeys, Trial } from "../core/index.js";
import { betweenChecks } from "./interval.js";
import { requireNumber, requireWhole } from "./options.js";
import type { PruneBar, PruneDecision, Pruner } from "./pruner.js";
import { digestOf } from "./report-digest.js";
import { shownApart } from "./shown-apart.js";
import type { Ranked } from "./sorted-values.js";
import { VoterIndex } from "./voters.js";

/** Limits on when a pruner that compares trials may judge at all. */
export interface ComparisonOptions {
  /** No trial is pruned before this many are complete. @default 5 */
  readonly nStartupTrials?: number;
  /** A step below this one is never pruned (a model's steps are its epochs, from 1). @default 5 */
  readonly nWarmupSteps?: number;
  /**
   * Steps between two checks, counted from the warm-up's end. A check without a report at its step is made up for at
   * the next report. @default 1
   */
  readonly intervalSteps?: number;
  /** Fewer complete trials than this with a report at the step: the trial is kept. @default 3 */
  readonly nMinTrials?: number;
}

/** The options of {@link PercentilePruner}. */
export interface PercentilePrunerOptions extends ComparisonOptions {
  /** 0 to 100: the share of trials to keep; 25 keeps the best quarter. */
  readonly percentile: number;
}

/** The keys of {@link ComparisonOptions}. */
export const comparisonKeys: KnownKeys<ComparisonOptions> = {
  ...({ nStartupTrials: true, nWarmupSteps: true, intervalSteps: true, nMinTrials: true } as const),
};

/** The limits with their defaults. @throws UsageError `invalid-pruner-option` */
export function comparisonOf(pruner: string, options: ComparisonOptions): Required<ComparisonOptions> {
  const { nStartupTrials = 5, nWarmupSteps = 5, intervalSteps = 1, nMinTrials = 3 } = options;
  requireWhole(pruner, "nStartupTrials", nStartupTrials, 0);
  requireWhole(pruner, "nWarmupSteps", nWarmupSteps, 0);
  requireWhole(pruner, "intervalSteps", intervalSteps, 1);
  requireWhole(pruner, "nMinTrials", nMinTrials, 1);
  return { nStartupTrials, nWarmupSteps, intervalSteps, nMinTrials };
}

const percentileKeys: KnownKeys<PercentilePrunerOptions> = { percentile: true, ...comparisonKeys };

/**
 * numpy's linear percentile (Hyndman and Fan's type 7) of ascending values. Interpolates from the nearer neighbour as
 * numpy does, and turns into NaN beside an infinity as numpy's does: simple-statistics' `quantileSorted` differs in the
 * last bit there, which flips decisions where a trial ties with the percentile.
 */
export function percentileOfSorted(sorted: Ranked, percentile: number): number {
  const last = sorted.length - 1;
  if (last < 0) return NaN;
  const position = last * (percentile / 100);
  const index = Math.min(Math.floor(position), last);
  const below = sorted.at(index) as number;
  const above = sorted.at(Math.min(index + 1, last)) as number;
  const t = position - index;
  const difference = above - below;
  return t >= 0.5 ? above - difference * (1 - t) : below + difference * t;
}

/**
 * Prunes a trial whose best value so far is worse than a percentile of what complete trials reported at the same step.
 * Decisions are those of Optuna 5.0.0's `PercentilePruner` under the same arguments (our defaults for warm-up and
 * least trials are 5 and 3, Optuna's 0 and 1). Only complete trials vote; a trial all of whose reports are NaN is
 * pruned once it may be judged.
 * @throws UsageError `invalid-pruner-option`, `unknown-option`
 * @example
 * const pruner = new PercentilePruner({ percentile: 25, nStartupTrials: 10 });
 */
export class PercentilePruner implements Pruner {
  readonly name: string = "percentile";
  readonly percentile: number;
  readonly nStartupTrials: number;
  readonly nWarmupSteps: number;
  readonly intervalSteps: number;
  readonly nMinTrials: number;
  readonly #voters = new VoterIndex();

  constructor(options: PercentilePrunerOptions) {
    requireKnownKeys("PercentilePruner", options, percentileKeys);
    const { percentile } = options;
    requireNumber("percentile", "percentile", percentile, 0, 100);
    const { nStartupTrials, nWarmupSteps, intervalSteps, nMinTrials } = comparisonOf("percentile", options);
    this.percentile = percentile;
    this.nStartupTrials = nStartupTrials;
    this.nWarmupSteps = nWarmupSteps;
    this.intervalSteps = intervalSteps;
    this.nMinTrials = nMinTrials;
  }

  /** The compared figure's name in reasons. */
  protected get measure(): string {
    return `percentile-${this.percentile}`;
  }

  decide(trial: Trial, history: History): PruneDecision {
    const reports = digestOf(trial);
    const step = reports.last;
    if (step === undefined) return { prune: false, reason: "no report yet" };
    this.#voters.follow(history.trials);
    const early = this.#tooEarly(step, reports.previous ?? -1);
    if (early !== null) return { prune: false, reason: `step ${step}: ${early}` };
    const { prune, reason } = this.#compare(step, reports.best(history.direction), history.direction);
    return { prune, reason: `step ${step}: ${reason}` };
  }

  bar(trial: Trial, history: History): PruneBar {
    const { reason } = this.decide(trial, history);
    const reports = digestOf(trial);
    const step = reports.last;
    const none = { value: NaN, threshold: null, voters: null, reason };
    if (step === undefined) return none;
    const value = reports.best(history.direction);
    if (this.#tooEarly(step, reports.previous ?? -1) !== null) return { ...none, value };
    const { sorted, reported } = this.#voters.at(step);
    const threshold = this.#barOf(sorted, history.direction);
    if (reported < this.nMinTrials || Number.isNaN(threshold)) return { ...none, value, voters: sorted.length };
    return { value, threshold, voters: sorted.length, reason };
  }

  #barOf(sorted: Ranked, direction: History["direction"]): number {
    return percentileOfSorted(sorted, direction === "maximize" ? 100 - this.percentile : this.percentile);
  }

  /** The reason not to judge the trial at this step; null when it is judged. */
  #tooEarly(step: number, previous: number): string | null {
    const { complete } = this.#voters;
    if (complete === 0) return "no trial is complete yet";
    if (complete < this.nStartupTrials) return `${complete} of ${this.nStartupTrials} startup trials are complete`;
    return betweenChecks(step, previous, this.nWarmupSteps, this.intervalSteps);
  }

  #compare(step: number, best: number, direction: History["direction"]): PruneDecision {
    if (Number.isNaN(best)) return { prune: true, reason: "every report is NaN" };
    const { sorted, reported } = this.#voters.at(step);
    if (reported < this.nMinTrials)
      return { prune: false, reason: `${reported} of ${this.nMinTrials} trials needed have reported this step` };
    const bar = this.#barOf(sorted, direction);
    const trials = `of ${sorted.length} ${sorted.length === 1 ? "trial" : "trials"}`;
    if (Number.isNaN(bar)) return { prune: false, reason: `the ${this.measure} ${trials} is NaN` };
    const prune = direction === "maximize" ? best < bar : best > bar;
    const [shownBest, shownBar] = shownApart(best, bar);
    const sign = prune ? (direction === "maximize" ? "<" : ">") : direction === "maximize" ? ">=" : "<=";
    return { prune, reason: `best ${shownBest} ${sign} ${this.measure} ${shownBar} ${trials}` };
  }
}
