/** Noise as the default TPE sees it: whether trials near one another differ less than trials far apart. */
import type { Point } from "./kernel-density.js";
import type { UnitDimension } from "../../search-space/unit-interval.js";

/** The newest proposals are looked at, since it is where the search is now that counts, … */
const NEWEST = 40;
/** … and fewer than these tell nothing. */
const FEWEST = 16;
/** The ratio up to which values are smooth, and that from which they are nothing but noise. */
const SMOOTH = 0.7;
const NOISY = 0.9;
/** Neighbours of each trial. */
const NEIGHBOURS = 2;

/** Two trials: the square of their distance, and by how much their values differ. */
interface Pair {
  readonly distance: number;
  readonly difference: number;
}

/**
 * How noisy values are where the search is, from 0 (smooth) to 1 (differences between neighbours are all random).
 *
 * The statistic is the geometric mean of two ratios of median absolute differences of values: the nearest quarter of all
 * pairs against the farthest quarter, and each trial's two nearest neighbours against all of its pairs. On a function
 * that is smooth at the scale of the search both are small, because a search that closes in has pairs of all scales; with
 * noise above what the function does there, both are 1. Only proposals are looked at: random draws lie too far apart.
 * @param points proposals in their order, in the unit cube
 * @param values of the same trials
 */
export function noisiness(
  dimensions: readonly UnitDimension[],
  points: readonly Point[],
  values: readonly number[],
): number {
  if (points.length < FEWEST) return 0;
  const [recent, their] = [points.slice(-NEWEST), values.slice(-NEWEST)];
  const pairsOf: Pair[][] = recent.map(() => []);
  const pairs: Pair[] = [];
  for (let i = 0; i < recent.length; i++)
    for (let j = 0; j < i; j++) {
      const difference = Math.abs((their[i] as number) - (their[j] as number));
      // infinities of one sign
      if (Number.isNaN(difference)) continue;
      const pair = { distance: squaredDistance(recent[i] as Point, recent[j] as Point, dimensions), difference };
      pairs.push(pair);
      pairsOf[i]?.push(pair);
      pairsOf[j]?.push(pair);
    }
  pairs.sort(byDistance);
  const quarter = Math.floor(pairs.length / 4);
  const byScale = medianDifference(pairs.slice(0, quarter)) / medianDifference(pairs.slice(-quarter));
  const nearest = pairsOf.flatMap((own) => own.sort(byDistance).slice(0, NEIGHBOURS));
  const ofAll = pairsOf
    .filter((own) => own.length > 0)
    .map((own) => ({ distance: 0, difference: medianDifference(own) }));
  const ratio = Math.sqrt((byScale * medianDifference(nearest)) / medianDifference(ofAll));
  const share = (ratio - SMOOTH) / (NOISY - SMOOTH);
  // a plateau's 0 / 0 says nothing
  return share > 0 ? Math.min(1, share) : 0;
}

const byDistance = (a: Pair, b: Pair): number => a.distance - b.distance;

/** NaN of none. */
function medianDifference(pairs: readonly Pair[]): number {
  const sorted = Float64Array.from(pairs, ({ difference }) => difference).sort();
  return sorted[(sorted.length - 1) >> 1] ?? NaN;
}

/** In the unit cube; another choice, or a parameter that only one of the two has, counts as a whole range. */
export function squaredDistance(a: Point, b: Point, dimensions: readonly UnitDimension[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    const whole = Number.isNaN(x) || Number.isNaN(y) || (dimensions[i] as UnitDimension).choices > 0;
    sum += whole ? 1 : (x - y) ** 2;
  }
  return sum;
}
