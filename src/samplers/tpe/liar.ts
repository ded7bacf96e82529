/** The penalty that keeps proposals away from running trials. */
import type { Point } from "./kernel-density.js";
import type { UnitDimension } from "../../search-space/unit-interval.js";

/**
 * The logarithm by which trials under way lower a candidate's score: that of the product over them of
 * 1 - exp(-r^2 / 2), r being the root mean square distance in multiples of the radius of each dimension (local
 * penalisation, González et al. 2016). A trial of another branch or another choice takes nothing.
 * @param radii [D], in shares of the range
 */
export function logPenalty(
  candidate: Point,
  running: readonly Point[],
  dimensions: readonly UnitDimension[],
  radii: Float64Array,
): number {
  let penalty = 0;
  for (const point of running) {
    const r2 = squaredDistance(candidate, point, dimensions, radii);
    penalty += Math.log(-Math.expm1(-0.5 * r2));
  }
  return penalty;
}

function squaredDistance(a: Point, b: Point, dimensions: readonly UnitDimension[], radii: Float64Array): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    if (Number.isNaN(x) && Number.isNaN(y)) continue;
    if (Number.isNaN(x) || Number.isNaN(y)) return Infinity;
    if ((dimensions[i] as UnitDimension).choices > 0) {
      if (x !== y) return Infinity;
      continue;
    }
    sum += ((x - y) / (radii[i] as number)) ** 2;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}
