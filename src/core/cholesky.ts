/** The Cholesky factorisation, and the inner product that it spends its time in. */

/** Inner product of two runs of `n` numbers; four sums hide the latency of the additions. */
export function dot(a: Float64Array, aFrom: number, b: Float64Array, bFrom: number, n: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < n; i += 4) {
    s0 += (a[aFrom + i] as number) * (b[bFrom + i] as number);
    s1 += (a[aFrom + i + 1] as number) * (b[bFrom + i + 1] as number);
    s2 += (a[aFrom + i + 2] as number) * (b[bFrom + i + 2] as number);
    s3 += (a[aFrom + i + 3] as number) * (b[bFrom + i + 3] as number);
  }
  for (; i < n; i++) s0 += (a[aFrom + i] as number) * (b[bFrom + i] as number);
  return s0 + s1 + (s2 + s3);
}

/**
 * Cholesky factor of a symmetric positive definite matrix, in place: the lower triangle of `a` [n,n] (row-major)
 * becomes L with L Lᵀ = A (Golub and Van Loan, Matrix Computations, 4.2.5: the row-oriented form).
 * @returns null; of a matrix that is not positive definite, which is left half done, the first pivot that is not above 0
 */
export function choleskyInPlace(a: Float64Array, n: number): { readonly row: number; readonly pivot: number } | null {
  for (let row = 0; row < n; row++) {
    const at = row * n;
    for (let j = 0; j < row; j++)
      a[at + j] = ((a[at + j] as number) - dot(a, at, a, j * n, j)) / (a[j * n + j] as number);
    const pivot = (a[at + row] as number) - dot(a, at, a, at, row);
    if (!(pivot > 0)) return { row, pivot };
    a[at + row] = Math.sqrt(pivot);
  }
  return null;
}
