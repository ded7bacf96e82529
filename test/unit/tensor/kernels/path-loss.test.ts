import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Ops } from "../../../../src/tensor/index.js";
import { plainOps, useBackend } from "../../../../src/tensor/index.js";
import * as tf from "../../../../src/tensor/tf.js";
import { drawn } from "../../models/drawn.js";
import { freshOps, relative, settings, tidied } from "./builds.js";

function solve(ops: Ops, batch: number, steps: number, residual: boolean, poison?: number): Float32Array[] {
  return tidied(() => {
    const values = drawn("normalised", batch * steps, 2);
    if (poison !== undefined) values[0] = poison;
    const [mean, std, inverse] = ["mean", "std", "inverse"].map((name) => tf.tensor1d(drawn(name, steps, 1)));
    const target = tf.tensor2d(drawn("target", batch * steps, 1), [batch, steps]);
    const last = tf.tensor2d(drawn("last", batch, 1), [batch, 1]);
    let sums = new Float32Array();
    const { value, grads } = tf.valueAndGrads((normalised: tf.Tensor, soh: tf.Tensor) => {
      const path = ops.toPath(
        normalised as tf.Tensor2D,
        mean as tf.Tensor1D,
        std as tf.Tensor1D,
        residual ? (soh as tf.Tensor2D) : null,
      );
      const scored = ops.pathLoss(path, target, inverse as tf.Tensor1D);
      sums = Float32Array.from(scored.sums.dataSync());
      const loss = tf.mul(scored.loss, 3);
      return (residual ? loss : tf.add(loss, tf.mul(0, tf.sum(soh)))) as tf.Scalar;
    })([tf.tensor2d(values, [batch, steps]), last]);
    return [value, ...grads].map((tensor) => Float32Array.from(tensor.dataSync())).concat(sums);
  });
}

describe.each(settings)("loss and path on %s, %s build", (backend, build) => {
  const { ops } = freshOps(build);
  beforeAll(async () => {
    await useBackend(backend);
  });

  test("give what the op-by-op path gives, gradients and sums included", () => {
    const size = fc.integer({ min: 1, max: 30 });
    fc.assert(
      fc.property(size, size, fc.boolean(), (batch, steps, residual) => {
        const found = solve(ops, batch, steps, residual);
        solve(plainOps, batch, steps, residual).forEach((values, i) =>
          expect(relative(found[i] ?? [], values)).toBeLessThan(2e-6),
        );
      }),
      { numRuns: 40, seed: 11 },
    );
  });

  test("the sums of a case worked out by hand", () => {
    const { loss, sums } = ops.pathLoss(
      tf.tensor2d([
        [1, 2],
        [5, 3],
      ]),
      tf.tensor2d([
        [1, 4],
        [4, 0],
      ]),
      tf.tensor1d([1, 2]),
    );
    // errors 0, -2, 1, 3: weighed squares 0, 16, 1, 36
    expect(loss.dataSync()[0]).toBe(53 / 4);
    expect([...sums.dataSync()]).toEqual([14, 6, 13, 3]);
  });

  test.each([NaN, Infinity])("%s shows in loss and largest error", (poison) => {
    const found = solve(ops, 3, 2, true, poison);
    expect(found[0]?.[0]).toBe(poison);
    expect(found.at(-1)?.[3]).toBe(poison);
  });
});
