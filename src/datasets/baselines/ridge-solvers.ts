/** The two forms of the ridge regression: normal equations and kernel. */
import { dot } from "../../core/cholesky.js";
import { choleskySolve, factorInPlace } from "./cholesky.js";
import type { Design, Shape } from "./ridge-design.js";

/** Ridge regression on a design, by whichever form has the smaller matrix. */
export interface RidgeSolver {
  /** Rows of the matrix that is factored. */
  readonly order: number;
  /** Squared error on fold `k` of the fit to the others. */
  heldOutError(k: number, penalty: number): number;
  /** Coefficients [horizon, inputs + 1] of the fit to all windows; the constant is last. */
  fit(penalty: number): Float64Array;
}

/** XᵀX (lower triangle) and XᵀY [horizon, size] of a range of windows. */
interface Moments {
  readonly gram: Float64Array;
  readonly cross: Float64Array;
  readonly count: number;
}

function momentsOf({ shape, count, x, y }: Design, from: number, to: number): Moments {
  const { size, horizon } = shape;
  const gram = new Float64Array(size * size);
  const cross = new Float64Array(horizon * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) gram[i * size + j] = dot(x, i * count + from, x, j * count + from, to - from);
    for (let h = 0; h < horizon; h++) cross[h * size + i] = dot(x, i * count + from, y, h * count + from, to - from);
  }
  return { gram, cross, count: to - from };
}

/** Coefficients [horizon, size] for `all` without `held`. */
function solve(shape: Shape, all: Moments, held: Moments | null, penalty: number): Float64Array {
  const { size, horizon } = shape;
  const minus = (a: Float64Array, b: Float64Array | undefined): Float64Array =>
    b ? a.map((value, i) => value - (b[i] as number)) : a.slice();
  const gram = minus(all.gram, held?.gram);
  const weights = minus(all.cross, held?.cross);
  const alpha = penalty * (all.count - (held?.count ?? 0));
  for (let i = 0; i < size - 1; i++) gram[i * size + i] = (gram[i * size + i] as number) + alpha;
  factorInPlace(gram, size);
  for (let h = 0; h < horizon; h++) choleskySolve(gram, size, weights.subarray(h * size, (h + 1) * size));
  return weights;
}

/** Squared error of `weights` on windows `from … to - 1`: yᵀy - 2 wᵀXᵀy + wᵀXᵀX w, from the moments alone. */
function squaredError(shape: Shape, held: Moments, weights: Float64Array, yy: number): number {
  const { size, horizon } = shape;
  let total = yy;
  const full = new Float64Array(size);
  for (let h = 0; h < horizon; h++) {
    const w = weights.subarray(h * size, (h + 1) * size);
    full.fill(0);
    for (let i = 0; i < size; i++) {
      full[i] = (full[i] as number) + dot(held.gram, i * size, w, 0, i + 1);
      const wi = w[i] as number;
      for (let j = 0; j < i; j++) full[j] = (full[j] as number) + (held.gram[i * size + j] as number) * wi;
    }
    total += dot(full, 0, w, 0, size) - 2 * dot(held.cross, h * size, w, 0, size);
  }
  return total;
}

function add(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + (b[i] as number));
}

/** The normal equations: a matrix of inputs + 1 rows, the moments of each fold summed once. */
export function primalSolver(design: Design): RidgeSolver {
  const { shape, starts, count, y } = design;
  const folds = starts.slice(1).map((end, k) => momentsOf(design, starts[k] as number, end));
  const all: Moments = {
    gram: folds.map((m) => m.gram).reduce(add),
    cross: folds.map((m) => m.cross).reduce(add),
    count,
  };
  return {
    order: shape.size,
    heldOutError(k, penalty) {
      const held = folds[k] as Moments;
      let yy = 0;
      for (let h = 0; h < shape.horizon; h++) {
        const from = h * count + (starts[k] as number);
        yy += dot(y, from, y, from, held.count);
      }
      return squaredError(shape, held, solve(shape, all, held, penalty), yy);
    },
    fit: (penalty) => solve(shape, all, null, penalty),
  };
}

