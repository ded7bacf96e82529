import { beforeAll, describe, expect, test } from "vitest";
import type { Batch } from "../../../src/core/index.js";
import { UsageError } from "../../../src/core/index.js";
import type { ForwardModel } from "../../../src/models/index.js";
import { models } from "../../../src/models/index.js";
import { trainOneEpoch } from "../../../src/training/loop.js";
import { optimizers } from "../../../src/training/optimizers/index.js";
import { predictPaths } from "../../../src/training/predict-paths.js";
import { useBackend, useKernels } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { loaderOf, tinyBatch, tinyNormalisation } from "../training/tiny.js";

beforeAll(async () => {
  await useBackend("wasm");
  await useKernels("auto");
});

async function build(name: string, batch: Batch, params: object = {}, seed = 1): Promise<ForwardModel> {
  const entry = models.get(name);
  const Model = await entry.load();
  const { features, window, horizon } = batch;
  const facts = { features, window, horizon, normalisation: tinyNormalisation(batch) };
  return new Model(entry.parameters.parse(params), { ...facts, seeds: { init: seed, dropout: seed } });
}

async function train(model: ForwardModel, batch: Batch, epochs: number, lr = 0.02) {
  const create = await optimizers.get("adamw").load();
  const optimizer = create(model.variables, { beta1: 0.9, beta2: 0.999, eps: 1e-8 });
  for (let epoch = 0; epoch < epochs; epoch++)
    await trainOneEpoch(model, loaderOf(batch), { optimizer, lr, epoch, weightDecay: 0 });
}

const changes = (path: Float32Array, { lastSoh, horizon }: Batch) =>
  path.map((value, i) => value - (lastSoh[Math.floor(i / horizon)] as number));

function permuted(batch: Batch): Batch {
  const { size, window, features } = batch;
  const x = new Float32Array(batch.x.length);
  for (let b = 0; b < size; b++)
    for (let t = 0; t < window; t++)
      for (let f = 0; f < features; f++)
        x[(b * window + t) * features + f] = batch.x[(b * window + (window - 1 - t)) * features + f] as number;
  return { ...batch, x };
}

const differs = (a: Float32Array, b: Float32Array) =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));

describe.each(["lstm", "gru", "mlp", "node", "anode", "fade_ode"])("%s", (name) => {
  test("predicts changes that vary across windows and react to the order of the input's cycles", async () => {
    const batch = tinyBatch();
    const model = await build(name, batch, { hidden_size: 8 });
    await train(model, batch, 20);
    const path = predictPaths(model, loaderOf(batch));
    const change = changes(path, batch);
    const ends = change.filter((_, i) => (i + 1) % batch.horizon === 0);
    expect(Math.max(...ends) - Math.min(...ends)).toBeGreaterThan(1e-3);
    expect(differs(path, predictPaths(model, loaderOf(permuted(batch))))).toBeGreaterThan(1e-4);
    model.dispose();
  });

  test("starts from PyTorch's distributions, the same for the same seed", async () => {
    const batch = tinyBatch();
    const sizes = { hidden_size: 64, layers: 2, width: 64, latent_size: 32 };
    const [a, again, other] = [
      await build(name, batch, sizes),
      await build(name, batch, sizes),
      await build(name, batch, sizes, 2),
    ];
    let large = 0;
    for (const [weight, values] of a.weights()) {
      expect(again.weights().get(weight)).toEqual(values);
      expect(other.weights().get(weight)).not.toEqual(values);
      const shape = a.variables.get(weight)?.shape ?? [];
      const owner = weight.replace(/\.bias$/, ".weight");
      const inputs = a.variables.get(owner)?.shape[1] ?? 0;
      const bound = 1 / Math.sqrt(/_l\d$/.test(weight) ? 64 : inputs);
      const largest = Math.max(...values.map(Math.abs));
      expect(largest, weight).toBeLessThanOrEqual(bound);
      if (values.length < 200) continue;
      large += 1;
      // A uniform distribution on [-bound, bound]: variance bound^2 / 3, largest value close to the bound.
      const variance = values.reduce((sum, v) => sum + v * v, 0) / values.length;
      expect(Math.abs(variance / (bound ** 2 / 3) - 1), `${weight} ${shape.join("x")}`).toBeLessThan(0.2);
      expect(largest).toBeGreaterThan(0.97 * bound);
    }
    expect(large).toBeGreaterThan(0);
    for (const model of [a, again, other]) model.dispose();
  });

  test("drops out in training only, differently from step to step", async () => {
    const batch = tinyBatch();
    const model = await build(name, batch, { dropout: 0.5, hidden_size: 16 });
    const paths = () => predictPaths(model, loaderOf(batch));
    expect(paths()).toEqual(paths());
    const pathsInTraining = () =>
      tf.tidy(() => {
        model.training = true;
        const tensors = {
          size: batch.size,
          x: tf.tensor3d(batch.x, [batch.size, batch.window, batch.features]),
          windowSoh: tf.tensor2d([[0]]),
          lastSoh: tf.tensor2d(batch.lastSoh, [batch.size, 1]),
          target: tf.tensor2d(batch.target, [batch.size, batch.horizon]),
          tEval: tf.tensor1d(batch.tEval),
          cycles: batch.cycles,
        };
        return model.forward(tensors, tensors.tEval).outputs.soh_r.dataSync() as Float32Array;
      });
    const first = pathsInTraining();
    expect(pathsInTraining()).toEqual(first);
    expect(differs(first, paths())).toBeGreaterThan(1e-4);
    model.step++;
    expect(differs(first, pathsInTraining())).toBeGreaterThan(1e-4);
    model.dispose();
  });
});

test("an unknown model is told the nearest one", () => {
  expect(() => models.get("lsmt")).toThrow(UsageError);
  expect(() => models.get("lsmt")).toThrow(
    `unknown model "lsmt": did you mean "lstm"? known: ${models.names().join(", ")}`,
  );
});
