import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Activation, Ops } from "../../../../src/tensor/index.js";
import { plainOps, useBackend } from "../../../../src/tensor/index.js";
import * as tf from "../../../../src/tensor/tf.js";
import { drawn, relativeError } from "../../models/drawn.js";
import { freshOps, relative, settings, tidied } from "./builds.js";
import { fixture, tolerance } from "./fixture.js";

interface Problem {
  activation: Activation;
  batch: number;
  inputs: number;
  outputs: number;
}

function solve(ops: Ops, { activation, batch, inputs, outputs }: Problem): Map<string, Float32Array> {
  return tidied(() => {
    const x = tf.tensor(drawn("x", batch * inputs, 2), [batch, inputs]);
    const weight = tf.tensor(drawn("weight", outputs * inputs, 1 / inputs ** 0.5), [outputs, inputs]);
    const bias = tf.tensor(drawn("bias", outputs, 1), [outputs]);
    const dy = tf.tensor(drawn("dy", batch * outputs, 1), [batch, outputs]);
    let y = new Float32Array();
    const { grads } = tf.valueAndGrads((a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) => {
      const out = ops.dense(a as tf.Tensor2D, b as tf.Tensor2D, c as tf.Tensor1D, activation);
      y = Float32Array.from(out.dataSync());
      return tf.sum(tf.mul(out, dy));
    })([x, weight, bias]);
    const named = ["d x", "d weight", "d bias"].map((name, i) => [name, grads[i]?.dataSync().slice()] as const);
    return new Map([["y", y], ...(named as [string, Float32Array][])]);
  });
}

describe.each(settings)("dense layers on %s, %s build", (backend, build) => {
  const { ops } = freshOps(build);
  beforeAll(async () => {
    await useBackend(backend);
  });

  test.each(fixture.dense)("$activation [$batch,$inputs] -> $outputs as PyTorch float64", (c) => {
    const found = solve(ops, c);
    for (const [name, reference] of Object.entries(c.tensors))
      expect.soft(relativeError(found.get(name) ?? [], reference), name).toBeLessThanOrEqual(tolerance(reference));
  });

  test("any shape gives what the op-by-op path gives", () => {
    const size = fc.integer({ min: 1, max: 40 });
    const activation = fc.constantFrom<Activation>("linear", "tanh", "relu", "gelu");
    fc.assert(
      fc.property(fc.record({ activation, batch: size, inputs: size, outputs: size }), (problem) => {
        const found = solve(ops, problem);
        for (const [name, values] of solve(plainOps, problem))
          expect(relative(found.get(name) ?? [], values), name).toBeLessThanOrEqual(1e-5);
      }),
      { numRuns: 40, seed: 3 },
    );
  });

  test.each(fixture.special.filter((c) => c.activation))("$activation at NaN, infinities and -0", (c) => {
    // PyTorch's gelu gives NaN at infinity (oneDNN multiplies infinity by 0); the limit is given here.
    const places = c.activation === "gelu" ? [0, 3, 4, 5] : [0, 1, 2, 3, 4, 5];
    const values = [NaN, Infinity, -Infinity, -0, 20, -20].filter((_, i) => places.includes(i));
    const [weight, bias] = [tf.tensor2d([[1]]), tf.tensor1d([-0])];
    let y: number[] = [];
    const gradient = tf.grad((x: tf.Tensor) => {
      const out = ops.dense(x as tf.Tensor2D, weight, bias, c.activation as Activation);
      y = [...out.dataSync()];
      return tf.sum(out);
    })(tf.tensor2d(values, [values.length, 1]));
    const expected = (name: string) => places.map((i) => Number(c.tensors[name]?.[i]));
    expect(relative(y, expected("y"))).toBeLessThan(1e-6);
    expect(relative(gradient.dataSync(), expected("d x"))).toBeLessThan(1e-6);
  });
});
