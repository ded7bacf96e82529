import { expect, test } from "vitest";
import { dropout, fillDropoutMask, lstm, useBackend, useKernels } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";

const mask = (size: number, rate: number, seed: number, step: number, layer: number) =>
  fillDropoutMask(new Float32Array(size), layer, { rate, seed, step });

test("a mask depends on seed, step, layer and position alone, and drops the asked share", () => {
  const size = 40_000;
  const first = mask(size, 0.3, 7, 1, 0);
  expect(mask(size, 0.3, 7, 1, 0)).toEqual(first);
  expect(mask(100, 0.3, 7, 1, 0)).toEqual(first.subarray(0, 100));
  expect(new Set(first)).toEqual(new Set([0, Math.fround(1 / 0.7)]));
  const zeros = (values: Float32Array) => values.filter((v) => v === 0).length / size;
  // Four standard deviations of a binomial share.
  const bound = 4 * Math.sqrt((0.3 * 0.7) / size);
  const others = [mask(size, 0.3, 8, 1, 0), mask(size, 0.3, 7, 2, 0), mask(size, 0.3, 7, 1, 1)];
  others.push(mask(size, 0.3, 7 + 2 ** 32, 1, 0));
  for (const other of [first, ...others]) expect(Math.abs(zeros(other) - 0.3)).toBeLessThan(bound);
  for (const other of others) {
    const both = other.filter((v, i) => v === 0 && first[i] === 0).length / size;
    expect(Math.abs(both - 0.09)).toBeLessThan(4 * Math.sqrt((0.09 * 0.91) / size));
  }
});

test("neighbours in a mask are uncorrelated", () => {
  const values = mask(40_000, 0.5, 3, 5, 2);
  for (const lag of [1, 2, 8, 32, 64]) {
    let both = 0;
    for (let i = lag; i < values.length; i++) if (values[i] === 0 && values[i - lag] === 0) both++;
    expect(Math.abs(both / (values.length - lag) - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / values.length));
  }
});

test("the LSTM masks the outputs between its layers and nothing else", async () => {
  await useBackend("cpu");
  await useKernels("none");
  const layer = (inputs: number) => ({
    weightIh: tf.randomUniform<tf.Rank.R2>([16, inputs], -1, 1, "float32", 1),
    weightHh: tf.randomUniform<tf.Rank.R2>([16, 4], -1, 1, "float32", 2),
    biasIh: tf.ones<tf.Rank.R1>([16]),
    biasHh: tf.zeros<tf.Rank.R1>([16]),
  });
  const layers = [layer(3), layer(4)] as const;
  const x: tf.Tensor3D = tf.randomUniform([2, 5, 3], -1, 1, "float32", 3);
  const options = { rate: 0.5, seed: 11, step: 4 };
  const whole = lstm(x, layers, { dropout: options, sequence: true });
  const first = lstm(x, [layers[0]], { dropout: options, sequence: true }).sequence as tf.Tensor3D;
  const second = lstm(dropout(first, 0, options), [layers[1]], {});
  expect(whole.last.dataSync()).toEqual(second.last.dataSync());
  expect(whole.sequence?.shape).toEqual([2, 5, 4]);
  expect(lstm(x, layers).last.dataSync()).not.toEqual(whole.last.dataSync());
});
