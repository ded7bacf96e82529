/** What a Gaussian process's hyperparameters are judged by: the log marginal likelihood and a prior, with gradients. */
import { choleskyInPlace } from "../../core/cholesky.js";
import { inverseAt, invertFactor, unwhiten, whiten } from "./linear-algebra.js";
import type { Differentiable } from "./lbfgs.js";
import type { KernelParams, Rows } from "./matern.js";
import { squaredDifference } from "./matern.js";

/** The least variance of noise: keeps matrices positive definite where trials repeat. */
export const LEAST_NOISE = 1e-6;

/** log of: the weights, the scale, the noise above {@link LEAST_NOISE}. */
export function toRaw({ weights, scale, noise }: KernelParams): Float64Array {
  const raw = new Float64Array(weights.length + 2);
  weights.forEach((w, i) => (raw[i] = Math.log(w)));
  raw[weights.length] = Math.log(scale);
  raw[weights.length + 1] = Math.log(Math.max(noise - LEAST_NOISE, 1e-300));
  return raw;
}

/** The inverse of {@link toRaw}. */
export function fromRaw(raw: Float64Array): KernelParams {
  const size = raw.length - 2;
  return {
    weights: raw.slice(0, size).map(Math.exp),
    scale: Math.exp(raw[size] as number),
    noise: Math.exp(raw[size + 1] as number) + LEAST_NOISE,
  };
}

/**
 * The logarithm of the prior, up to a constant, as in Optuna 5.0.0: lengthscales near 1, a gamma(2, 1) scale, a
 * gamma(1.1, 30) noise. Adds its gradient, by weights, scale and noise, to `gradient`, times `sign`.
 */
export function logPrior({ weights, scale, noise }: KernelParams, gradient: Float64Array, sign: number): number {
  let sum = Math.log(scale) - scale + 0.1 * Math.log(noise) - 30 * noise;
  const size = weights.length;
  const add = (i: number, slope: number): void => {
    gradient[i] = (gradient[i] as number) + sign * slope;
  };
  weights.forEach((w, i) => {
    sum -= 0.1 / w + 0.1 * w;
    add(i, 0.1 / (w * w) - 0.1);
  });
  add(size, 1 / scale - 1);
  add(size + 1, 0.1 / noise - 30);
  return sum;
}

/** Squared differences of all pairs i > j, a coordinate after another: [n (n - 1) / 2, D]. */
function pairDifferences({ n, x, categorical }: Rows): Float64Array {
  const size = categorical.length;
  const differences = new Float64Array(((n * (n - 1)) / 2) * size);
  for (let i = 1, at = 0; i < n; i++)
    for (let j = 0; j < i; j++)
      for (let c = 0; c < size; c++)
        differences[at++] = squaredDifference(
          x[i * size + c] as number,
          x[j * size + c] as number,
          categorical[c] as number,
        );
  return differences;
}

/**
 * Minus the logarithm of the posterior of raw hyperparameters ({@link toRaw}), up to a constant.
 * @param y [n]
 */
export function negativeLogPosterior(rows: Rows, y: Float64Array): Differentiable {
  const { n } = rows;
  const differences = pairDifferences(rows);
  const kernel = new Float64Array(n * n);
  const slopes = new Float64Array((n * (n - 1)) / 2);
  const correlations = new Float64Array(slopes.length);
  const inverse = new Float64Array(n * n);
  const white = new Float64Array(n);
  const alpha = new Float64Array(n);
  return (raw, gradient) => {
    const params = fromRaw(raw);
    gradient.fill(0);
    fillKernel(params, n, { differences, kernel, slopes, correlations });
    if (choleskyInPlace(kernel, n) !== null) return Infinity;
    invertFactor(kernel, n, inverse);
    whiten(inverse, n, y, white);
    unwhiten(inverse, n, white, alpha);
    let value = 0;
    for (let i = 0; i < n; i++) value += Math.log(kernel[i * n + i] as number) + 0.5 * (white[i] as number) ** 2;
    addGradient(params, n, { differences, slopes, correlations, inverse, alpha }, gradient);
    value -= logPrior(params, gradient, -1);
    toLogScale(params, gradient);
    return Number.isFinite(value) ? value : Infinity;
  };
}

interface Pairs {
  readonly differences: Float64Array;
  readonly slopes: Float64Array;
  readonly correlations: Float64Array;
}

function fillKernel(params: KernelParams, n: number, of: Pairs & { readonly kernel: Float64Array }): void {
  const { weights, scale, noise } = params;
  const { differences, kernel, slopes, correlations } = of;
  const size = weights.length;
  for (let i = 0, pair = 0, at = 0; i < n; i++) {
    for (let j = 0; j < i; j++, pair++) {
      let squared = 0;
      for (let c = 0; c < size; c++) squared += (weights[c] as number) * (differences[at++] as number);
      const r = Math.sqrt(5 * squared);
      const decay = Math.exp(-r);
      const correlation = decay * (1 + r + (5 / 3) * squared);
      correlations[pair] = correlation;
      slopes[pair] = (-5 / 6) * (1 + r) * decay;
      kernel[i * n + j] = scale * correlation;
    }
    kernel[i * n + i] = scale + noise;
  }
}

/** Half the trace of (inverse(K) - alpha alpha') dK, by weights, scale and noise. */
function addGradient(
  { weights, scale }: KernelParams,
  n: number,
  of: Pairs & { readonly inverse: Float64Array; readonly alpha: Float64Array },
  gradient: Float64Array,
): void {
  const { differences, slopes, correlations, inverse, alpha } = of;
  const size = weights.length;
  let byScale = 0;
  let trace = 0;
  for (let i = 0, pair = 0, at = 0; i < n; i++) {
    for (let j = 0; j < i; j++, pair++) {
      const a = inverseAt(inverse, n, i, j) - (alpha[i] as number) * (alpha[j] as number);
      byScale += a * (correlations[pair] as number);
      const factor = a * scale * (slopes[pair] as number);
      for (let c = 0; c < size; c++) gradient[c] = (gradient[c] as number) + factor * (differences[at++] as number);
    }
    trace += inverseAt(inverse, n, i, i) - (alpha[i] as number) ** 2;
  }
  gradient[size] = (gradient[size] as number) + byScale + 0.5 * trace;
  gradient[size + 1] = (gradient[size + 1] as number) + 0.5 * trace;
}

/** From a gradient by the hyperparameters to one by their logarithms. */
function toLogScale({ weights, scale, noise }: KernelParams, gradient: Float64Array): void {
  const size = weights.length;
  weights.forEach((w, i) => (gradient[i] = (gradient[i] as number) * w));
  gradient[size] = (gradient[size] as number) * scale;
  gradient[size + 1] = (gradient[size + 1] as number) * (noise - LEAST_NOISE);
}
