/** The pruner `prospect`: ends trials that stand worse than any good one did, and do not gain fast enough to make up for it. */
import { requireKnownKeys } from "../core/index.js";
import type { Direction, History, KnownKeys, Trial } from "../core/index.js";
import { BestTrials, signOf } from "./best-trials.js";
import type { Ended } from "./best-trials.js";
import { requireNumber } from "./options.js";
import { comparisonKeys, comparisonOf, PercentilePruner } from "./percentile.js";
import type { ComparisonOptions } from "./percentile.js";
import type { PruneBar, PruneDecision, Pruner } from "./pruner.js";
import { digestOf } from "./report-digest.js";
import type { ReportDigest } from "./report-digest.js";
import { shownApart } from "./shown-apart.js";

/** The options of {@link ProspectPruner}. */
export interface ProspectPrunerOptions extends ComparisonOptions {
  /** 0 to 100: a trial in this share of the best at a step goes on in any case. @default 40 */
  readonly percentile?: number;
  /** By how much a trial's further gain may be larger than its last ones let expect; 0: none is expected. @default 1.5 */
  readonly margin?: number;
}

const optionKeys: KnownKeys<ProspectPrunerOptions> = { percentile: true, margin: true, ...comparisonKeys };

/** Shares of the complete trials: the good ones whose course is a precedent, and those that are to be equalled. */
const [PRECEDENTS, GOAL] = [1 / 3, 1 / 10];
/** At most so many are precedents: the worst of ever more good ones would protect ever more trials. */
const PRECEDENTS_AT_MOST = 10;
/** At most so many are to be equalled, as a search follows no more of them. */
const GOAL_AT_MOST = 25;
/** No trial is expected to gain faster and faster by more than this from one doubling of its steps to the next. */
const FASTEST = 1.5;

/**
 * Prunes a trial where three things hold: its best value is behind (worse than the 40th percentile of what complete trials
 * reported at the step); without precedent (worse than what each of the best third of them, ten at most, had reached by that step);
 * and without prospect: what it gained over the last doubling of its steps, carried on geometrically to the last step and
 * half as much again, would not bring it among the best tenth. The precedents protect where good trials start badly,
 * the prospect where the best learn slowest. With the percentile alone it is {@link PercentilePruner}.
 *
 * Only complete trials have a say, as precedents those that meet the constraints; the judgement of a step costs no more
 * with many trials than with a hundred.
 * @throws UsageError `invalid-pruner-option`, `unknown-option`
 * @example
 * const pruner = new ProspectPruner({ nWarmupSteps: 3, margin: 2 });
 */
export class ProspectPruner implements Pruner {
  readonly name = "prospect";
  readonly percentile: number;
  readonly margin: number;
  readonly nStartupTrials: number;
  readonly nWarmupSteps: number;
  readonly intervalSteps: number;
  readonly nMinTrials: number;
  readonly #comparison: PercentilePruner;
  #ended: BestTrials | null = null;

  constructor(options: ProspectPrunerOptions = {}) {
    requireKnownKeys("ProspectPruner", options, optionKeys);
    const { percentile = 40, margin = 1.5 } = options;
    const timing = comparisonOf("prospect", options);
    requireNumber("prospect", "percentile", percentile, 0, 100);
    requireNumber("prospect", "margin", margin, 0);
    this.percentile = percentile;
    this.margin = margin;
    this.nStartupTrials = timing.nStartupTrials;
    this.nWarmupSteps = timing.nWarmupSteps;
    this.intervalSteps = timing.intervalSteps;
    this.nMinTrials = timing.nMinTrials;
    this.#comparison = new PercentilePruner({ percentile, ...timing });
  }

  decide(trial: Trial, history: History): PruneDecision {
    const behind = this.#comparison.decide(trial, history);
    const { direction } = history;
    const reports = digestOf(trial);
    if (!behind.prune || Number.isNaN(reports.best(direction))) return behind;
    const { prune, reason } = this.#judge(reports, this.#endedIn(history));
    const before = prune ? behind.reason : `step ${reports.last}`;
    return { prune, reason: `${before}${prune ? ";" : ":"} ${reason}` };
  }

