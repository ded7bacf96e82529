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

/**
 * inverse(L) x, of the transposed inverse that {@link invertFactor} makes. Eight sums at a time, each in the order of x: what
 * is asked for most often of all, so that it neither waits for additions nor writes what it reads again.
 */
export function whiten(inverse: Float64Array, n: number, x: Float64Array, out: Float64Array): void {
  let i = 0;
  for (; i + 7 < n; i += 8) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let s4 = 0;
    let s5 = 0;
    let s6 = 0;
    let s7 = 0;
    // Above the diagonal there are zeros.
    for (let k = 0, at = i; k < i + 8; k++, at += n) {
      const factor = x[k] as number;
      s0 += (inverse[at] as number) * factor;
      s1 += (inverse[at + 1] as number) * factor;
      s2 += (inverse[at + 2] as number) * factor;
      s3 += (inverse[at + 3] as number) * factor;
      s4 += (inverse[at + 4] as number) * factor;
      s5 += (inverse[at + 5] as number) * factor;
      s6 += (inverse[at + 6] as number) * factor;
      s7 += (inverse[at + 7] as number) * factor;
    }
    out[i] = s0;
    out[i + 1] = s1;
    out[i + 2] = s2;
    out[i + 3] = s3;
    out[i + 4] = s4;
    out[i + 5] = s5;
    out[i + 6] = s6;
    out[i + 7] = s7;
  }
  for (; i < n; i++) {
    let sum = 0;
    for (let k = 0, at = i; k <= i; k++, at += n) sum += (inverse[at] as number) * (x[k] as number);
    out[i] = sum;
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
