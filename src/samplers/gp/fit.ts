/** Hyperparameters of a Gaussian process by maximum a posteriori, at a bounded cost. */
import { minimize } from "./lbfgs.js";
import { fromRaw, negativeLogPosterior, toRaw } from "./marginal-likelihood.js";
import type { KernelParams, Rows } from "./matern.js";

/** Starting points: the prior's middle with much noise (Optuna's), and long lengthscales with little noise. */
const STARTS = [
  { weight: 1, noise: 0.5 },
  { weight: 0.2, noise: 1e-3 },
];

/** Raw hyperparameters stay within e to the power of these: by weight, scale, noise. */
const BOUNDS = { weight: [-9, 9], scale: [-7, 5], noise: [-25, 3] } as const;

/** What a fit may cost. */
export interface FitCost {
  /** Rows that the starts are compared on. */
  readonly coarse: number;
  /** Rows that the best of them is carried on with. */
  readonly fine: number;
}

/**
 * The hyperparameters that are most probable given the rows. They depend on nothing else: several starts are followed on
 * a part of the rows, and the best is carried on with more of them, so that no fit of an earlier ask is needed.
 * @param y [n], standardised
 */
export function fitKernel(rows: Rows, y: Float64Array, cost: FitCost): KernelParams {
  const size = rows.categorical.length;
  const bounds = {
    low: rawOf(size, BOUNDS.weight[0], BOUNDS.scale[0], BOUNDS.noise[0]),
    high: rawOf(size, BOUNDS.weight[1], BOUNDS.scale[1], BOUNDS.noise[1]),
  };
  const refined = rows.n > cost.coarse;
  const coarse = negativeLogPosterior(...everyNth(rows, y, cost.coarse));
  let best: { x: Float64Array; value: number } | null = null;
  for (const { weight, noise } of STARTS) {
    const start = toRaw({ weights: new Float64Array(size).fill(weight), scale: 1, noise });
    const found = minimize(coarse, start, { ...bounds, evaluations: refined ? 20 : 40, tolerance: 1e-2 });
    if (!best || found.value < best.value) best = found;
  }
  const { x } = best as { x: Float64Array };
  if (!refined) return fromRaw(x);
  const fine = negativeLogPosterior(...everyNth(rows, y, cost.fine));
  return fromRaw(minimize(fine, x, { ...bounds, evaluations: 12, tolerance: 1e-2 }).x);
}

function rawOf(size: number, weight: number, scale: number, noise: number): Float64Array {
  const raw = new Float64Array(size + 2).fill(weight);
  raw[size] = scale;
  raw[size + 1] = noise;
  return raw;
}

/** At most `most` rows, evenly over their order. */
function everyNth(rows: Rows, y: Float64Array, most: number): [Rows, Float64Array] {
  const { n, x, categorical } = rows;
  if (n <= most) return [rows, y];
  const size = categorical.length;
  const chosen = new Float64Array(most * size);
  const values = new Float64Array(most);
  for (let k = 0; k < most; k++) {
    const i = Math.floor((k * n) / most);
    chosen.set(x.subarray(i * size, (i + 1) * size), k * size);
    values[k] = y[i] as number;
  }
  return [{ n: most, x: chosen, categorical }, values];
}