  /** The worst of what a trial must be behind of: the percentile, the precedents, and what its pace makes up for. */
  bar(trial: Trial, history: History): PruneBar {
    const behind = this.#comparison.bar(trial, history);
    const { reason } = this.decide(trial, history);
    const { value, threshold, voters } = behind;
    if (threshold === null) return { ...behind, reason };
    const ended = this.#endedIn(history);
    const { best, count, direction } = ended;
    const reports = digestOf(trial);
    const none = { value, threshold: null, voters, reason };
    // A trial all of whose reports are NaN is ended whatever the others did.
    if (Number.isNaN(value)) return { value, threshold, voters, reason };
    if (count === 0) return none;
    const sign = signOf(direction);
    const precedent = worstAt(precedentsOf(best, count), reports.last as number, direction);
    const gain = furtherGain(reports, ended.lastStep, direction);
    if (gain === Infinity) return none;
    const losses = [sign * threshold, precedent?.loss ?? -Infinity, goalOf(best, count).loss + this.margin * gain];
    return { value, threshold: sign * Math.max(...losses), voters, reason };
  }

  #endedIn({ direction, trials }: History): BestTrials {
    if (this.#ended?.direction !== direction) this.#ended = new BestTrials(direction, GOAL_AT_MOST);
    this.#ended.follow(trials);
    return this.#ended;
  }

  #judge(reports: ReportDigest, ended: BestTrials): PruneDecision {
    const { best, count, direction } = ended;
    if (count === 0) return { prune: false, reason: "no complete trial meets the constraints" };
    const sign = signOf(direction);
    const own = reports.best(direction);
    const precedent = worstAt(precedentsOf(best, count), reports.last as number, direction);
    if (precedent && sign * own <= precedent.loss) {
      const [mine, theirs] = shownApart(own, sign * precedent.loss);
      const { number } = precedent.trial;
      return { prune: false, reason: `best ${mine}; trial ${number}, one of the good ones, stood at ${theirs} here` };
    }
    const goal = goalOf(best, count);
    const gain = furtherGain(reports, ended.lastStep, direction);
    if (gain === Infinity) return { prune: false, reason: "too few reports to see where it is going" };
    const reached = sign * own - this.margin * gain;
    const [hoped, wanted] = shownApart(sign * reached, sign * goal.loss);
    const on = `by step ${ended.lastStep}`;
    return reached > goal.loss
      ? { prune: true, reason: `all good trials stood better, and at its pace ${hoped} ${on} is short of ${wanted}` }
      : { prune: false, reason: `at its pace it may reach ${hoped} ${on}, and ${wanted} is good` };
  }
}

function precedentsOf(best: readonly Ended[], count: number): readonly Ended[] {
  return best.slice(0, Math.min(PRECEDENTS_AT_MOST, Math.ceil(PRECEDENTS * count)));
}

/** The trial that is to be equalled. */
function goalOf(best: readonly Ended[], count: number): Ended {
  return best[Math.min(GOAL_AT_MOST, Math.ceil(GOAL * count)) - 1] as Ended;
}

/** The trial that had reached least by a step, of those that had reported anything, with what it had. */
function worstAt(trials: readonly Ended[], step: number, direction: Direction): Ended | null {
  let worst: Ended | null = null;
  for (const { trial } of trials) {
    const reports = digestOf(trial);
    const loss = signOf(direction) * reports.best(direction, reports.countUpTo(step));
    if (!Number.isNaN(loss) && !(worst && worst.loss >= loss)) worst = { trial, loss };
  }
  return worst;
}

/**
 * What a trial may still gain up to a step: its gain over the last doubling of its steps, times its ratio to the gain over
 * the doubling before, and so on for as many doublings as there are to come.
 * @returns Infinity where too little has been reported to tell
 */
function furtherGain(reports: ReportDigest, lastStep: number, direction: Direction): number {
  const start = (reports.first as number) - 1;
  const taken = (reports.last as number) - start;
  const at = (share: number): number =>
    signOf(direction) * reports.best(direction, reports.countUpTo(start + share * taken));
  const [quarter, half, now] = [at(1 / 4), at(1 / 2), at(1)];
  const last = half - now;
  // Fewer than two steps, or numbers only since then: it may be on its way anywhere.
  if (Number.isNaN(half)) return Infinity;
  if (!(last > 0)) return 0;
  const before = quarter - half;
  const ratio = before > 0 && before < Infinity ? Math.min(last / before, FASTEST) : FASTEST;
  const doublings = Math.log2((lastStep - start) / taken);
  let [gain, next] = [0, last];
  for (let left = doublings; left > 0; left--) {
    next *= ratio;
    gain += Math.min(1, left) * next;
  }
  return gain;
}
