import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildDataset } from "../../../src/datasets/index.js";
import { evaluateCheckpoint } from "../../../src/training/evaluate.js";
import { predictCheckpoint } from "../../../src/training/predict.js";
import { readCheckpoint, readCheckpointConfig } from "../../../src/training/checkpoint.js";
import { decodeSafetensors, encodeSafetensors } from "../../../src/training/safetensors.js";
import { run } from "../../../src/training/run.js";
import type { RunResult } from "../../../src/training/run.js";
import * as tf from "../../../src/tensor/tf.js";

const folder = mkdtempSync(join(tmpdir(), "mlbench-predict-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "model.safetensors");
const data = { "data.cells": 5, "data.cycles": 24, "data.window": 5, "data.horizon": 3, "data.test_cells": "C002" };
let result: RunResult;

beforeAll(async () => {
  const dataset = await buildDataset("dummy", { cells: 5 }, { seed: 2 });
  data["data.test_cells"] = dataset.metadata.cells[2] as string;
  const params = { ...data, "train.epochs": 3, "train.lr": 0.01, "model.hidden_size": 8 };
  result = await run({ model: "lstm", dataset: "dummy", seed: 2, params }, { checkpoint: file });
});

test("evaluation repeats the best epoch's validation metrics, beside the baselines", async () => {
  const evaluation = await evaluateCheckpoint(file);
  expect(evaluation).toMatchObject({ model: "lstm", dataset: "dummy", split: "val", baselines: result.baselines });
  for (const name of ["val_rmse", "val_rmse_end", "val_mae", "val_r2", "val_max_error", "val_loss"])
    expect(evaluation.metrics[name]).toBeCloseTo(result.best?.metrics[name] ?? NaN, 8);
});

test("the test part is scored on request, and named after itself", async () => {
  const evaluation = await evaluateCheckpoint(file, { split: "test" });
  expect(evaluation.windows).toBe(17);
  expect(Object.keys(evaluation.metrics)).toContain("test_rmse");
  expect(evaluation.metrics["test_rmse"]).toBeGreaterThan(0);
});

test("other parts by parameter: inputs are normalised as the model was trained", async () => {
  // With other cells held out the dataset's own normalisation differs: the same windows must still predict the same.
  const one = await predictCheckpoint(file, { split: "test" });
  const held = await predictCheckpoint(file, {
    params: { "data.val_cells": data["data.test_cells"], "data.test_cells": null },
  });
  expect(held.windows).toBe(one.windows);
  one.soh.forEach((value, i) => expect(held.soh[i]).toBeCloseTo(value, 5));
});

test("a warning where what is scored may have been trained on; not for another end of life alone", async () => {
  const scored = async (params: Record<string, string | number>): Promise<readonly string[]> =>
    (await evaluateCheckpoint(file, { params })).warnings;
  expect(await scored({ "data.eol": 0.8 })).toEqual([]);
  expect(await scored({ "data.val_cells": "D01" })).toEqual([
    expect.stringMatching(/not those of the training run: it may have trained on/),
  ]);
});

test("rows name cell, target cycle and step; CSV has a line each", async () => {
  const prediction = await predictCheckpoint(file);
  const dataset = await buildDataset("dummy", data, { seed: 2 });
  const rows = [...prediction.rows()];
  expect(rows).toHaveLength(17 * 3);
  const cell = dataset.tables.cells.at(-1);
  for (const row of rows) {
    expect(row.cell).toBe(cell?.cell);
    const at = cell?.cycles.indexOf(row.cycle) ?? -1;
    expect(row.soh_true).toBeCloseTo(cell?.soh[at] ?? NaN, 6);
  }
  expect(rows[0]).toMatchObject({ cycle: 6, step: 1 });
  expect(rows[5]).toMatchObject({ cycle: 9, step: 3 });
  const lines = [...prediction.csvLines()].join("").split("\n");
  expect(lines[0]).toBe("cell,cycle,step,soh_true,soh_pred");
  expect(lines).toHaveLength(2 + rows.length);
  expect(lines[1]?.split(",").slice(0, 3)).toEqual([cell?.cell, "6", "1"]);
  const ends = prediction.endPoints();
  expect(ends).toHaveLength(1);
  expect(ends[0]?.points.map((p) => p.cycle)).toEqual(Array.from({ length: 17 }, (_, i) => i + 8));
});

test("the dump holds the inputs as fed and the paths", async () => {
  const prediction = await predictCheckpoint(file);
  const path = join(folder, "dump.safetensors");
  await prediction.dump(path);
  const { tensors } = decodeSafetensors(readFileSync(path));
  const shapes = Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));
  const features = (await readCheckpoint(file)).normalisation.x_mean.length;
  expect(shapes).toEqual({
    ...{ x: [17, 5, features], cycles: [17, 5], last_soh: [17], t_eval: [3] },
    ...{ y_true: [17, 3], soh_r: [17, 3] },
  });
  expect(tensors.get("cycles")?.data.subarray(0, 10)).toEqual(Int32Array.of(1, 2, 3, 4, 5, 2, 3, 4, 5, 6));
  expect(tensors.get("t_eval")?.data).toEqual(Float32Array.of(1, 2, 3));
  expect(tensors.get("soh_r")?.data).toEqual(prediction.soh);
});

