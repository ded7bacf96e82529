/** Small dense systems as an op on tensors: x of A x = b for every row of a batch, with its gradients. */
import { UsageError } from "../core/errors.js";
import * as tf from "../tensor/tf.js";
import type { Tensor2D, Tensor3D } from "../tensor/tf.js";
import { DenseLu } from "./dense-lu.js";

type CustomGradient = Parameters<typeof tf.customGrad>[0];

/**
 * x [B, n] of A x = b for A [B, n, n] and b [B, n], n up to 64; differentiable in both: with g the gradient of x,
 * that of b is y of Aᵀ y = g, and that of A is -y xᵀ. Factored and solved in float64, rounded once.
 * @throws SingularMatrixError; UsageError `invalid-ode`
 */
export function solveDense(matrices: Tensor3D, right: Tensor2D): Tensor2D {
  const [batch, n, columns] = matrices.shape;
  if (n !== columns || right.shape[0] !== batch || right.shape[1] !== n)
    throw new UsageError(
      "invalid-ode",
      `solveDense: matrices of [${matrices.shape.join(", ")}] and a right side of [${right.shape.join(", ")}]: [B, n, n] and [B, n]`,
    );
  const lu = new DenseLu(matrices.dataSync(), n);
  const op = tf.customGrad(((_: Tensor3D, b: Tensor2D, save: tf.GradSaveFunc) => {
    const x = solved(lu.solve(b.dataSync()), right);
    save([x]);
    const gradFunc = (g: Tensor2D, [found]: [Tensor2D]) => {
      const y = solved(lu.solveTransposed(g.dataSync()), right);
      const outer = tf.matMul(tf.expandDims<Tensor3D>(y, 2), tf.expandDims<Tensor3D>(found, 1));
      return [tf.neg(outer), y];
    };
    return { value: x, gradFunc };
  }) as unknown as CustomGradient);
  return op(matrices, right) as Tensor2D;
}

/** x of A x = b for matrices that were factored before and are constants of the gradient. */
export function solveFactored(lu: DenseLu, right: Tensor2D): Tensor2D {
  const op = tf.customGrad(((b: Tensor2D) => ({
    value: solved(lu.solve(b.dataSync()), right),
    gradFunc: (g: Tensor2D) => solved(lu.solveTransposed(g.dataSync()), right),
  })) as unknown as CustomGradient);
  return op(right) as Tensor2D;
}

const solved = (x: Float64Array, like: Tensor2D): Tensor2D => tf.tensor2d(Float32Array.from(x), like.shape);
