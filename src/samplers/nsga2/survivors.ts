/** Which trials survive a generation: by rank, and in the last rank by the room that they have. */
import { lossesOf, violationOf } from "../../core/index.js";
import type { Direction, Trial } from "../../core/index.js";
import { constrainedRanks, crowdingOf } from "../domination-ranks.js";

/** A trial among those that survived. */
export interface Survivor {
  readonly trial: Trial;
  readonly rank: number;
  /** The crowding distance within its rank; the larger, the better. */
  readonly room: number;
}

/**
 * The `size` best of a population, whole ranks first, then those of the next rank with the most room: Deb's selection
 * under constrained domination, decided as Optuna 5.0.0 does. NaN is worse than every number, and misses a constraint
 * infinitely far.
 */
export function selectSurvivors(
  population: readonly Trial[],
  directions: readonly Direction[],
  size: number,
): readonly Survivor[] {
  const losses = population.map(({ values }) => lossesOf(values ?? [], directions));
  const ranks = constrainedRanks(losses, population.map(violationOf));
  const members: number[][] = [];
  ranks.forEach((rank, i) => (members[rank] ??= []).push(i));
  const survivors: Survivor[] = [];
  for (const [rank, places] of members.entries()) {
    const { order, distances } = crowdingOf(places.map((i) => asNumbers(population[i]?.values ?? [], directions)));
    const survivor = (k: number): Survivor => ({
      trial: population[places[k] as number] as Trial,
      rank,
      room: distances[k] as number,
    });
    const left = size - survivors.length;
    if (places.length < left) survivors.push(...places.map((_, k) => survivor(k)));
    else return [...survivors, ...order.slice(0, left).map(survivor)];
  }
  return survivors;
}

/** The values as they are, NaN as the worst number. */
function asNumbers(values: readonly number[], directions: readonly Direction[]): readonly number[] {
  return values.map((value, i) =>
    Number.isNaN(value) ? (directions[i] === "minimize" ? Infinity : -Infinity) : value,
  );
}
