import { afterAll, beforeAll, expect, test } from "vitest";
import { models } from "../../../src/models/index.js";
import { useBackend, useKernels } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { drawn } from "./drawn.js";

beforeAll(async () => {
  await useBackend("wasm");
});
afterAll(async () => {
  await useKernels("none");
});

const facts = {
  ...{ features: 2, window: 5, horizon: 3, seeds: { init: 4, dropout: 2 } },
  normalisation: {
    ...{ xMean: [0, 0], xStd: [1, 1], sohMean: [0, 0, 0], sohStd: [1, 1, 1] },
    ...{ deltaMean: [0, 0, 0], deltaStd: [0.1, 0.1, 0.1] },
  },
};

/** The predicted path and its gradient with respect to every weight, dropout in force. */
async function solve(kernels: "none" | "plain"): Promise<Map<string, Float32Array>> {
  await useKernels(kernels);
  const Gru = await models.get("gru").load();
  const params = { hidden_size: 6, layers: 2, dropout: 0.3, head: "mlp", head_size: 4, residual: true };
  const model = new Gru(params, facts);
  model.training = true;
  const batch = {
    size: 3,
    x: tf.tensor3d(drawn("x", 30, 1), [3, 5, 2]),
    windowSoh: tf.zeros<tf.Rank.R2>([3, 5]),
    lastSoh: tf.tensor2d(drawn("last", 3, 1), [3, 1]),
    target: tf.tensor2d(drawn("target", 9, 1), [3, 3]),
    tEval: tf.tensor1d([1, 2, 3]),
    cycles: new Int32Array(15),
  };
  const found = new Map<string, Float32Array>();
  const { grads } = tf.variableGrads(() => {
    const { outputs, traj } = model.forward(batch, batch.tEval);
    found.set("soh_r", Float32Array.from(outputs.soh_r.dataSync()));
    return model.computeLoss(batch, outputs, traj).loss;
  });
  for (const [name, variable] of model.variables)
    found.set(name, Float32Array.from((grads[variable.name] as tf.Tensor).dataSync()));
  model.dispose();
  return found;
}

test("weights stand under PyTorch's names, and the fused model is the op-by-op one", async () => {
  const expected = await solve("none");
  const stack = [0, 1].flatMap((l) => ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map((w) => `gru.${w}_l${l}`));
  const head = ["head.0.weight", "head.0.bias", "head.2.weight", "head.2.bias"];
  expect([...expected.keys()]).toEqual(["soh_r", ...stack, ...head]);
  expect(expected.get("gru.weight_ih_l1")?.length).toBe(18 * 6);
  const found = await solve("plain");
  for (const [name, values] of expected)
    values.forEach((value, i) => expect((found.get(name) as Float32Array)[i]).toBeCloseTo(value, 5));
});
