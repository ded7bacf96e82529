/** Dense symmetric matrices of a few hundred rows: Cholesky's factor and its inverse, row by row in Float64Arrays. */

/** The dot product of a part of row `i` of `a` with the same part of row `j` of `b`; four sums keep the pipeline busy. */
function dot(a: Float64Array, i: number, b: Float64Array, j: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < length; k += 4) {
    s0 += (a[i + k] as number) * (b[j + k] as number);
    s1 += (a[i + k + 1] as number) * (b[j + k + 1] as number);
    s2 += (a[i + k + 2] as number) * (b[j + k + 2] as number);
    s3 += (a[i + k + 3] as number) * (b[j + k + 3] as number);
  }
  for (; k < length; k++) s0 += (a[i + k] as number) * (b[j + k] as number);
  return s0 + s1 + (s2 + s3);
}

/**
 * Cholesky's factor L of the matrix whose lower triangle `a` holds, in its place.
 * @param a [n, n], row-major
 * @returns whether the matrix is positive definite; without that `a` is left half done
 */
export function choleskyInPlace(a: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j < i; j++)
      a[row + j] = ((a[row + j] as number) - dot(a, row, a, j * n, j)) / (a[j * n + j] as number);
    const pivot = (a[row + i] as number) - dot(a, row, a, row, i);
    if (!(pivot > 0)) return false;
    a[row + i] = Math.sqrt(pivot);
  }
  return true;
}

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
