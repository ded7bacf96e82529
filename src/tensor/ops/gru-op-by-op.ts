/** The GRU out of TensorFlow.js's own ops. */
import * as tf from "../tf.js";
import type { Tensor2D, Tensor3D } from "../tf.js";
import { dropoutMask } from "./dropout-mask.js";
import type { RecurrentLayer, RecurrentOptions, RecurrentResult } from "./ops.js";

/** One cell step in PyTorch's form: b_hn stands inside the product with r. `fromInput` [B,3H] holds x's part. */
function cell(fromInput: Tensor2D, h: Tensor2D, layer: RecurrentLayer): Tensor2D {
  const fromState = tf.add(tf.matMul(h, layer.weightHh, false, true), layer.biasHh);
  const [xr, xz, xn] = tf.split(fromInput, 3, 1) as [Tensor2D, Tensor2D, Tensor2D];
  const [hr, hz, hn] = tf.split(fromState, 3, 1) as [Tensor2D, Tensor2D, Tensor2D];
  const r = tf.sigmoid(tf.add(xr, hr));
  const z = tf.sigmoid(tf.add(xz, hz));
  const n = tf.tanh(tf.add(xn, tf.mul(r, hn)));
  return tf.add(n, tf.mul(z, tf.sub(h, n)));
}

/** The outputs of one layer at every step, [B,H] each. */
function runLayer(x: Tensor3D, layer: RecurrentLayer, initial: Tensor2D): Tensor2D[] {
  const [batch, steps, inputs] = x.shape;
  const flat = tf.reshape(x, [batch * steps, inputs]);
  const projected = tf.add(tf.matMul(flat, layer.weightIh, false, true), layer.biasIh);
  // TensorFlow.js's gradient of an unstack into a single tensor fails: one step needs none.
  const perStep =
    steps === 1 ? [projected as Tensor2D] : (tf.unstack(tf.reshape(projected, [batch, steps, -1]), 1) as Tensor2D[]);
  let h = initial;
  return perStep.map((fromInput) => (h = cell(fromInput, h, layer)));
}

/** `gru` out of TensorFlow.js's own ops; its gradient is the tape's. */
export function gruOpByOp(x: Tensor3D, layers: readonly RecurrentLayer[], options: RecurrentOptions): RecurrentResult {
  let input = x;
  let outputs: Tensor2D[] = [];
  layers.forEach((layer, index) => {
    const initial = options.initial?.h[index] ?? tf.zeros<tf.Rank.R2>([x.shape[0], layer.weightHh.shape[1]]);
    outputs = runLayer(input, layer, initial);
    if (index === layers.length - 1) return;
    input = tf.stack(outputs, 1) as Tensor3D;
    if (options.dropout) input = tf.mul(input, dropoutMask(input.shape, index, options.dropout));
  });
  return {
    last: outputs[outputs.length - 1] as Tensor2D,
    sequence: options.sequence ? (tf.stack(outputs, 1) as Tensor3D) : null,
  };
}
