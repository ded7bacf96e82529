/** The solution of positive definite systems by their Cholesky factor. */
import { MlbenchError } from "../../core/index.js";
import { choleskyInPlace, dot } from "../../core/cholesky.js";

/**
 * The Cholesky factor of `a` [n,n], in its lower triangle.
 * @throws MlbenchError `not-positive-definite`
 */
export function factorInPlace(a: Float64Array, n: number): void {
  const failed = choleskyInPlace(a, n);
  if (failed)
    throw new MlbenchError("not-positive-definite", `no Cholesky factor: pivot ${failed.row} is ${failed.pivot}`);
}

/** Solves L Lᵀ x = b in place, `factor` as {@link factorInPlace} leaves it. */
export function choleskySolve(factor: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) b[i] = ((b[i] as number) - dot(factor, i * n, b, 0, i)) / (factor[i * n + i] as number);
  for (let i = n - 1; i >= 0; i--) {
    const x = (b[i] as number) / (factor[i * n + i] as number);
    b[i] = x;
    // Column-wise over the rows above, so that L is read along its rows.
    for (let k = 0; k < i; k++) b[k] = (b[k] as number) - (factor[i * n + k] as number) * x;
  }
}
