/** The mean of the good trials, from which the default TPE draws as from one of them. */
import type { Point } from "./kernel-density.js";
import type { UnitDimension } from "../../search-space/unit-interval.js";

/**
 * The weighted mean of points in every numeric dimension, the choice with most weight in the others, NaN where most of
 * the weight lacks the parameter.
 */
export function centroidOf(
  dimensions: readonly UnitDimension[],
  points: readonly Point[],
  weights: ArrayLike<number>,
): Point {
  return Float64Array.from(dimensions, (d, i) => {
    const votes = new Map<number, number>();
    let [sum, total, lacking] = [0, 0, 0];
    for (let k = 0; k < points.length; k++) {
      const u = (points[k] as Point)[i] as number;
      const weight = weights[k] as number;
      if (u !== u) {
        lacking += weight;
        continue;
      }
      total += weight;
      sum += weight * u;
      if (d.choices > 0) votes.set(u, (votes.get(u) ?? 0) + weight);
    }
    if (total === 0 || lacking > total) return NaN;
    if (d.choices === 0) return sum / total;
    return [...votes].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  });
}
