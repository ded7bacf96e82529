/** The LSTM out of TensorFlow.js's own ops. */
import * as tf from "../tf.js";
import type { Tensor, Tensor2D, Tensor3D } from "../tf.js";
import { dropoutMask } from "./dropout-mask.js";
import type { LstmLayer, LstmOptions, LstmResult } from "./ops.js";

/** One cell step. `fromInput` [B,4H] already holds the input's part and both biases. */
function cell(fromInput: Tensor2D, h: Tensor2D, c: Tensor2D, layer: LstmLayer): [h: Tensor2D, c: Tensor2D] {
  const gates = tf.add(fromInput, tf.matMul(h, layer.weightHh, false, true));
  const [i, f, g, o] = tf.split(gates, 4, 1) as [Tensor2D, Tensor2D, Tensor2D, Tensor2D];
  const next = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)));
  return [tf.mul(tf.sigmoid(o), tf.tanh(next)), next as Tensor2D];
}

function unstackSteps(projected: Tensor, batch: number, steps: number): Tensor2D[] {
  return tf.unstack(tf.reshape(projected, [batch, steps, -1]), 1) as Tensor2D[];
}

/** The outputs of one layer at every step, [B,H] each. */
function runLayer(x: Tensor3D, layer: LstmLayer, h: Tensor2D, c: Tensor2D): Tensor2D[] {
  const [batch, steps, inputs] = x.shape;
  const bias = tf.add(layer.biasIh, layer.biasHh);
  // One product for all steps: the input's part does not depend on the state.
  const projected = tf.add(tf.matMul(tf.reshape(x, [batch * steps, inputs]), layer.weightIh, false, true), bias);
  // TensorFlow.js's gradient of an unstack into a single tensor fails: one step needs none.
  const perStep = steps === 1 ? [projected as Tensor2D] : unstackSteps(projected, batch, steps);
  return perStep.map((fromInput) => {
    [h, c] = cell(fromInput, h, c, layer);
    return h;
  });
}

/** `lstm` out of TensorFlow.js's own ops; its gradient is the tape's. */
export function lstmOpByOp(x: Tensor3D, layers: readonly LstmLayer[], options: LstmOptions): LstmResult {
  const batch = x.shape[0];
  let input = x;
  let outputs: Tensor2D[] = [];
  layers.forEach((layer, index) => {
    const zeros = (): Tensor2D => tf.zeros([batch, layer.weightHh.shape[1]]);
    outputs = runLayer(input, layer, options.initial?.h[index] ?? zeros(), options.initial?.c[index] ?? zeros());
    if (index === layers.length - 1) return;
    input = tf.stack(outputs, 1) as Tensor3D;
    if (options.dropout) input = tf.mul(input, dropoutMask(input.shape, index, options.dropout));
  });
  return {
    last: outputs[outputs.length - 1] as Tensor2D,
    sequence: options.sequence ? (tf.stack(outputs, 1) as Tensor3D) : null,
  };
}