/** A fit in terms of windows: the prediction at v is `mean + Σ a_i (k(v, i) - kMean_i)` over the windows `rows`. */
interface DualFit {
  readonly rows: Int32Array;
  readonly kMean: Float64Array;
  /** [horizon, rows] */
  readonly a: Float64Array;
  readonly mean: Float64Array;
}

/**
 * Kernel ridge regression with an unpenalised constant: inputs and targets are centred on the windows fitted, in the
 * kernel's terms (Schölkopf, Smola, Müller 1998, appendix A); the centred system's solution sums to 0.
 */
function dualFit({ shape, count, y }: Design, kernel: Float64Array, rows: Int32Array, penalty: number): DualFit {
  const n = rows.length;
  const kMean = Float64Array.from(rows, (i) => rows.reduce((sum, j) => sum + (kernel[i * count + j] as number), 0) / n);
  const grand = kMean.reduce((sum, k) => sum + k, 0) / n;
  const centred = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const from = (rows[i] as number) * count;
    const shift = grand - (kMean[i] as number);
    for (let j = 0; j <= i; j++)
      centred[i * n + j] = (kernel[from + (rows[j] as number)] as number) - (kMean[j] as number) + shift;
    centred[i * n + i] = (centred[i * n + i] as number) + penalty * n;
  }
  factorInPlace(centred, n);
  const a = new Float64Array(shape.horizon * n);
  const mean = new Float64Array(shape.horizon);
  for (let h = 0; h < shape.horizon; h++) {
    mean[h] = rows.reduce((sum, i) => sum + (y[h * count + i] as number), 0) / n;
    const own = a.subarray(h * n, (h + 1) * n);
    for (let i = 0; i < n; i++) own[i] = (y[h * count + (rows[i] as number)] as number) - (mean[h] as number);
    choleskySolve(centred, n, own);
  }
  return { rows, kMean, a, mean };
}

/** The kernel form: a matrix of one row a window, for designs with more inputs than windows. */
export function dualSolver(design: Design): RidgeSolver {
  const { shape, starts, count, x, y } = design;
  const { inputs, horizon, size } = shape;
  const byWindow = new Float64Array(count * inputs);
  for (let f = 0; f < inputs; f++)
    for (let i = 0; i < count; i++) byWindow[i * inputs + f] = x[f * count + i] as number;
  const kernel = new Float64Array(count * count);
  for (let i = 0; i < count; i++)
    for (let j = 0; j <= i; j++)
      kernel[i * count + j] = kernel[j * count + i] = dot(byWindow, i * inputs, byWindow, j * inputs, inputs);
  const indices = Int32Array.from({ length: count }, (_, i) => i);
  return {
    order: count,
    heldOutError(k, penalty) {
      const [from, to] = [starts[k] as number, starts[k + 1] as number];
      const rows = indices.filter((i) => i < from || i >= to);
      const { kMean, a, mean } = dualFit(design, kernel, rows, penalty);
      let error = 0;
      for (let v = from; v < to; v++) {
        const similar = Float64Array.from(rows, (i, r) => (kernel[v * count + i] as number) - (kMean[r] as number));
        for (let h = 0; h < horizon; h++) {
          const predicted = (mean[h] as number) + dot(a, h * rows.length, similar, 0, rows.length);
          error += (predicted - (y[h * count + v] as number)) ** 2;
        }
      }
      return error;
    },
    fit(penalty) {
      const { kMean, a, mean } = dualFit(design, kernel, indices, penalty);
      const weights = new Float64Array(horizon * size);
      for (let h = 0; h < horizon; h++) {
        for (let f = 0; f < inputs; f++) weights[h * size + f] = dot(x, f * count, a, h * count, count);
        weights[h * size + inputs] = (mean[h] as number) - dot(kMean, 0, a, h * count, count);
      }
      return weights;
    },
  };
}
