/** Values averaged over neighbours, so that no trial of a noisy search is good by luck alone. */
import type { Point } from "./kernel-density.js";
import { scalesOf, numerics } from "../numerics.js";
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
  const D = dimensions.length;
  const wasm = numerics().begin((n + 4) * (D + 3));
  const [at, own, scales] = [wasm.putRows(points, D), wasm.put(clipped), wasm.put(scalesOf(dimensions))];
  const sums = wasm.take(n);
  wasm.run.smooth(at, own, n, D, scales, scale, wasm.take(n), sums);
  return wasm.get(sums, n);
}
