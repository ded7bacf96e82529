/** The kernel: Matérn 5/2 over a distance that is weighted by coordinate. */

/** The hyperparameters of one Gaussian process. */
export interface KernelParams {
  /** [D]: one over the squared lengthscale of each coordinate. */
  readonly weights: Float64Array;
  /** The prior variance of the function. */
  readonly scale: number;
  /** The variance of the noise on each observation. */
  readonly noise: number;
}

/** Rows of coordinates: numbers of the unit interval, or the index of a choice. */
export interface Rows {
  readonly n: number;
  /** [n, D], row-major. */
  readonly x: Float64Array;
  /** [D]: 1 for a categorical coordinate, whose distance is 0 or 1 (Hamming's). */
  readonly categorical: Uint8Array;
}

/** The correlation at a squared weighted distance. */
export function matern(squared: number): number {
  const r = Math.sqrt(5 * squared);
  return Math.exp(-r) * (1 + r + (5 / 3) * squared);
}

/** The derivative of {@link matern} by the squared distance: finite at 0. */
export function maternSlope(squared: number): number {
  const r = Math.sqrt(5 * squared);
  return (-5 / 6) * (1 + r) * Math.exp(-r);
}

/** The squared difference of two values of a coordinate. */
export function squaredDifference(a: number, b: number, categorical: number): number {
  if (categorical) return a === b ? 0 : 1;
  return (a - b) * (a - b);
}

/** The squared weighted distance between a point and row `i`. */
export function squaredDistance(rows: Rows, i: number, point: Float64Array, weights: Float64Array): number {
  const { x, categorical } = rows;
  const size = weights.length;
  let sum = 0;
  for (let c = 0, at = i * size; c < size; c++, at++)
    sum += (weights[c] as number) * squaredDifference(x[at] as number, point[c] as number, categorical[c] as number);
  return sum;
}
