/** The search distribution of CMA-ES: drawn from, and updated by ranked generations. */
import type { Eigen } from "./symmetric-eigen.js";
import { symmetricEigen } from "./symmetric-eigen.js";
import type { Strategy, Weights } from "./strategy.js";
import { dot, lengthOf } from "./vectors.js";

/** Where a run starts. */
export interface Start {
  /** [n] */
  readonly mean: ArrayLike<number>;
  readonly sigma: number;
  /** [n, n], row-major. @default the identity */
  readonly covariance?: Float64Array;
}

/** As in Hansen's reference implementation: what keeps a division by an empty step from being one by 0. */
const EPSILON = 1e-8;
const LARGEST_SIGMA = 1e32;

/**
 * N(mean, sigma^2 C) with its evolution paths, after Hansen's tutorial (arXiv:1604.00772), active covariance update
 * included. Holds mutable numbers: whoever keeps one replays generations into it in order.
 */
export class Evolution {
  readonly strategy: Strategy;
  readonly mean: Float64Array;
  sigma: number;
  /** C, [n, n], row-major. */
  covariance: Float64Array;
  readonly pathSigma: Float64Array;
  readonly pathC: Float64Array;
  generation = 0;
  #eigen: { readonly scales: Float64Array; readonly vectors: Float64Array } | null = null;
  readonly #powers = new Map<number, Float64Array>();

  constructor(strategy: Strategy, { mean, sigma, covariance }: Start) {
    const n = strategy.dimensions;
    this.strategy = strategy;
    this.mean = Float64Array.from(mean);
    this.sigma = sigma;
    this.covariance = covariance ? Float64Array.from(covariance) : identity(n);
    this.pathSigma = new Float64Array(n);
    this.pathC = new Float64Array(n);
  }

  /** Square roots of the eigenvalues of C, ascending. */
  get scales(): Float64Array {
    return this.#decomposition().scales;
  }

