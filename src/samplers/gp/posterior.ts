/** A Gaussian process given its observations: mean and variance anywhere, and how they change. */
import { choleskyInPlace } from "../../core/cholesky.js";
import { invertFactor, unwhiten, whiten } from "./linear-algebra.js";
import type { KernelParams, Rows } from "./matern.js";
import { matern, maternSlope, squaredDistance } from "./matern.js";

/** Mean and variance of the function, noise not included. */
export interface Prediction {
  mean: number;
  variance: number;
}

/** The posterior of a process with mean 0. */
export class Posterior {
  readonly rows: Rows;
  readonly params: KernelParams;
  readonly #inverse: Float64Array;
  readonly #alpha: Float64Array;
  readonly #squared: Float64Array;
  readonly #cross: Float64Array;
  readonly #white: Float64Array;
  readonly #solved: Float64Array;

  /** @param y [n] */
  constructor(rows: Rows, y: Float64Array, params: KernelParams) {
    const { n } = rows;
    this.rows = rows;
    this.#inverse = new Float64Array(n * n);
    this.params = factorise(rows, params, this.#inverse);
    this.#squared = new Float64Array(n);
    this.#cross = new Float64Array(n);
    this.#white = new Float64Array(n);
    this.#solved = new Float64Array(n);
    this.#alpha = new Float64Array(n);
    whiten(this.#inverse, n, y, this.#white);
    unwhiten(this.#inverse, n, this.#white, this.#alpha);
  }

  /** @param point [D] */
  at(point: Float64Array, prediction: Prediction = { mean: 0, variance: 0 }): Prediction {
    const { n } = this.rows;
    const { weights, scale } = this.params;
    let mean = 0;
    for (let i = 0; i < n; i++) {
      const squared = squaredDistance(this.rows, i, point, weights);
      const k = scale * matern(squared);
      this.#squared[i] = squared;
      this.#cross[i] = k;
      mean += k * (this.#alpha[i] as number);
    }
    whiten(this.#inverse, n, this.#cross, this.#white);
    let explained = 0;
    for (let i = 0; i < n; i++) explained += (this.#white[i] as number) ** 2;
    prediction.mean = mean;
    prediction.variance = Math.max(0, scale - explained);
    return prediction;
  }

  /**
   * Adds the gradient, by the coordinates, of the mean times `byMean` and the variance times `byVariance` at the point
   * that {@link at} was asked for last. Categorical coordinates have none.
   */
  addGradient(point: Float64Array, byMean: number, byVariance: number, gradient: Float64Array): void {
    const { n, x, categorical } = this.rows;
    const { weights, scale } = this.params;
    unwhiten(this.#inverse, n, this.#white, this.#solved);
    const size = weights.length;
    for (let i = 0; i < n; i++) {
      const factor = byMean * (this.#alpha[i] as number) - 2 * byVariance * (this.#solved[i] as number);
      const slope = 2 * scale * maternSlope(this.#squared[i] as number) * factor;
      for (let c = 0, at = i * size; c < size; c++, at++)
        if (!categorical[c])
          gradient[c] =
            (gradient[c] as number) + slope * (weights[c] as number) * ((point[c] as number) - (x[at] as number));
    }
  }
}

/** Writes the factor's transposed inverse; where rounding leaves no positive definite matrix, the noise is raised. */
function factorise(rows: Rows, params: KernelParams, inverse: Float64Array): KernelParams {
  const { n, x, categorical } = rows;
  const { weights, scale } = params;
  const size = categorical.length;
  const kernel = new Float64Array(n * n);
  for (let { noise } = params; ; noise *= 10) {
    for (let i = 0; i < n; i++) {
      const point = x.subarray(i * size, (i + 1) * size);
      for (let j = 0; j < i; j++) kernel[i * n + j] = scale * matern(squaredDistance(rows, j, point, weights));
      kernel[i * n + i] = scale + noise;
    }
    if (choleskyInPlace(kernel, n) === null) {
      invertFactor(kernel, n, inverse);
      return { weights, scale, noise };
    }
  }
}