test("a checkpoint holds what the contract names, under its names", async () => {
  const { metadata, tensors } = decodeSafetensors(readFileSync(file));
  expect(Object.keys(metadata).sort()).toEqual(
    ["config", "data", "dataset_hash", "format", "metrics", "model", "normalisation"].map(
      (key) => `mlbench_hpo.${key}`,
    ),
  );
  expect(Object.keys(JSON.parse(metadata["mlbench_hpo.normalisation"] ?? "") as object)).toEqual([
    "x_mean",
    "x_std",
    "y_mean",
    "y_std",
  ]);
  const own = [...tensors.keys()].filter((name) => !name.startsWith("resume."));
  expect(own).toEqual(
    ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
      .map((name) => `lstm.${name}`)
      .concat(["head.weight", "head.bias"]),
  );
  expect(tensors.get("lstm.weight_ih_l0")?.shape[0]).toBe(32);
  expect(await readCheckpointConfig(file)).toMatchObject({ model: "lstm", dataset: "dummy", seed: 2, backend: "wasm" });
});

test("damage and mismatches are one line, exit code 2", async () => {
  const bytes = readFileSync(file);
  const damaged = join(folder, "damaged.safetensors");
  const refuse = async (message: RegExp, write: () => void): Promise<void> => {
    write();
    const error = await evaluateCheckpoint(damaged).catch((e: unknown) => e as Error);
    expect(error).toMatchObject({ exitCode: 2, code: "invalid-checkpoint" });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain("\n");
  };
  await refuse(/damaged.safetensors cannot be read: there is no such file/, () => {});
  await refuse(/is not a readable checkpoint: .*truncated/, () => {
    writeFileSync(damaged, bytes);
    truncateSync(damaged, bytes.length - 100);
  });
  await refuse(/it has only 3 bytes/, () => truncateSync(damaged, 3));
  const rewrite = (change: (file: { metadata: Record<string, string>; tensors: Map<string, never> }) => void) => () => {
    const { metadata, tensors } = decodeSafetensors(bytes);
    const copy = { metadata: { ...metadata }, tensors: new Map(tensors) };
    change(copy as never);
    writeFileSync(damaged, encodeSafetensors(copy));
  };
  await refuse(
    /lack mlbench_hpo.format/,
    rewrite((f) => delete f.metadata["mlbench_hpo.format"]),
  );
  await refuse(
    /format is 9, this version reads 1/,
    rewrite((f) => (f.metadata["mlbench_hpo.format"] = "9")),
  );
  await refuse(
    /mlbench_hpo.config is not JSON/,
    rewrite((f) => (f.metadata["mlbench_hpo.config"] = "{")),
  );
  await refuse(
    /normalisation lacks y_std/,
    rewrite((f) => (f.metadata["mlbench_hpo.normalisation"] = '{"x_mean":[1],"x_std":[1],"y_mean":[1]}')),
  );
  await refuse(
    /head.bias should be F32 \[3\], found no such tensor/,
    rewrite((f) => f.tensors.delete("head.bias")),
  );
  expect(tf.memory().numTensors).toBe(0);
});

test("a dataset that does not fit is refused; so is a part without windows", async () => {
  await expect(evaluateCheckpoint(file, { params: { "data.window": 6 } })).rejects.toThrow(
    /was trained with data.window 5, the dataset "dummy" has 6/,
  );
  await expect(evaluateCheckpoint(file, { split: "test", params: { "data.test_cells": null } })).rejects.toThrow(
    /the test part has no windows: set data.test_cells or data.test_split/,
  );
});
