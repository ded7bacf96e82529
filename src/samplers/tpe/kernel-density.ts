/** The density of the default TPE on the unit cube. */
import type { Rng } from "../../core/index.js";
import { scalesOf, numerics } from "../numerics.js";
import type { UnitDimension } from "../../search-space/unit-interval.js";
/** A weighted point on the unit cube, NaN where a parameter is not part of it. */
export type Point = Float64Array;

const REJECTIONS = 50;

/**
 * A Parzen estimator on the unit cube whose kernels share a bandwidth in every dimension: normals truncated to the
 * interval, smoothed choices for categoricals, and a uniform prior. A kernel is uniform in what its point lacks, so that
 * trials of all branches of a conditional space make one density over the tree.
 */
export class KernelDensity {
  readonly #dimensions: readonly UnitDimension[];
  readonly #points: readonly Point[];
  readonly #bandwidths: Float64Array;
  /** [K + 1], the prior last, summing to 1. */
  readonly #weights: Float64Array;
  /** @param bandwidths [D], for categoricals the weight that each kernel gives to every choice beside its own (of 1). */
  constructor(
    dimensions: readonly UnitDimension[],
    points: readonly Point[],
    weights: ArrayLike<number>,
    priorWeight: number,
    bandwidths: Float64Array,
  ) {
    const n = points.length;
    this.#dimensions = dimensions;
    this.#points = points;
    this.#bandwidths = bandwidths;
    this.#weights = new Float64Array(n + 1);
    let total = priorWeight;
    for (let k = 0; k < n; k++) total += weights[k] as number;
    for (let k = 0; k < n; k++) this.#weights[k] = (weights[k] as number) / total;
    this.#weights[n] = n === 0 ? 1 : priorWeight / total;
  }

  /** The log densities of candidates, each over the dimensions in which it is not NaN. */
  logPdf(candidates: readonly Point[]): Float64Array {
    const [K, D, S] = [this.#weights.length, this.#dimensions.length, candidates.length];
    const wasm = numerics().begin(K * (D + 3 + S) + 5 * D + S * (D + 1));
    const points = wasm.putRows(this.#points, D);
    wasm.putAll(NaN, D);
    const weights = wasm.put(this.#weights);
    const bandwidths = wasm.put(this.#bandwidths);
    const scales = wasm.put(scalesOf(this.#dimensions));
    const at = wasm.putRows(candidates, D);
    const out = wasm.take(S);
    wasm.run.logDensities(points, weights, K, bandwidths, scales, D, at, S, wasm.take(0), out);
    return wasm.get(out, S);
  }

  /** Draws a kernel by weight: its place, or the number of points for the prior. */
  drawKernel(rng: Rng): number {
    let left = rng();
    for (let k = 0; k < this.#points.length; k++) if ((left -= this.#weights[k] as number) < 0) return k;
    return this.#points.length;
  }

  /** Draws one dimension of a kernel. */
  drawCoordinate(kernel: number, dimension: number, rng: Rng, normal: () => number): number {
    const d = this.#dimensions[dimension] as UnitDimension;
    const u = this.#points[kernel]?.[dimension] ?? NaN;
    if (d.choices > 0) {
      const s = this.#bandwidths[dimension] as number;
      // the kernel is a mixture: its own choice, or any at random
      return !Number.isNaN(u) && rng() < 1 / (1 + s * d.choices) ? u : Math.floor(rng() * d.choices);
    }
    if (Number.isNaN(u)) return rng();
    const h = this.#bandwidths[dimension] as number;
    for (let i = 0; i < REJECTIONS; i++) {
      const v = u + h * normal();
      if (v >= 0 && v <= 1) return v;
    }
    return rng();
  }
}
