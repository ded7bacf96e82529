/** Good trials and the others where there are several objectives or constraints. */
import type { Direction, History } from "../../core/index.js";
import { dominationRanks } from "../domination-ranks.js";
import type { Observation } from "./encoding.js";
import { judgementOf } from "./judgement.js";
import type { Observations, Split } from "./split.js";
import { splitTrials } from "./split.js";
import { limitOf, selectSubset } from "./subset-selection.js";

/** Whether a history wants more than the order of one value: several objectives, or constraints that a trial misses. */
export function needsParetoSplit(history: History, { misses }: Observations): boolean {
  return misses || (history.directions?.length ?? 1) > 1;
}

/** Complete trials without a value that is no number, apart from those with one: these are never good. */
export function withoutNaN(observations: Observations): Observations {
  if (!observations.hasNaN) return observations;
  const isNumber = ({ trial }: Observation): boolean => !trial.values?.includes(NaN);
  const { complete, worst } = observations;
  return {
    ...observations,
    complete: complete.filter(isNumber),
    worst: [...worst, ...complete.filter((o) => !isNumber(o))],
    hasNaN: false,
  };
}

/**
 * Optuna 5.0.0's division: feasible complete trials by their rank of dominance, those of the last rank by the
 * hypervolume that they add; then feasible pruned ones; then infeasible ones by how far they miss their constraints
 * (NaN, on which Optuna does not count, misses infinitely far). With one objective complete ones go by their value.
 */
export function splitByDominance(observations: Observations, directions: readonly Direction[], nBelow: number): Split {
  const { all, complete, pruned } = observations;
  const missed: (readonly [Observation, violation: number])[] = [];
  const isFeasible = (o: Observation): boolean => {
    const { violation } = judgementOf(o.trial, directions);
    if (violation > 0) missed.push([o, violation]);
    return !(violation > 0);
  };
  const feasible = { ...observations, complete: complete.filter(isFeasible), pruned: pruned.filter(isFeasible) };
  const front = directions.length > 1 ? bestByDominance(feasible.complete, directions, nBelow) : null;
  const left = nBelow - (front?.length ?? 0);
  const rest = left > 0 ? bestByValue(front ? { ...feasible, complete: [] } : feasible, directions, left) : [];
  const ranked = [...(front ?? []), ...rest];
  if (ranked.length >= nBelow) return splitAt(all, ranked);
  missed.sort(([a, x], [b, y]) => difference(x, y) || byNumber(a, b));
  return splitAt(all, [...ranked, ...missed.slice(0, nBelow - ranked.length).map(([o]) => o)]);
}

function bestByValue(
  observations: Observations,
  directions: readonly Direction[],
  count: number,
): readonly Observation[] {
  const { below, ranking } = splitTrials(observations, directions[0] as Direction, count);
  return ranking.map((place) => below[place] as Observation);
}

/** Infinities are equal to themselves: their difference is NaN. */
function difference(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

function byNumber(a: Observation, b: Observation): number {
  return a.trial.number - b.trial.number;
}

/** The given trials, the best first, against the rest. */
function splitAt(all: readonly Observation[], ranked: readonly Observation[]): Split {
  const chosen = new Set(ranked);
  const below = [...ranked].sort(byNumber);
  const place = new Map(below.map((o, i) => [o, i]));
  return { below, above: all.filter((o) => !chosen.has(o)), ranking: ranked.map((o) => place.get(o) as number) };
}

/** The `count` best, whole ranks first; of the last rank those that together have much hypervolume. */
function bestByDominance(
  complete: readonly Observation[],
  directions: readonly Direction[],
  count: number,
): readonly Observation[] {
  if (count <= 0) return [];
  if (count >= complete.length) return complete;
  const losses = complete.map(({ trial }) => judgementOf(trial, directions).losses);
  const ranks = dominationRanks(losses, count);
  const best: number[] = [];
  for (let rank = 0; best.length < count; rank++) {
    const members = Array.from(losses.keys()).filter((i) => ranks[i] === rank);
    const own = members.map((i) => losses[i] as readonly number[]);
    const wanted = count - best.length;
    const kept = members.length <= wanted ? members : selectSubset(own, wanted, limitOf(own)).map((k) => members[k]);
    best.push(...(kept as number[]));
  }
  return best.map((i) => complete[i] as Observation);
}
