/** The density of the default TPE on the unit cube. */
import type { Rng } from "../../core/index.js";
import { LOG_SQRT_2PI, ndtr } from "./normal.js";
import type { UnitDimension } from "../../search-space/unit-interval.js";
/** A weighted point on the unit cube, NaN where a parameter is not part of it. */
export type Point = Float64Array;

const INSIDE = 6;
const NEGLIGIBLE = -36;
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
  readonly #logWeights: Float64Array;
  /** [D, K + 1]: centre, inverse bandwidth (0: uniform) and the logarithm of the kernel's constant. */
  readonly #centre: Float64Array;
  readonly #inverse: Float64Array;
  readonly #constant: Float64Array;
  /** [D]: 1 for a categorical, with the log probabilities of a kernel's own choice and of each other one. */
  readonly #categorical: Uint8Array;
  readonly #logOwn: Float64Array;
  readonly #logOther: Float64Array;
  readonly #terms: Float64Array;

  /** @param bandwidths [D], for categoricals the weight that each kernel gives to every choice beside its own (of 1). */
  constructor(
    dimensions: readonly UnitDimension[],
    points: readonly Point[],
    weights: ArrayLike<number>,
    priorWeight: number,
    bandwidths: Float64Array,
  ) {
    const [n, size] = [points.length, dimensions.length];
    this.#dimensions = dimensions;
    this.#points = points;
    this.#bandwidths = bandwidths;
    this.#weights = new Float64Array(n + 1);
    let total = priorWeight;
    for (let k = 0; k < n; k++) total += weights[k] as number;
    for (let k = 0; k < n; k++) this.#weights[k] = (weights[k] as number) / total;
    this.#weights[n] = n === 0 ? 1 : priorWeight / total;
    this.#logWeights = this.#weights.map(Math.log);
    this.#categorical = Uint8Array.from(dimensions, (d) => (d.choices > 0 ? 1 : 0));
    this.#centre = new Float64Array((n + 1) * size);
    this.#inverse = new Float64Array((n + 1) * size);
    this.#constant = new Float64Array((n + 1) * size);
    this.#terms = new Float64Array(n + 1);
    this.#logOwn = Float64Array.from(dimensions, (d, i) => {
      const s = bandwidths[i] as number;
      return d.choices > 0 ? Math.log((1 + s) / (1 + s * d.choices)) : 0;
    });
    this.#logOther = Float64Array.from(dimensions, (d, i) => {
      const s = bandwidths[i] as number;
      return d.choices > 0 ? Math.log(s / (1 + s * d.choices)) : 0;
    });
    for (let k = 0; k <= n; k++) this.#prepareKernel(k);
  }

  #prepareKernel(k: number): void {
    const point = this.#points[k];
    this.#dimensions.forEach((d, i) => {
      const at = i * this.#terms.length + k;
      const u = point ? (point[i] as number) : NaN;
      if (d.choices > 0) {
        this.#centre[at] = Number.isNaN(u) ? -1 : u;
        this.#constant[at] = -Math.log(d.choices);
      } else if (!Number.isNaN(u)) {
        const h = this.#bandwidths[i] as number;
        const [left, right] = [u / h, (1 - u) / h];
        const mass = left > INSIDE && right > INSIDE ? 1 : ndtr(right) - ndtr(-left);
        this.#centre[at] = u;
        this.#inverse[at] = 1 / h;
        this.#constant[at] = -Math.log(h * mass) - LOG_SQRT_2PI;
      }
    });
  }

  /** The log density over the dimensions in which `x` is not NaN. */
  logPdf(x: Point): number {
    const terms = this.#terms;
    const kernels = terms.length;
    terms.set(this.#logWeights);
    for (let i = 0; i < x.length; i++) {
      const u = x[i] as number;
      if (u !== u) continue;
      if (this.#categorical[i] === 1) this.#addCategorical(i, u);
      else addNormal(terms, u, kernels, i * kernels, this.#centre, this.#inverse, this.#constant);
    }
    let high = -Infinity;
    for (let k = 0; k < kernels; k++) if ((terms[k] as number) > high) high = terms[k] as number;
    let sum = 0;
    for (let k = 0; k < kernels; k++) {
      const e = (terms[k] as number) - high;
      if (e > NEGLIGIBLE) sum += Math.exp(e);
    }
    return high + Math.log(sum);
  }

  #addCategorical(i: number, u: number): void {
    const terms = this.#terms;
    const offset = i * terms.length;
    for (let k = 0; k < terms.length; k++) {
      const c = this.#centre[offset + k] as number;
      const term = c < 0 ? this.#constant[offset + k] : c === u ? this.#logOwn[i] : this.#logOther[i];
      terms[k] = (terms[k] as number) + (term as number);
    }
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

/** Outside the class: the hottest loop reads locals only, which matters to a process's first ask. */
function addNormal(
  terms: Float64Array,
  u: number,
  kernels: number,
  offset: number,
  centre: Float64Array,
  inverse: Float64Array,
  constant: Float64Array,
): void {
  for (let k = 0; k < kernels; k++) {
    const z = (u - (centre[offset + k] as number)) * (inverse[offset + k] as number);
    terms[k] = (terms[k] as number) + (constant[offset + k] as number) - 0.5 * z * z;
  }
}
