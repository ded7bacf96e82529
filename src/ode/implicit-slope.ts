/** The gradient of an implicit stage: by the implicit function, with the Jacobian where the stage was solved. */
import * as tf from "../tensor/tf.js";
import type { Scalar, Tensor2D } from "../tensor/tf.js";
import type { DenseLu } from "./dense-lu.js";
import { factorShifted, type SolvedStage } from "./linearize.js";
import { partsOfRows, rowGradients, rowJacobians, rowsOf } from "./row-jacobians.js";
import { type Parts, scalarOf } from "./tensor-vectors.js";

/** The iteration ends when its changes are so small a part of the gradient. */
const ENOUGH = 1e-6;
/** Or when rounding lets them be no smaller. */
const ROUNDING = 1e-4;
const MOST_ITERATIONS = 6;

/**
 * The slope k of a stage k = f(t, base + weight * k), whose value was found off the tape. With F what f gives there on the tape,
 * (I - weight * J) dk = dF, J being that at the stage. Backwards, that system is solved by an iteration with the factors that
 * the stage was solved with, whose Jacobian may be an older one; where they do not do, with factors of J itself.
 */
export function implicitSlope(
  call: (now: Scalar, y: Parts) => Parts,
  factors: DenseLu,
  { weight, t, state, slope, evaluated }: SolvedStage<Parts>,
): Parts {
  const op = tf.customGrad(((_: Tensor2D, save: tf.GradSaveFunc) => {
    save([...state]);
    const gradFunc = (g: Tensor2D, saved: Parts): Tensor2D => tf.tidy(() => backwards(g, saved));
    return { value: tf.clone(rowsOf(slope)), gradFunc };
  }) as unknown as Parameters<typeof tf.customGrad>[0]);

  /** x of (I - weight * Jᵀ) x = g. */
  function backwards(g: Tensor2D, y: Parts): Tensor2D {
    const solved = (lu: DenseLu, r: Tensor2D): Tensor2D =>
      tf.tensor2d(Float32Array.from(lu.solveTransposed(r.dataSync())), r.shape);
    let x = solved(factors, g);
    let before = Infinity;
    for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
      const product = rowGradients(call, scalarOf(t, null), y, x);
      const change = solved(factors, tf.sub(tf.add(g, tf.mul(weight, product)), x));
      x = tf.add(x, change);
      const size = largest(change) / largest(x);
      if (!(size > ENOUGH)) return x;
      if (size > 0.5 * before) {
        if (size < ROUNDING) return x;
        break;
      }
      before = size;
    }
    const { jacobians, size } = rowJacobians(call, t, y);
    const exact = factorShifted(jacobians, size, weight);
    return exact ? solved(exact, g) : x;
  }

  return tf.tidy(() => partsOfRows(op(rowsOf(evaluated)) as Tensor2D, slope));
}

function largest(x: Tensor2D): number {
  let most = 0;
  for (const value of x.dataSync<"float32">()) most = Math.max(most, Math.abs(value));
  return most;
}
