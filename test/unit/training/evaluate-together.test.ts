/** Several checkpoints scored together: their mean path, and how much of the truth their range covers, by hand from each one's own paths. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { evaluateCheckpoint } from "../../../src/training/evaluate.js";
import { predictCheckpoint } from "../../../src/training/predict.js";
import { run } from "../../../src/training/run.js";

const folder = mkdtempSync(join(tmpdir(), "mlbench-together-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const parts = ["D01", "D02"].map((cell) => join(folder, `fold.${cell}.safetensors`)) as [string, string];
const data = { "data.cells": 3, "data.cycles": 40, "data.window": 5, "data.horizon": 3, "data.test_cells": "D03" };

beforeAll(async () => {
  const params = { ...data, "train.epochs": 2, "model.hidden_size": 4 };
  await run(
    { model: "mlp", dataset: "dummy", seed: 2, params, folds: "cells" },
    { checkpoint: join(folder, "fold.safetensors") },
  );
});

test("the mean path is scored on the test part, and the range held against the truth", async () => {
  const evaluation = await evaluateCheckpoint(parts);
  const [a, b] = await Promise.all(parts.map((part) => predictCheckpoint(part, { split: "test" })));
  const [first, second] = [[...(a?.rows() ?? [])], [...(b?.rows() ?? [])]];
  let [squares, covered, width] = [0, 0, 0];
  for (const [i, { soh_true, soh_pred }] of first.entries()) {
    const other = second[i]?.soh_pred as number;
    squares += ((soh_pred + other) / 2 - soh_true) ** 2;
    // Of two values the 5 and 95 % quantiles lie a twentieth of their distance inside.
    const [low, high] = [Math.min(soh_pred, other), Math.max(soh_pred, other)];
    const inset = 0.05 * (high - low);
    if (soh_true >= low + inset && soh_true <= high - inset) covered++;
    width += 0.9 * (high - low);
  }
  expect(evaluation).toMatchObject({ model: "mlp", split: "test", windows: first.length / 3, warnings: [] });
  expect(evaluation.metrics["test_rmse"]).toBeCloseTo(Math.sqrt(squares / first.length), 7);
  expect(evaluation.metrics).not.toHaveProperty("test_loss");
  expect(evaluation.interval).toMatchObject({ members: 2, nominal: 0.9, coverage: covered / first.length });
  expect(evaluation.interval?.mean_width).toBeCloseTo(width / first.length, 9);
  expect(covered).toBeGreaterThan(0);
});

test("baselines are fitted on all cells but those of the test", async () => {
  const { baselines } = await evaluateCheckpoint(parts);
  const params = { ...data, "data.val_part": "empty", "train.epochs": 1 };
  const checkpoint = join(folder, "all.safetensors");
  await run({ model: "mlp", dataset: "dummy", seed: 2, params }, { checkpoint, unvalidated: true });
  expect(baselines).toEqual((await evaluateCheckpoint(checkpoint, { split: "test" })).baselines);
  expect(baselines).not.toEqual((await evaluateCheckpoint(parts[0], { split: "test" })).baselines);
});

test("a part that is not held out of all of them is scored with a warning; one checkpoint has no range", async () => {
  expect((await evaluateCheckpoint(parts, { split: "val" })).warnings).toEqual([
    expect.stringMatching(/^only a test part is held out of all 2 checkpoints/),
  ]);
  const alone = await evaluateCheckpoint([parts[0]], {});
  expect(alone).toEqual(await evaluateCheckpoint(parts[0]));
  expect(alone.split).toBe("val");
  expect(alone).not.toHaveProperty("interval");
});
