/** Non-dominated sorting, and how crowded the points of a front are (Deb et al. 2002). */
import { compareLosses, covers } from "../core/index.js";
import type { Losses } from "../core/index.js";

/**
 * The rank of each point: 0 for those that no other dominates, 1 for those that only points of rank 0 dominate, … Equal
 * points have one rank.
 * @param enough once so many points have their ranks, all others share the next one. @default all
 */
export function dominationRanks(losses: readonly Losses[], enough = losses.length): Int32Array {
  const ranks = new Int32Array(losses.length);
  const order = Array.from(losses.keys()).sort((a, b) => compareLosses(losses[a] as Losses, losses[b] as Losses));
  let left = order;
  for (let rank = 0; left.length > 0; rank++) {
    if (losses.length - left.length >= enough) {
      for (const i of left) ranks[i] = rank;
      break;
    }
    const front: Losses[] = [];
    const behind: number[] = [];
    for (const i of left) {
      const point = losses[i] as Losses;
      if (isDominated(point, front)) behind.push(i);
      else {
        front.push(point);
        ranks[i] = rank;
      }
    }
    left = behind;
  }
  return ranks;
}

/** Whether one of the front dominates the point. They stand in the order of their losses, all before the point. */
function isDominated(point: Losses, front: readonly Losses[]): boolean {
  if (point.length === 2) {
    // The last of the front is the lowest in the second objective.
    const last = front.at(-1);
    return last !== undefined && covers(last, point) && compareLosses(last, point) !== 0;
  }
  for (let i = front.length - 1; i >= 0; i--) {
    const other = front[i] as Losses;
    if (covers(other, point) && compareLosses(other, point) !== 0) return true;
  }
  return false;
}

/**
 * Ranks under constraints: feasible points by dominance, then the others by how far they miss, equals together.
 * @param violations one a point, 0 for a feasible one
 */
export function constrainedRanks(losses: readonly Losses[], violations: readonly number[]): Int32Array {
  const places = Array.from(losses.keys());
  const feasible = places.filter((i) => !((violations[i] as number) > 0));
  const ranks = new Int32Array(losses.length);
  const own = dominationRanks(feasible.map((i) => losses[i] as Losses));
  feasible.forEach((i, k) => (ranks[i] = own[k] as number));
  const first = feasible.length === 0 ? 0 : Math.max(...own) + 1;
  const missed = [...new Set(violations.filter((v) => v > 0))].sort((a, b) => (a === b ? 0 : a - b));
  const place = new Map(missed.map((v, k) => [v, first + k]));
  for (const i of places) ranks[i] = place.get(violations[i] as number) ?? (ranks[i] as number);
  return ranks;
}

/** Members of one rank by how much room they have, most first: their places, and the room of each place. */
export interface Crowding {
  readonly order: readonly number[];
  readonly distances: Float64Array;
}

/**
 * The crowding distance: in every objective the gap between a point's neighbours as a share of the finite range,
 * summed; infinite at the ends. Equals come in the reverse of the order that sorting by each objective in turn leaves,
 * as in Optuna.
 * @param values one row a point, as they are: not turned to losses
 */
export function crowdingOf(values: readonly (readonly number[])[]): Crowding {
  const distances = new Float64Array(values.length);
  const order = Array.from(values.keys());
  for (let m = 0; m < (values[0]?.length ?? 0); m++) {
    const at = (i: number): number => (values[i] as readonly number[])[m] as number;
    order.sort((a, b) => (at(a) === at(b) ? 0 : at(a) - at(b)));
    const sorted = order.map(at);
    if (sorted[0] === sorted.at(-1)) continue;
    const low = sorted.find((v) => v !== -Infinity) as number;
    const high = sorted.findLast((v) => v !== Infinity) as number;
    const width = high - low > 0 ? high - low : 1;
    order.forEach((i, k) => {
      const [below, above] = [sorted[k - 1] ?? -Infinity, sorted[k + 1] ?? Infinity];
      distances[i] = (distances[i] as number) + (below === above ? 0 : (above - below) / width);
    });
  }
  const byRoom = (a: number, b: number): number => {
    const [x, y] = [distances[a] as number, distances[b] as number];
    return x === y ? 0 : x - y;
  };
  return { order: order.sort(byRoom).reverse(), distances };
}
