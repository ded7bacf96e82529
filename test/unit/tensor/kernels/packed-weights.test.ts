import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../../../src/tensor/index.js";
import * as tf from "../../../../src/tensor/tf.js";
import { builds, freshOps } from "./builds.js";

/** Of each layer the weights' shape and a pass that the wasm backend computes through XNNPACK, with packed weights. */
const layers: readonly (readonly [string, number[], (x: tf.Tensor, w: tf.Tensor) => tf.Tensor])[] = [
  ["a matrix product", [4, 3], (x, w) => tf.matMul(tf.reshape(x, [10, 4]), w)],
  ["a product of a reshaped weight", [12], (x, w) => tf.matMul(tf.reshape(x, [10, 4]), tf.reshape(w, [4, 3]))],
  ["a convolution", [3, 4, 2], (x, w) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 1, "same")],
  [
    "a depthwise convolution",
    [1, 3, 4, 1],
    (x, w) => tf.depthwiseConv2d(tf.reshape<tf.Rank.R4>(x, [2, 1, 5, 4]), w as tf.Tensor4D, 1, "same"),
  ],
  ["prelu", [4], (x, w) => tf.prelu(tf.reshape(x, [10, 4]), w)],
];

describe.each(builds)("the optimizer's step, %s build", (build) => {
  const { ops } = freshOps(build);

  beforeAll(async () => {
    await useBackend("wasm");
  });

  test.each(layers)("reaches the weights of %s on wasm", (_name, shape, pass) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const x = tf.tensor(
      Float32Array.from({ length: 40 }, (_, i) => Math.sin(i)),
      [2, 5, 4],
    );
    const weight = tf.variable(tf.ones(shape));
    const update = ops.createUpdate("sgd", new Map([["weight", weight]]));
    const gradient = tf.ones(shape);
    for (let t = 1; t <= 3; t++) {
      const found = pass(x, weight).dataSync();
      // What the weights are by now: 1, 0.5, 0, each step taking off lr times a gradient of 1.
      const expected = pass(x, tf.fill(shape, 1 - 0.5 * (t - 1))).dataSync();
      expect([...weight.dataSync()]).toEqual(new Array(size).fill(1 - 0.5 * (t - 1)));
      for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i] as number, 5);
      update.step(new Map([["weight", gradient]]), { lr: 0.5, weightDecay: 0, maxNorm: 0, t, momentum: 0 });
    }
    update.dispose();
    tf.dispose([x, weight, gradient]);
  });
});
