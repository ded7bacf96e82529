/** The baseline `ridge`: a penalised linear regression on the flattened window. */
import type { Dataset } from "../../core/index.js";
import type { Baseline, Predictor } from "./baseline.js";
import { dot } from "../../core/cholesky.js";
import type { Shape } from "./ridge-design.js";
import { designOf } from "./ridge-design.js";
import type { RidgeSolver } from "./ridge-solvers.js";
import { dualSolver, primalSolver } from "./ridge-solvers.js";

/** Penalties tried, relative to the number of windows (inputs are standardised). */
export const RIDGE_PENALTIES: readonly number[] = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100];
/** Multiply-adds for all of cross-validation's factors: about a second. */
const FACTOR_BUDGET = 1.5e9;

/** The penalty with the least error over the held-out folds; of many large folds only the last ones are scored. */
function choosePenalty(solver: RidgeSolver, folds: number): number {
  const each = (RIDGE_PENALTIES.length * solver.order ** 3) / 6;
  const used = Math.max(1, Math.min(folds, Math.floor(FACTOR_BUDGET / each)));
  const errors = RIDGE_PENALTIES.map((penalty) => {
    let error = 0;
    for (let k = folds - used; k < folds; k++) error += solver.heldOutError(k, penalty);
    return error;
  });
  return RIDGE_PENALTIES[errors.indexOf(Math.min(...errors))] as number;
}

/** A fitted ridge regression. */
export interface RidgeFit {
  /** Relative penalty chosen. */
  readonly penalty: number;
  /** [horizon, inputs + 1]; the constant is last. */
  readonly weights: Float64Array;
  readonly predict: Predictor;
}

function predictor(shape: Shape, weights: Float64Array, deltaMean: readonly number[]): Predictor {
  const row = new Float64Array(shape.size);
  row[shape.inputs] = 1;
  return (batch, out) => {
    const stride = batch.window * batch.features;
    for (let b = 0; b < batch.size; b++) {
      row.set(batch.x.subarray(b * stride + shape.from, b * stride + shape.from + shape.inputs));
      for (let h = 0; h < shape.horizon; h++)
        out[b * shape.horizon + h] =
          (batch.lastSoh[b] as number) + (deltaMean[h] as number) + dot(weights, h * shape.size, row, 0, shape.size);
    }
  };
}

/**
 * Ridge regression of the change on the flattened, normalised window, with an unpenalised constant; the penalty is
 * chosen by cross-validation inside the training part. Work is bounded: at most 1,000 inputs (the window's last cycles),
 * at most 20,000 windows and fewer for many inputs (taken evenly), and for many inputs fewer of the five folds are
 * scored. No randomness.
 */
export function fitRidge(dataset: Dataset): RidgeFit {
  const design = designOf(dataset);
  const solver = design.count < design.shape.inputs ? dualSolver(design) : primalSolver(design);
  const folds = design.starts.length - 1;
  const penalty = folds > 1 ? choosePenalty(solver, folds) : 1;
  const weights = solver.fit(penalty);
  return { penalty, weights, predict: predictor(design.shape, weights, dataset.normalisation.deltaMean) };
}

export const ridge: Baseline = { name: "ridge", fit: (dataset) => fitRidge(dataset).predict };
