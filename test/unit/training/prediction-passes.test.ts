/** Predictions are made as they are read: bounded, and the same whatever the size of a batch. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { ForwardModel } from "../../../src/models/forward-model.js";
import * as tf from "../../../src/tensor/tf.js";
import { predictCheckpoint } from "../../../src/training/predict.js";
import type { PredictOptions } from "../../../src/training/predict.js";
import { run } from "../../../src/training/run.js";

const folder = mkdtempSync(join(tmpdir(), "mlbench-passes-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());
const files = [join(folder, "a.safetensors"), join(folder, "b.safetensors")];
const params = { "data.cells": 4, "data.cycles": 40, "data.horizon": 3, "train.epochs": 1, "model.hidden_size": 8 };

beforeAll(async () => {
  for (const [i, file] of files.entries())
    await run(
      { model: "lstm", dataset: "dummy", seed: i, params: { ...params, "data.window": 5 + i } },
      { checkpoint: file },
    );
});

const everything = async (batchSize: number, options: PredictOptions = {}) => {
  const prediction = await predictCheckpoint(files, { forecast: true, batchSize, ...options });
  return {
    csv: [...prediction.csvLines()].join(""),
    json: [...prediction.jsonPieces()].join(""),
    forecasts: prediction.forecasts(),
    ends: prediction.endPoints(),
    soh: prediction.soh,
  };
};

test("whatever the size of a batch, to the last bit", async () => {
  const expected = await everything(256);
  // Known windows and newest ones: more of them than any batch below.
  expect(expected.soh.length).toBeGreaterThan(30 * 3);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 40 }), async (batchSize) => {
      expect(await everything(batchSize)).toEqual(expected);
    }),
    { numRuns: 12 },
  );
});

test("the tensors of a dump, too", async () => {
  const dumped = async (batchSize: number): Promise<Buffer> => {
    const path = join(folder, `dump-${batchSize}.safetensors`);
    const prediction = await predictCheckpoint(files[0] as string, { forecast: true, batchSize });
    await prediction.dump(path);
    return readFileSync(path);
  };
  expect((await dumped(7)).equals(await dumped(256))).toBe(true);
});

test("JSON in pieces is the document", async () => {
  const prediction = await predictCheckpoint(files, { forecast: true });
  const rows = [...prediction.rows()].map((row) => ({
    ...row,
    soh_true: Number.isNaN(row.soh_true) ? null : row.soh_true,
  }));
  const { dataset, part, windows, horizon, eol, warnings } = prediction;
  expect(JSON.parse([...prediction.jsonPieces()].join(""))).toEqual({
    ...{ dataset, part, windows, horizon, eol, warnings },
    ...{ predictions: rows, forecasts: prediction.forecasts() },
  });
});

test("what is not read is not predicted, and a pass that ends early leaves no tensors", async () => {
  const forward = vi.spyOn(ForwardModel.prototype, "forward");
  const prediction = await predictCheckpoint(files, { forecast: true, batchSize: 4 });
  expect(forward).not.toHaveBeenCalled();
  const rows = prediction.rows();
  // 4 windows of 3 steps: one batch of each checkpoint.
  for (let i = 0; i < 12; i++) rows.next();
  expect(forward).toHaveBeenCalledTimes(2);
  rows.next();
  expect(forward).toHaveBeenCalledTimes(4);
  rows.return(undefined);
  expect(tf.memory().numTensors).toBe(0);
});

test("of windows one batch is alive, however many there are", async () => {
  const forward = vi.spyOn(ForwardModel.prototype, "forward");
  const prediction = await predictCheckpoint(files[0] as string, { batchSize: 4 });
  const held = new Set<number>();
  for (const line of prediction.csvLines()) if (!line.startsWith("cell")) held.add(tf.memory().numTensors);
  // Between two batches there is the model alone.
  expect(held.size).toBe(1);
  const sizes = forward.mock.calls.map(([batch]) => batch.size);
  expect(sizes).toHaveLength(Math.ceil(prediction.windows / 4));
  expect(Math.max(...sizes)).toBe(4);
  expect(tf.memory().numTensors).toBe(0);
});
