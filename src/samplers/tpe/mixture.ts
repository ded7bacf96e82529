/** The kernels of Optuna's Parzen estimator, their densities and samples. */
import type { Rng } from "../../core/index.js";
import { createNormal } from "../../core/index.js";
import { LOG_SQRT_2PI } from "./normal.js";
import { logMass, ppf } from "./truncated-normal.js";
import { externalValue } from "../../search-space/unit-interval.js";

/** One numeric parameter's part in each kernel: a normal truncated to the range, in log units for log ranges. */
export interface NumericKernels {
  readonly kind: "numeric";
  readonly log: boolean;
  /** 0 for a continuous parameter. */
  readonly step: number;
  /** External units. */
  readonly low: number;
  readonly high: number;
  /** [K], internal units. */
  readonly mu: Float64Array;
  /** [K], internal units. */
  readonly sigma: Float64Array;
}

/** One categorical parameter's part in each kernel: a probability for every choice. */
export interface CategoricalKernels {
  readonly kind: "categorical";
  readonly choices: number;
  /** [K, choices], rows summing to 1. */
  readonly weights: Float64Array;
}

export type Kernels = NumericKernels | CategoricalKernels;

/** The bounds of a numeric parameter in internal units, widened by half a step on either side. */
export function internalBounds(k: Pick<NumericKernels, "low" | "high" | "step" | "log">): [number, number] {
  const low = k.low - k.step / 2;
  const high = k.high + k.step / 2;
  return k.log ? [Math.log(low), Math.log(high)] : [low, high];
}

/** Numbers the distinct (a, b) pairs: `first[u]` is a pair's first place, `of[i]` the pair at i. */
function distinctPairs(a: Float64Array, b: Float64Array): { first: number[]; of: Int32Array } {
  const known = new Map<number, Map<number, number>>();
  const first: number[] = [];
  const of = new Int32Array(a.length);
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    let inner = known.get(x);
    if (!inner) known.set(x, (inner = new Map<number, number>()));
    let at = inner.get(y);
    if (at === undefined) {
      inner.set(y, (at = first.length));
      first.push(i);
    }
    of[i] = at;
  }
  return { first, of };
}

/**
 * A weighted sum of products of one-dimensional kernels, with the columns of samples in external units (categorical:
 * the index of the choice). The estimator's arithmetic: which kernels there are is decided elsewhere.
 */
export class ProductMixture {
  readonly weights: Float64Array;
  readonly dimensions: readonly Kernels[];

  constructor(weights: Float64Array, dimensions: readonly Kernels[]) {
    this.weights = weights;
    this.dimensions = dimensions;
  }

  /** log densities (masses for discrete parameters) of `size` samples. */
  logPdf(columns: readonly ArrayLike<number>[], size: number): Float64Array {
    const kernels = this.weights.length;
    const terms = new Float64Array(size * kernels);
    for (let s = 0; s < size; s++)
      for (let k = 0; k < kernels; k++) terms[s * kernels + k] = Math.log(this.weights[k] as number);
    this.dimensions.forEach((d, i) => {
      const x = columns[i] as ArrayLike<number>;
      if (d.kind === "categorical") addCategorical(terms, kernels, d, x, size);
      else if (d.step === 0) addContinuous(terms, kernels, d, x, size);
      else addDiscrete(terms, kernels, d, x, size);
    });
    return logSumRows(terms, kernels, size);
  }

  /** Columns of `size` samples: a kernel by weight, then each parameter from that kernel. */
  sample(rng: Rng, size: number): Float64Array[] {
    const chosen = Int32Array.from({ length: size }, () => drawIndex(this.weights, 0, this.weights.length, rng));
    const normal = createNormal(rng);
    return this.dimensions.map((d) => {
      const column = new Float64Array(size);
      for (let s = 0; s < size; s++) {
        const k = chosen[s] as number;
        column[s] =
          d.kind === "categorical"
            ? drawIndex(d.weights, k * d.choices, d.choices, rng)
            : drawNumeric(d, d.mu[k] as number, d.sigma[k] as number, rng, normal);
      }
      return column;
    });
  }
}

