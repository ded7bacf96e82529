/** The ops through TensorFlow.js, one by one. */
import * as tf from "../tf.js";
import type { Scalar, Tensor1D, Tensor2D } from "../tf.js";
import { gruOpByOp } from "./gru-op-by-op.js";
import { lstmOpByOp } from "./lstm-op-by-op.js";
import { odeOpByOp } from "./ode-op-by-op.js";
import type { Activation, Ops, PathLoss } from "./ops.js";
import { createPlainUpdate } from "./update-plain.js";

function activate(x: Tensor2D, activation: Activation): Tensor2D {
  switch (activation) {
    case "linear":
      return x;
    case "tanh":
      return tf.tanh(x);
    case "relu":
      return tf.relu(x);
    case "gelu":
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
  }
}

function dense(x: Tensor2D, weight: Tensor2D, bias: Tensor1D, activation: Activation): Tensor2D {
  return activate(tf.add(tf.matMul(x, weight, false, true), bias), activation);
}

function pathLoss(prediction: Tensor2D, target: Tensor2D, inverseStd: Tensor1D): PathLoss {
  const error = tf.sub(prediction, target);
  const loss = tf.mean<Scalar>(tf.square(tf.mul(error, inverseStd)));
  const [rows, steps] = error.shape as [number, number];
  const squares = tf.square(error);
  const magnitudes = tf.abs(error);
  const sums = tf.stack([
    tf.sum(squares),
    tf.sum(magnitudes),
    tf.sum(tf.slice(squares, [0, steps - 1], [rows, 1])),
    tf.max(magnitudes),
  ]) as Tensor1D;
  return { loss, sums };
}

function toPath(normalised: Tensor2D, mean: Tensor1D, std: Tensor1D, lastSoh: Tensor2D | null): Tensor2D {
  return tf.tidy((): Tensor2D => {
    const path: Tensor2D = tf.add(tf.mul(normalised, std), mean);
    return lastSoh ? tf.add(path, lastSoh) : path;
  });
}

/** Op by op: works on every backend, with or without WebAssembly SIMD. */
export const plainOps: Ops = {
  name: "none",
  lstm: lstmOpByOp,
  gru: gruOpByOp,
  dense,
  pathLoss,
  toPath,
  createUpdate: createPlainUpdate,
  odeMlp: odeOpByOp,
};
