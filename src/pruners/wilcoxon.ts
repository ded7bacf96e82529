/** The pruner `wilcoxon`. */
import { requireKnownKeys } from "../core/index.js";
import type { Direction, History, KnownKeys, Trial } from "../core/index.js";
import { BestComplete } from "./best-complete.js";
import { requireNumber, requireWhole } from "./options.js";
import type { PruneDecision, Pruner } from "./pruner.js";
import { digestOf } from "./report-digest.js";
import { shown } from "./shown-apart.js";
import { signedRankGreater } from "./signed-rank.js";

/** The options of {@link WilcoxonPruner}. */
export interface WilcoxonPrunerOptions {
  /** A trial is pruned where the test's p-value is below this; 0 to 1. @default 0.1 */
  readonly pThreshold?: number;
  /** Nothing is pruned before this many steps can be compared with the best trial's. @default 2 */
  readonly nStartupSteps?: number;
}

const optionKeys: KnownKeys<WilcoxonPrunerOptions> = { pThreshold: true, nStartupSteps: true };

/** Two trials' values that belong together, and all values of each. */
interface Pairs {
  readonly what: string;
  readonly differences: readonly number[];
  readonly own: readonly number[];
  readonly best: readonly number[];
}

type Reports = Trial["intermediate"];

/** By step, in the order of reporting; a step reported twice keeps its first value. */
function byStep(reports: Reports): Map<number, number> {
  const values = new Map<number, number>();
  for (const [step, value] of reports) if (!values.has(step)) values.set(step, value);
  return values;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function isFinite(values: readonly number[]): boolean {
  return values.every(Number.isFinite);
}

/** What each fold and seed of a cross-validated trial had at its reports, one list a report. */
type Parts = readonly (readonly number[])[];

function partsOf(trial: Trial): Parts | null {
  const { intermediate_parts: parts } = trial as Trial & { readonly intermediate_parts?: Parts };
  return parts && parts.length === trial.intermediate.length ? parts : null;
}

/** The values of the parts at a step. */
function partsAt(trial: Trial, step: number): readonly number[] | null {
  return partsOf(trial)?.[trial.intermediate.findIndex(([at]) => at === step)] ?? null;
}

/**
 * Prunes a trial once Wilcoxon's signed-rank test says that it is worse than the best complete one, in pairs of what
 * belongs together: their values at the same steps, or, of cross-validated trials, the values of the same parts (fold
 * and seed) at the latest step that both have reached, where there are enough parts for the test to tell (4 for a
 * threshold of 0.1). Decisions by steps are those of Optuna 5.0.0's `WilcoxonPruner` under the same arguments: trials
 * with values that are not finite, and those that are better than the best in the mean, are kept.
 * @throws UsageError `invalid-pruner-option`, `unknown-option`
 * @example
 * const pruner = new WilcoxonPruner({ pThreshold: 0.05, nStartupSteps: 5 });
 */
export class WilcoxonPruner implements Pruner {
  readonly name = "wilcoxon";
  readonly pThreshold: number;
  readonly nStartupSteps: number;
  #best: BestComplete | null = null;

  constructor(options: WilcoxonPrunerOptions = {}) {
    requireKnownKeys("WilcoxonPruner", options, optionKeys);
    const { pThreshold = 0.1, nStartupSteps = 2 } = options;
    requireNumber("wilcoxon", "pThreshold", pThreshold, 0, 1);
    requireWhole("wilcoxon", "nStartupSteps", nStartupSteps, 0);
    this.pThreshold = pThreshold;
    this.nStartupSteps = nStartupSteps;
  }

  decide(trial: Trial, history: History): PruneDecision {
    const step = digestOf(trial).last;
    if (step === undefined) return { prune: false, reason: "no report yet" };
    const { prune, reason } = this.#judge(trial, history);
    return { prune, reason: `step ${step}: ${reason}` };
  }

  #judge(trial: Trial, history: History): PruneDecision {
    const best = this.#bestOf(history);
    if (!best) return { prune: false, reason: "no trial is complete yet" };
    const name = `trial ${best.number}, the best`;
    if (best.intermediate.length === 0) return { prune: false, reason: `${name}, has no reports` };
    const [own, others] = [byStep(trial.intermediate), byStep(best.intermediate)];
    const steps = [...own.keys()].filter((step) => others.has(step));
    const needed = Math.max(2, this.nStartupSteps);
    const pairs = this.#parts(trial, best, steps) ?? stepPairs(own, others, steps);
    if (!isFinite(pairs.own) || !isFinite(pairs.best))
      return { prune: false, reason: "a value, or one of the best trial's, is not finite" };
    if (steps.length < needed)
      return { prune: false, reason: `${steps.length} of ${needed} steps needed are shared with ${name}` };
    return this.#test(pairs, history.direction, name);
  }

  #test({ what, differences, own, best }: Pairs, direction: Direction, name: string): PruneDecision {
    const worse = direction === "maximize" ? differences.map((d) => -d) : differences;
    const p = signedRankGreater(worse);
    const over = `over ${differences.length} ${what}`;
    if (!(p < this.pThreshold))
      return { prune: false, reason: `not surely worse than ${name}, ${over} (p ${shown(p)})` };
    const [ownMean, bestMean] = [mean(own), mean(best)];
    const better = direction === "maximize" ? bestMean <= ownMean : bestMean >= ownMean;
    if (better) return { prune: false, reason: `worse than ${name}, ${over}, but not in the mean (p ${shown(p)})` };
    return { prune: true, reason: `worse than ${name}, ${over} (p ${shown(p)})` };
  }

  /** The parts at the latest step that both trials have reached, where there are enough of them to tell. */
  #parts(trial: Trial, best: Trial, steps: readonly number[]): Pairs | null {
    const last = Math.max(...steps);
    const [own, others] = [partsAt(trial, last), partsAt(best, last)];
    if (!own || own.length !== others?.length || !(2 ** -own.length < this.pThreshold)) return null;
    return {
      what: `parts at step ${last}`,
      own,
      best: others,
      differences: own.map((v, i) => v - (others[i] as number)),
    };
  }

  #bestOf({ direction, directions = [direction], trials }: History): Trial | null {
    // With several objectives no value is what trials report: they are compared by that.
    const byReports = directions.length > 1;
    if (!this.#best?.is(direction, byReports)) this.#best = new BestComplete(direction, byReports);
    this.#best.follow(trials);
    return this.#best.trial;
  }
}

function stepPairs(
  own: ReadonlyMap<number, number>,
  best: ReadonlyMap<number, number>,
  steps: readonly number[],
): Pairs {
  return {
    ...{ what: "steps", own: [...own.values()], best: [...best.values()] },
    differences: steps.map((step) => (own.get(step) as number) - (best.get(step) as number)),
  };
}