function addCategorical(
  terms: Float64Array,
  kernels: number,
  d: CategoricalKernels,
  x: ArrayLike<number>,
  size: number,
): void {
  for (let s = 0; s < size; s++)
    for (let k = 0; k < kernels; k++) {
      const at = s * kernels + k;
      terms[at] = (terms[at] as number) + Math.log(d.weights[k * d.choices + (x[s] as number)] as number);
    }
}

function addContinuous(
  terms: Float64Array,
  kernels: number,
  d: NumericKernels,
  x: ArrayLike<number>,
  size: number,
): void {
  const [low, high] = internalBounds(d);
  const constant = new Float64Array(kernels);
  const inverse = new Float64Array(kernels);
  for (let k = 0; k < kernels; k++) {
    const mu = d.mu[k] as number;
    const sigma = d.sigma[k] as number;
    constant[k] = -LOG_SQRT_2PI - logMass((low - mu) / sigma, (high - mu) / sigma) - Math.log(sigma);
    inverse[k] = 1 / sigma;
  }
  for (let s = 0; s < size; s++) {
    const t = d.log ? Math.log(x[s] as number) : (x[s] as number);
    const outside = t < low || t > high;
    for (let k = 0, at = s * kernels; k < kernels; k++, at++) {
      const z = (t - (d.mu[k] as number)) * (inverse[k] as number);
      terms[at] = outside ? -Infinity : (terms[at] as number) + (constant[k] as number) - 0.5 * z * z;
    }
  }
}

function addDiscrete(
  terms: Float64Array,
  kernels: number,
  d: NumericKernels,
  x: ArrayLike<number>,
  size: number,
): void {
  const [low, high] = internalBounds(d);
  const { first, of } = distinctPairs(d.mu, d.sigma);
  const range = first.map((k) => {
    const [mu, sigma] = [d.mu[k] as number, d.sigma[k] as number];
    return logMass((low - mu) / sigma, (high - mu) / sigma);
  });
  const rows = new Map<number, Float64Array>();
  for (let s = 0; s < size; s++) {
    const value = x[s] as number;
    let row = rows.get(value);
    if (!row) {
      const cell = [value - d.step / 2, value + d.step / 2].map((e) => (d.log ? Math.log(e) : e)) as [number, number];
      row = Float64Array.from(first, (k, u) => {
        const [mu, sigma] = [d.mu[k] as number, d.sigma[k] as number];
        return logMass((cell[0] - mu) / sigma, (cell[1] - mu) / sigma) - (range[u] as number);
      });
      rows.set(value, row);
    }
    for (let k = 0, at = s * kernels; k < kernels; k++, at++)
      terms[at] = (terms[at] as number) + (row[of[k] as number] as number);
  }
}

/** log(sum(exp(row))) of each row; -Infinity for a row that is all -Infinity. */
export function logSumRows(terms: Float64Array, width: number, rows: number): Float64Array {
  const out = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    const end = (r + 1) * width;
    let high = -Infinity;
    for (let i = r * width; i < end; i++) if ((terms[i] as number) > high) high = terms[i] as number;
    let sum = 0;
    if (high > -Infinity) for (let i = r * width; i < end; i++) sum += Math.exp((terms[i] as number) - high);
    out[r] = high === -Infinity ? -Infinity : high + Math.log(sum);
  }
  return out;
}

/** An index drawn by weight from `weights[offset …]`; the weights sum to 1. */
export function drawIndex(weights: Float64Array, offset: number, count: number, rng: Rng): number {
  let left = rng();
  for (let i = 0; i < count - 1; i++) {
    left -= weights[offset + i] as number;
    if (left < 0) return i;
  }
  // rounding may leave a crumb: never land on a choice of weight 0
  for (let i = count - 1; i > 0; i--) if ((weights[offset + i] as number) > 0) return i;
  return 0;
}

const REJECTIONS = 16;

/** A value of one kernel in external units: by rejection while that is cheap, else by the quantile function. */
export function drawNumeric(d: NumericKernels, mu: number, sigma: number, rng: Rng, normal: () => number): number {
  const [low, high] = internalBounds(d);
  let t = NaN;
  for (let i = 0; i < REJECTIONS && !(t >= low && t <= high); i++) t = mu + sigma * normal();
  if (!(t >= low && t <= high)) t = mu + sigma * ppf(rng(), (low - mu) / sigma, (high - mu) / sigma);
  return externalValue(d, t);
}
