/** The inverse of a Cholesky factor of a few hundred rows, row by row in Float64Arrays. */
import { dot } from "../../core/cholesky.js";

/**
 * The transpose of the inverse of L: its row j holds column j of the inverse, from place j on (zeros before).
 * @param l [n, n], lower triangle
 * @param out [n, n], written
 */
export function invertFactor(l: Float64Array, n: number, out: Float64Array): void {
  for (let j = 0; j < n; j++) {
    const row = j * n;
    out.fill(0, row, row + j);
    out[row + j] = 1 / (l[row + j] as number);
    for (let i = j + 1; i < n; i++) out[row + i] = -dot(l, i * n + j, out, row + j, i - j) / (l[i * n + i] as number);
  }
}

/** inverse(L) x, of the transposed inverse that {@link invertFactor} makes. */
export function whiten(inverse: Float64Array, n: number, x: Float64Array, out: Float64Array): void {
  out.fill(0);
  for (let k = 0; k < n; k++) {
    const [row, factor] = [k * n, x[k] as number];
    for (let i = k; i < n; i++) out[i] = (out[i] as number) + (inverse[row + i] as number) * factor;
  }
}

/** transpose(inverse(L)) x: after {@link whiten}, the solution of the whole system. */
export function unwhiten(inverse: Float64Array, n: number, x: Float64Array, out: Float64Array): void {
  for (let k = 0; k < n; k++) out[k] = dot(inverse, k * n + k, x, k, n - k);
}

/** Element (i, j), i >= j, of the inverse matrix. */
export function inverseAt(inverse: Float64Array, n: number, i: number, j: number): number {
  return dot(inverse, i * n + i, inverse, j * n + i, n - i);
}