  /**
   * mean + sigma C^(1/2) z. The symmetric root: unlike B D it does not depend on the signs and the order in which
   * eigenvectors come.
   */
  at(z: ArrayLike<number>): Float64Array {
    const n = this.mean.length;
    const root = this.#power(1);
    const x = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let y = 0;
      for (let j = 0; j < n; j++) y += (root[i * n + j] as number) * (z[j] as number);
      x[i] = (this.mean[i] as number) + this.sigma * y;
    }
    return x;
  }

  /** C^-1, [n, n], row-major. */
  get precision(): Float64Array {
    return this.#power(-2);
  }

  /** The z of {@link Evolution.at}: C^(-1/2) (x - mean) / sigma. */
  whitened(x: Float64Array): Float64Array {
    return multiply(
      this.#power(-1),
      x.map((v, i) => (v - (this.mean[i] as number)) / this.sigma),
    );
  }

  /** C to the power `exponent` / 2: [n, n], row-major. */
  #power(exponent: number): Float64Array {
    let power = this.#powers.get(exponent);
    if (!power) {
      const { scales, vectors } = this.#decomposition();
      power = composed(vectors, (k) => (scales[k] as number) ** exponent);
      this.#powers.set(exponent, power);
    }
    return power;
  }

  #decomposition(): { readonly scales: Float64Array; readonly vectors: Float64Array } {
    if (this.#eigen) return this.#eigen;
    const { values, vectors }: Eigen = symmetricEigen(this.covariance, this.mean.length);
    const scales = values.map((v) => Math.sqrt(v < 0 ? EPSILON : v));
    this.#eigen = { scales, vectors };
    if ((values[0] as number) < 0) this.covariance = composed(vectors, (k) => (scales[k] as number) ** 2);
    return this.#eigen;
  }

  /**
   * One generation (eq. 41-47).
   * @param points [lambda][n], best first
   * @param weights by rank. @default the strategy's
   */
  update(points: readonly Float64Array[], weights: Weights = this.strategy.weights): void {
    const { strategy: s, sigma, mean } = this;
    const n = mean.length;
    const whitening = this.#power(-1);
    const steps = points.map((x) => x.map((v, i) => (v - (mean[i] as number)) / sigma));
    const whitened = steps.map((y) => multiply(whitening, y));
    const step = weightedMean(steps, weights.towards, n);
    this.generation++;
    for (let i = 0; i < n; i++) mean[i] = (mean[i] as number) + sigma * (step[i] as number);
    const stall = this.#walk(step, multiply(whitening, step));
    // (eq. 46) negative weights are scaled so that C stays positive definite
    const factors = whitened.map(
      (w, k) => (weights.towards[k] as number) + ((weights.away[k] as number) * n) / (dot(w, w) + EPSILON),
    );
    const total = weights.towards.reduce((a, b) => a + b, 0) + weights.away.reduce((a, b) => a + b, 0);
    const kept = 1 + s.c1 * stall - s.c1 - s.cMu * total;
    this.#adapt(kept, steps, factors);
  }

  /** The evolution paths and sigma (eq. 43-45); returns what C keeps where the path of C was held still. */
  #walk(step: Float64Array, whitenedStep: Float64Array): number {
    const { strategy: s, pathSigma, pathC } = this;
    const n = pathSigma.length;
    const rate = Math.sqrt(s.cSigma * (2 - s.cSigma) * s.muEff);
    for (let i = 0; i < n; i++)
      pathSigma[i] = (1 - s.cSigma) * (pathSigma[i] as number) + rate * (whitenedStep[i] as number);
    const length = lengthOf(pathSigma);
    this.sigma = Math.min(LARGEST_SIGMA, this.sigma * Math.exp((s.cSigma / s.dSigma) * (length / s.chiN - 1)));
    const settled = length / Math.sqrt(1 - (1 - s.cSigma) ** (2 * (this.generation + 1)));
    const moves = settled < (1.4 + 2 / (n + 1)) * s.chiN ? 1 : 0;
    const rateC = moves * Math.sqrt(s.cC * (2 - s.cC) * s.muEff);
    for (let i = 0; i < n; i++) pathC[i] = (1 - s.cC) * (pathC[i] as number) + rateC * (step[i] as number);
    return (1 - moves) * s.cC * (2 - s.cC);
  }

  /** (eq. 47) */
  #adapt(kept: number, steps: readonly Float64Array[], factors: readonly number[]): void {
    const { strategy: s, pathC, covariance } = this;
    const n = pathC.length;
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++) {
        let rankMu = 0;
        for (let k = 0; k < steps.length; k++) {
          const y = steps[k] as Float64Array;
          rankMu += (factors[k] as number) * (y[i] as number) * (y[j] as number);
        }
        const value =
          kept * (covariance[i * n + j] as number) +
          s.c1 * (pathC[i] as number) * (pathC[j] as number) +
          s.cMu * rankMu;
        covariance[i * n + j] = value;
        covariance[j * n + i] = value;
      }
    this.#eigen = null;
    this.#powers.clear();
  }
}

/** The symmetric matrix with these eigenvectors (in columns) and eigenvalues. */
function composed(vectors: Float64Array, eigenvalue: (k: number) => number): Float64Array {
  const n = Math.sqrt(vectors.length);
  const factors = Float64Array.from({ length: n }, (_, k) => eigenvalue(k));
  const matrix = new Float64Array(n * n);
  const scaledRow = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) scaledRow[k] = (vectors[i * n + k] as number) * (factors[k] as number);
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += (scaledRow[k] as number) * (vectors[j * n + k] as number);
      matrix[i * n + j] = sum;
      matrix[j * n + i] = sum;
    }
  }
  return matrix;
}

function identity(n: number): Float64Array {
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) matrix[i * n + i] = 1;
  return matrix;
}

function multiply(matrix: Float64Array, x: Float64Array): Float64Array {
  const n = x.length;
  const product = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += (matrix[i * n + j] as number) * (x[j] as number);
    product[i] = sum;
  }
  return product;
}

function weightedMean(steps: readonly Float64Array[], weights: Float64Array, n: number): Float64Array {
  const mean = new Float64Array(n);
  steps.forEach((y, k) => {
    const w = weights[k] as number;
    if (w !== 0) for (let i = 0; i < n; i++) mean[i] = (mean[i] as number) + w * (y[i] as number);
  });
  return mean;
}
