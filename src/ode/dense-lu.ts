/** Small dense systems in float64: LU factors with partial pivoting of one matrix or a batch of them. */
import { MlbenchError, UsageError } from "../core/errors.js";

/** The largest matrices: a state beyond that wants a sparse or iterative method. */
export const MAX_SIZE = 64;

/** A matrix of a batch has no inverse, or numbers in it that are not finite. */
export class SingularMatrixError extends MlbenchError {
  /** What becomes of a trial that ends by it. */
  readonly failureClass = "diverged";

  /** @param row where elimination found no pivot */
  constructor(
    readonly matrix: number,
    readonly row: number,
    batch: number,
  ) {
    const which = batch === 1 ? "the matrix" : `matrix ${matrix} of ${batch}`;
    super("singular-matrix", `${which} is singular: no pivot in row ${row}`);
    this.name = "SingularMatrixError";
  }
}

/**
 * P A = L U of B matrices of n rows and columns, in row order behind each other.
 * @example
 * const lu = new DenseLu(Float64Array.of(2, 1, 1, 3), 2);
 * lu.solve(Float64Array.of(3, 5)); // [0.8, 1.4]
 */
export class DenseLu {
  readonly size: number;
  readonly batch: number;
  /** U on and above the diagonal, L's multipliers below it. */
  readonly #factors: Float64Array;
  /** The row that was swapped with each row in turn. */
  readonly #pivots: Uint8Array;

  /**
   * @param matrices [B, n, n]; a copy is factored
   * @throws SingularMatrixError; UsageError `invalid-ode`
   */
  constructor(matrices: ArrayLike<number>, size: number) {
    requireSize(size);
    if (matrices.length === 0 || matrices.length % (size * size) !== 0)
      throw new UsageError("invalid-ode", `${matrices.length} numbers are no matrices of ${size} x ${size}`);
    this.size = size;
    this.batch = matrices.length / (size * size);
    this.#factors = Float64Array.from(matrices);
    this.#pivots = new Uint8Array(this.batch * size);
    for (let m = 0; m < this.batch; m++) this.#factor(m);
  }

  /** x of A x = b, [B, n] as `right` is. */
  solve(right: ArrayLike<number>): Float64Array {
    const x = this.#copyOf(right);
    for (let m = 0; m < this.batch; m++) this.#solve(m, x.subarray(m * this.size, (m + 1) * this.size));
    return x;
  }

  /** x of Aᵀ x = b: what gradients of {@link solve} are made of. */
  solveTransposed(right: ArrayLike<number>): Float64Array {
    const x = this.#copyOf(right);
    for (let m = 0; m < this.batch; m++) this.#solveTransposed(m, x.subarray(m * this.size, (m + 1) * this.size));
    return x;
  }

  #copyOf(right: ArrayLike<number>): Float64Array {
    if (right.length === this.batch * this.size) return Float64Array.from(right);
    const wanted = this.batch === 1 ? String(this.size) : `${this.batch} x ${this.size}`;
    throw new UsageError("invalid-ode", `a right side of ${right.length} numbers: ${wanted}`);
  }

  #matrix(m: number): Float64Array {
    const length = this.size * this.size;
    return this.#factors.subarray(m * length, (m + 1) * length);
  }

  #factor(m: number): void {
    const { size: n } = this;
    const a = this.#matrix(m);
    const at = (i: number, j: number): number => a[i * n + j] as number;
    for (let k = 0; k < n; k++) {
      let pivot = k;
      for (let i = k + 1; i < n; i++) if (Math.abs(at(i, k)) > Math.abs(at(pivot, k))) pivot = i;
      const divisor = at(pivot, k);
      if (divisor === 0 || !Number.isFinite(divisor)) throw new SingularMatrixError(m, k, this.batch);
      this.#pivots[m * n + k] = pivot;
      if (pivot !== k) swap(a, k * n, pivot * n, n);
      for (let i = k + 1; i < n; i++) {
        const factor = at(i, k) / divisor;
        a[i * n + k] = factor;
        if (factor !== 0) for (let j = k + 1; j < n; j++) a[i * n + j] = at(i, j) - factor * at(k, j);
      }
    }
  }

  #solve(m: number, x: Float64Array): void {
    const { size: n } = this;
    const a = this.#matrix(m);
    for (let k = 0; k < n; k++) swap(x, k, this.#pivots[m * n + k] as number, 1);
    for (let i = 1; i < n; i++) x[i] = (x[i] as number) - dot(a, i * n, 1, x, 0, i);
    for (let i = n - 1; i >= 0; i--) {
      const rest = (x[i] as number) - dot(a, i * n + i + 1, 1, x, i + 1, n - i - 1);
      x[i] = rest / (a[i * n + i] as number);
    }
  }

  #solveTransposed(m: number, x: Float64Array): void {
    const { size: n } = this;
    const a = this.#matrix(m);
    for (let i = 0; i < n; i++) x[i] = ((x[i] as number) - dot(a, i, n, x, 0, i)) / (a[i * n + i] as number);
    for (let i = n - 2; i >= 0; i--) x[i] = (x[i] as number) - dot(a, (i + 1) * n + i, n, x, i + 1, n - i - 1);
    for (let k = n - 1; k >= 0; k--) swap(x, k, this.#pivots[m * n + k] as number, 1);
  }
}

/** @throws UsageError `invalid-ode` */
function requireSize(size: number): void {
  if (!Number.isInteger(size) || size < 1 || size > MAX_SIZE)
    throw new UsageError("invalid-ode", `a linear system of ${size} numbers: 1 to ${MAX_SIZE}`);
}

/** The product of `count` numbers of a, `stride` apart from `from` on, with those of x from `start` on. */
function dot(
  ...[a, from, stride, x, start, count]: [Float64Array, number, number, Float64Array, number, number]
): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += (a[from + i * stride] as number) * (x[start + i] as number);
  return sum;
}

function swap(a: Float64Array, from: number, to: number, count: number): void {
  if (from === to) return;
  for (let i = 0; i < count; i++) {
    const kept = a[from + i] as number;
    a[from + i] = a[to + i] as number;
    a[to + i] = kept;
  }
}
