/** Noise as the default TPE sees it: whether trials near one another differ less than trials far apart. */
import type { Point } from "./kernel-density.js";
import { scalesOf, numerics } from "../numerics.js";
import type { UnitDimension } from "../../search-space/unit-interval.js";

/** The newest proposals are looked at, since it is where the search is now that counts, … */
export const LOOKED_AT = 40;
/** … and fewer than these tell nothing. */
const FEWEST = 16;
/** The ratio up to which values are smooth, and that from which they are nothing but noise. */
const SMOOTH = 0.7;
const NOISY = 0.9;
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
  values: ArrayLike<number>,
): number {
  if (points.length < FEWEST) return 0;
  const recent = points.slice(-LOOKED_AT);
  const [n, D] = [recent.length, dimensions.length];
  const their = Array.from({ length: n }, (_, i) => values[values.length - n + i] as number);
  const wasm = numerics().begin((n + 4) * (D + 4) + 5 * ((n * (n - 1)) / 2));
  const [at, differ] = [wasm.putRows(recent, D), wasm.put(their)];
  const ratio = wasm.run.noiseRatio(at, differ, n, D, wasm.put(scalesOf(dimensions)), wasm.take(0));
  const share = (ratio - SMOOTH) / (NOISY - SMOOTH);
  // a plateau's 0 / 0 says nothing
  return share > 0 ? Math.min(1, share) : 0;
}

/** In the unit cube; another choice, or a parameter that only one of the two has, counts as a whole range. */
export function squaredDistance(a: Point, b: Point, dimensions: readonly UnitDimension[]): number {
  const D = a.length;
  const wasm = numerics().begin(6 * D);
  return wasm.run.squaredDistance(wasm.put(a), wasm.put(b), D, wasm.put(scalesOf(dimensions)));
}
