import type { Direction, History, Trial } from "../../core/index.js";
import type { Observation, Plan } from "./encoding.js";
import { observationAt } from "./encoding.js";

/** What of a history a sampler can learn from. */
export interface Observations {
  /** Complete trials with a value, by number. */
  readonly complete: readonly Observation[];
  /** By number. */
  readonly pruned: readonly Observation[];
  /** Trials under way, by number: their outcome is not known. */
  readonly running: readonly Observation[];
}

/** The observations of the good and of the other trials, each by number. */
export interface Split {
  readonly below: readonly Observation[];
  readonly above: readonly Observation[];
  /** The places in `below` from the best to the worst. */
  readonly ranking: readonly number[];
}

/** Sorts a history's trials by what they can tell. Failed ones, NaN values and trials that don't fit are left out. */
export function observe(plan: Plan, history: History): Observations {
  const complete: Observation[] = [];
  const pruned: Observation[] = [];
  const running: Observation[] = [];
  history.trials.forEach((trial, i) => {
    const kind = kindOf(trial, complete, pruned, running);
    const observation = kind && observationAt(plan, history.trials, i);
    if (observation) kind.push(observation);
  });
  return { complete: byNumber(complete), pruned: byNumber(pruned), running: byNumber(running) };
}

function kindOf<T>(trial: Trial, complete: T, pruned: T, running: T): T | null {
  if (trial.state === "complete") return trial.value === null || Number.isNaN(trial.value) ? null : complete;
  if (trial.state === "pruned") return pruned;
  return trial.state === "running" ? running : null;
}

function byNumber(observations: Observation[]): Observation[] {
  for (let i = 1; i < observations.length; i++)
    if ((observations[i] as Observation).trial.number < (observations[i - 1] as Observation).trial.number)
      return observations.sort((a, b) => a.trial.number - b.trial.number);
  return observations;
}

/**
 * The `nBelow` best trials against the rest, as Optuna splits: complete trials by value; where they don't suffice pruned
 * ones, those that came farther first and by their last value among equals; running ones never count as good.
 */
export function splitTrials(observations: Observations, direction: Direction, nBelow: number): Split {
  const { complete, pruned, running } = observations;
  const sign = direction === "minimize" ? 1 : -1;
  const best = lowest(complete, nBelow, (a, b) => sign * ascending(a.trial.value as number, b.trial.value as number));
  const missing = nBelow - best.length;
  const score = new Map(missing > 0 ? pruned.map((o) => [o, prunedScore(o.trial, sign)]) : []);
  const next = lowest(pruned, missing, (a, b) => {
    const [stepA, valueA] = score.get(a) as [number, number];
    const [stepB, valueB] = score.get(b) as [number, number];
    return stepA - stepB || ascending(valueA, valueB);
  });
  const ranked = [...best, ...next];
  const chosen = new Set(ranked);
  const below = byNumber([...ranked]);
  const rest = (of: readonly Observation[]): Observation[] => of.filter((o) => !chosen.has(o));
  const above = byNumber([...rest(complete), ...rest(pruned), ...running]);
  const place = new Map(below.map((o, i) => [o, i]));
  return { below, above, ranking: ranked.map((o) => place.get(o) as number) };
}

/** Infinities are equal to themselves: their difference is NaN. */
function ascending(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** Lower is better: (minus the last step, the value reported there); trials without a report come last. */
function prunedScore(trial: Trial, sign: number): [number, number] {
  let last: readonly [number, number] | undefined;
  for (const report of trial.intermediate) if (!last || report[0] > last[0]) last = report;
  if (!last) return [1, 0];
  return [-last[0], Number.isNaN(last[1]) ? Infinity : sign * last[1]];
}

/** Above this many the whole list is sorted. */
const INSERTED = 100;

/** The `count` lowest, in order; equals in the order given. */
function lowest<T>(items: readonly T[], count: number, compare: (a: T, b: T) => number): T[] {
  if (count <= 0) return [];
  if (count > INSERTED || count >= items.length) return [...items].sort(compare).slice(0, count);
  const kept: T[] = [];
  for (const item of items) {
    if (kept.length === count && !(compare(item, kept[count - 1] as T) < 0)) continue;
    let at = kept.length;
    while (at > 0 && compare(item, kept[at - 1] as T) < 0) at--;
    kept.splice(at, 0, item);
    if (kept.length > count) kept.pop();
  }
  return kept;
}
