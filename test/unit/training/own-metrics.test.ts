import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Batch, EpochEvent, RunEvent } from "../../../src/core/index.js";
import { ForwardModel } from "../../../src/models/forward-model.js";
import type { LossResult, ModelOutputs } from "../../../src/models/forward-model.js";
import { loadPlugins } from "../../../src/plugins/load-plugins.js";
import { useBackend } from "../../../src/tensor/index.js";
import type { BatchTensors } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { evaluateCheckpoint } from "../../../src/training/evaluate.js";
import { evaluate, trainOneEpoch } from "../../../src/training/loop.js";
import { optimizers } from "../../../src/training/optimizers/index.js";
import { predictCheckpoint } from "../../../src/training/predict.js";
import { run } from "../../../src/training/run.js";
import { loaderOf, tinyBatch, tinyNormalisation } from "./tiny.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mlbench-own-"));
  await useBackend("wasm");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Windows of one step ahead whose last SOH is 0.9 and whose true change is each of `changes`. */
function windowsOf(...changes: number[]): Batch {
  const size = changes.length;
  const target = Float32Array.from(changes, (change) => 0.9 + change);
  return { ...tinyBatch(size, 2, 1, 1), lastSoh: new Float32Array(size).fill(0.9), target };
}

type Told = (batch: BatchTensors, error: tf.Scalar) => Readonly<Record<string, tf.Scalar | number>>;

/** Predicts no change at all, and tells its mean error: 0.9 - target. */
class Constant extends ForwardModel {
  readonly #told: Told;
  readonly weight = this.uniform<tf.Tensor1D>("weight", [1], 1);

  constructor(told: Told) {
    const normalisation = { ...tinyNormalisation(tinyBatch(1, 2, 1, 1)), deltaMean: [0] };
    super({ features: 1, window: 2, horizon: 1, normalisation, seeds: { init: 1, dropout: 1 } }, true);
    this.#told = told;
  }
  protected predictNormalised({ x }: BatchTensors): tf.Tensor2D {
    return tf.mul(tf.zeros([x.shape[0], 1]), this.weight);
  }
  override computeLoss(batch: BatchTensors, outputs: ModelOutputs, traj: tf.Tensor | null): LossResult {
    const error = tf.mean<tf.Scalar>(tf.sub(outputs.soh_r, batch.target));
    return { ...super.computeLoss(batch, outputs, traj), metrics: this.#told(batch, error) };
  }
}

// Errors -0.01, -0.03 and -0.05: the mean over windows is -0.03; over the two batches it would be -0.035.
const loader = loaderOf(windowsOf(0.01, 0.03), windowsOf(0.05));

test("a model's own metrics are means over windows, of tensors and numbers alike, and leave no tensors behind", async () => {
  const model = new Constant((batch, bias) => ({ bias, size: batch.size }));
  const optimizer = (await optimizers.get("sgd").load())(model.variables, {});
  const before = tf.memory().numTensors;
  const passes = [await evaluate(model, loader), await trainOneEpoch(model, loader, { optimizer, lr: 0.1 })];
  for (const pass of passes) {
    expect(pass?.own["bias"]).toBeCloseTo(-0.03, 7);
    expect(pass?.own["size"]).toBeCloseTo((2 * 2 + 1 * 1) / 3, 12);
    expect(pass?.metrics.mae).toBeCloseTo(0.03, 7);
  }
  expect(tf.memory().numTensors).toBe(before);
  optimizer.dispose();
  model.dispose();
});

test("the predicted paths are written one batch behind another", async () => {
  const model = new Constant(() => ({}));
  const lower = { ...windowsOf(0.05), lastSoh: Float32Array.of(0.8) };
  const paths = new Float32Array(3).fill(NaN);
  await evaluate(model, loaderOf(windowsOf(0.01, 0.03), lower), { paths });
  // It predicts no change.
  expect([...paths]).toEqual([0.9, 0.9, 0.8].map(Math.fround));
  model.dispose();
});

test("a metric that only some batches have is a mean over their windows", async () => {
  const model = new Constant((batch) => (batch.size === 1 ? { lone: 7 } : {}));
  expect((await evaluate(model, loader))?.own).toEqual({ lone: 7 });
  model.dispose();
});

test.each(["rmse", "loss", "Bias", "my-metric", "2nd"])("a metric cannot be named %s", async (name) => {
  const model = new Constant((_batch, error) => ({ [name]: error }));
  const before = tf.memory().numTensors;
  await expect(evaluate(model, loader)).rejects.toMatchObject({ code: "invalid-metric" });
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});

test("a plug-in's metrics stand in every epoch's event, the finish, the checkpoint and its evaluation", async () => {
  await loadPlugins([fileURLToPath(new URL("../../fixtures/training/own-metrics-plugin.mjs", import.meta.url))]);
  const checkpoint = join(folder, "biased.safetensors");
  const events: RunEvent[] = [];
  const params = { "data.cells": 3, "data.cycles": 40, "data.window": 5, "data.horizon": 3, "train.epochs": 3 };
  const config = { model: "biased", dataset: "dummy", seed: 5, params: { ...params, "train.batch_size": 16 } };
  const result = await run(config, { checkpoint, onEvent: (event) => void events.push(event) });
  const epochs = events.filter((event): event is EpochEvent => event.event === "epoch");
  expect(epochs).toHaveLength(3);
  const { train, val } = result.windows;
  const sizes = Array.from({ length: Math.ceil(train / 16) }, (_, i) => Math.min(16, train - 16 * i));
  const meanSize = sizes.reduce((sum, size) => sum + size * size, 0) / train;
  for (const epoch of epochs) {
    expect(epoch["train_batch_windows"]).toBeCloseTo(meanSize, 9);
    expect(epoch["val_batch_windows"]).toBe(val);
    expect(epoch["train_bias"]).not.toBe(epoch["val_bias"]);
  }
  const best = epochs.find(({ epoch }) => epoch === result.best?.epoch) as EpochEvent;
  const rows = [...(await predictCheckpoint(checkpoint)).rows()];
  const bias = rows.reduce((sum, { soh_pred, soh_true }) => sum + soh_pred - soh_true, 0) / rows.length;
  expect(best["val_bias"]).toBeCloseTo(bias, 7);
  expect(events.at(-1)).toMatchObject({ event: "finish", metrics: { val_bias: best["val_bias"] } });
  expect((await evaluateCheckpoint(checkpoint)).metrics["val_bias"]).toBe(best["val_bias"]);
});
