/** The Cholesky factorisation and the solution of its systems. */
import { MlbenchError } from "../../core/index.js";

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
 * @throws MlbenchError `not-positive-definite`
 */
export function choleskyInPlace(a: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++)
      a[i * n + j] = ((a[i * n + j] as number) - dot(a, i * n, a, j * n, j)) / (a[j * n + j] as number);
    const pivot = (a[i * n + i] as number) - dot(a, i * n, a, i * n, i);
    if (!(pivot > 0)) throw new MlbenchError("not-positive-definite", `no Cholesky factor: pivot ${i} is ${pivot}`);
    a[i * n + i] = Math.sqrt(pivot);
  }
}

/** Solves L Lᵀ x = b in place, `factor` as {@link choleskyInPlace} leaves it. */
export function choleskySolve(factor: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) b[i] = ((b[i] as number) - dot(factor, i * n, b, 0, i)) / (factor[i * n + i] as number);
  for (let i = n - 1; i >= 0; i--) {
    const x = (b[i] as number) / (factor[i * n + i] as number);
    b[i] = x;
    // Column-wise over the rows above, so that L is read along its rows.
    for (let k = 0; k < i; k++) b[k] = (b[k] as number) - (factor[i * n + k] as number) * x;
  }
}
