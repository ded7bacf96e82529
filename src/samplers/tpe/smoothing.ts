/** Values averaged over neighbours, so that no trial of a noisy search is good by luck alone. */
import type { Point } from "./kernel-density.js";
import { squaredDistance } from "./noise.js";
import type { UnitDimension } from "../../search-space/unit-interval.js";

/** A neighbour at this distance in every dimension, in shares of the range, counts e^-1/2. */
const RADIUS = 0.07;

/**
 * Each trial's value as the mean of its own and its neighbours', weighted by a Gaussian of the root mean square distance
 * (Nadaraya-Watson). Infinite values count as the worst or the best finite one.
 */
export function smoothedValues(
  dimensions: readonly UnitDimension[],
  points: readonly Point[],
  values: readonly number[],
): Float64Array {
  const n = points.length;
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const clipped = values.map((v) => Math.min(high, Math.max(low, v)));
  const scale = -0.5 / (RADIUS * RADIUS * dimensions.length);
  const weights = new Float64Array(n).fill(1);
  const sums = Float64Array.from(clipped);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      const weight = Math.exp(scale * squaredDistance(points[i] as Point, points[j] as Point, dimensions));
      weights[i] = (weights[i] as number) + weight;
      weights[j] = (weights[j] as number) + weight;
      sums[i] = (sums[i] as number) + weight * (clipped[j] as number);
      sums[j] = (sums[j] as number) + weight * (clipped[i] as number);
    }
  return sums.map((sum, i) => sum / (weights[i] as number));
}
