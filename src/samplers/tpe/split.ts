/** The division of a history into good trials and the others. */
import { valueOf, violationOf } from "../../core/index.js";
import type { Direction, FailureClass, History, Trial } from "../../core/index.js";
import type { Observation, SpaceEncoding } from "./encoding.js";
import { lookThrough, observationAt } from "./encoding.js";

/** The trials of a history that a sampler can learn from, by number. */
export interface Observations {
  readonly all: readonly Observation[];
  /** Complete trials with a value that is a number. */
  readonly complete: readonly Observation[];
  /** Complete trials whose value is NaN (`--on-nan worst`): behind every other one, and never good. */
  readonly worst: readonly Observation[];
  readonly pruned: readonly Observation[];
  /** Trials under way: their outcome is not known. */
  readonly running: readonly Observation[];
  /** Whether one of several values of a complete trial is NaN. */
  readonly hasNaN: boolean;
  /** Whether another complete trial, or a pruned one, misses its constraints. */
  readonly misses: boolean;
}

/** The observations of the good and of the other trials, each by number. */
export interface Split {
  readonly below: readonly Observation[];
  readonly above: readonly Observation[];
  /** The places in `below` from the best to the worst. */
  readonly ranking: readonly number[];
}

/** Failures that a trial's parameters may have caused; a crashed worker or an interruption says nothing about them. */
export const CAUSED: ReadonlySet<FailureClass | undefined> = new Set<FailureClass>([
  "exception",
  "diverged",
  "timeout",
  "out-of-memory",
]);

/** The number of trials that ended with something to compare. */
export function finishedOf({ complete, worst, pruned }: Observations): number {
  return complete.length + worst.length + pruned.length;
}

/** Whether a failed trial's parameters may have caused its failure, so that it is bad evidence. */
export function mayBeCaused({ failure }: Pick<Trial, "failure">): boolean {
  return CAUSED.has(failure?.class);
}

/** Which trials count beside complete and pruned ones. */
export interface AlsoCounted {
  /** Trials under way. */
  readonly running: boolean;
  /** Trials that failed by what their parameters may have caused. */
  readonly failed: boolean;
}

/** Sorts a history's trials by what they can tell. Other failed ones and trials that don't fit are left out. */
export function observe(encoding: SpaceEncoding, history: History, also: AlsoCounted): Observations {
  const trials = inOrder(history.trials);
  lookThrough(encoding, trials);
  const all: Observation[] = [];
  const complete: Observation[] = [];
  const worst: Observation[] = [];
  const pruned: Observation[] = [];
  const running: Observation[] = [];
  const failed: Observation[] = [];
  let [hasNaN, misses] = [false, false];
  for (let i = 0; i < trials.length; i++) {
    const trial = trials[i] as Trial;
    const { state } = trial;
    let kind: Observation[];
    if (state === "complete") {
      const value = valueOf(trial);
      if (value === null) continue;
      kind = Number.isNaN(value) ? worst : complete;
    } else if (state === "pruned") kind = pruned;
    else if (state === "running" && also.running) kind = running;
    else if (state === "failed" && also.failed && mayBeCaused(trial)) kind = failed;
    else continue;
    const observation = observationAt(encoding, trials, i);
    if (!observation) continue;
    all.push(observation);
    kind.push(observation);
    if (kind === complete && trial.values?.includes(NaN)) hasNaN = true;
    else if ((kind === complete || kind === pruned) && !misses) misses = violationOf(trial) > 0;
  }
  return { all, complete, worst, pruned, running, hasNaN, misses };
}

/** Histories come by number; any other order is put right. */
function inOrder(trials: readonly Trial[]): readonly Trial[] {
  for (let i = 1; i < trials.length; i++)
    if ((trials[i] as Trial).number < (trials[i - 1] as Trial).number)
      return [...trials].sort((a, b) => a.number - b.number);
  return trials;
}

/**
 * The `nBelow` best trials against the rest, as Optuna splits: complete trials by value; where they don't suffice pruned
 * ones, those that came farther first and by their last value among equals; running and failed ones and those without
 * a number for a value never count as good.
 */
export function splitTrials(observations: Observations, direction: Direction, nBelow: number): Split {
  const { complete, pruned } = observations;
  const sign = direction === "minimize" ? 1 : -1;
  const best = lowest(
    complete,
    nBelow,
    (a, b) => sign * ascending(valueOf(a.trial) as number, valueOf(b.trial) as number),
  );
  const missing = nBelow - best.length;
  const score = new Map(missing > 0 ? pruned.map((o) => [o, prunedScore(o.trial, sign)]) : []);
  const next = lowest(pruned, missing, (a, b) => {
    const [stepA, valueA] = score.get(a) as [number, number];
    const [stepB, valueB] = score.get(b) as [number, number];
    return stepA - stepB || ascending(valueA, valueB);
  });
  return rankedSplit(observations, [...best, ...next]);
}

/** The good trials, best first, against all others. */
export function rankedSplit({ all }: Observations, ranked: readonly Observation[]): Split {
  const chosen = new Set(ranked);
  const below = [...ranked].sort((a, b) => a.trial.number - b.trial.number);
  const above: Observation[] = [];
  for (let i = 0; i < all.length; i++) {
    const observation = all[i] as Observation;
    if (!chosen.has(observation)) above.push(observation);
  }
  const place = new Map(below.map((o, i) => [o, i]));
  return { below, above, ranking: ranked.map((o) => place.get(o) as number) };
}

/** Infinities are equal to themselves: their difference is NaN. */
export function ascending(a: number, b: number): number {
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
export function lowest<T>(items: readonly T[], count: number, compare: (a: T, b: T) => number): T[] {
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

/** The places of the `count` lowest of these numbers, in order; equals in the order given. */
export function lowestPlaces(values: ArrayLike<number>, count: number): number[] {
  const n = values.length;
  const places: number[] = [];
  let isSmall = count > 0 && count <= INSERTED && count < n;
  for (let i = 0; i < n && isSmall; i++) {
    const value = values[i] as number;
    // what is no number has no place among the others
    if (value !== value) isSmall = false;
    if (places.length === count && !(value < (values[places[count - 1] as number] as number))) continue;
    let [low, high] = [0, places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value < (values[places[middle] as number] as number)) high = middle;
      else low = middle + 1;
    }
    places.splice(low, 0, i);
    if (places.length > count) places.pop();
  }
  if (isSmall) return places;
  const all = Array.from({ length: n }, (_, i) => i);
  return lowest(all, count, (a, b) => ascending(values[a] as number, values[b] as number));
}
