import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createStudy } from "../../../src/app/create-study.js";
import type { ConfigValue } from "../../../src/core/index.js";
import { predictCheckpoint } from "../../../src/training/predict.js";
import { run } from "../../../src/training/run.js";
import { emptyFolder, writeCells } from "../../fixtures/app/small-studies.js";
import { realDir, realDirMissing } from "../../fixtures/nasa/nasa-cells.js";

const model = "fade_ode";
const short = { "data.cells": 3, "data.cycles": 40, "data.window": 6, "data.horizon": 10, "train.epochs": 2 };

const python = process.env["MLBENCH_PYTHON"] ?? "python3";
const script = fileURLToPath(new URL("../../fixtures/models/fade_ode.py", import.meta.url));

/** Why torchdiffeq cannot be asked here; null when it can. */
function whyNot(): string | null {
  try {
    const found = "import importlib.util as u; assert all(map(u.find_spec, ['torchdiffeq', 'safetensors']))";
    execFileSync(python, ["-c", found], { stdio: "pipe" });
    return null;
  } catch {
    return `${python} has no torchdiffeq and safetensors (set MLBENCH_PYTHON to one that has)`;
  }
}

test("PyTorch and torchdiffeq predict the same from a checkpoint, to 1e-5 in SOH", async (context) => {
  const reason = whyNot();
  if (reason) {
    console.warn(`skipped: ${reason}`);
    context.skip(reason);
  }
  const cases: readonly Record<string, ConfigValue>[] = [
    {},
    { "model.solver": "dopri5", "model.depth": 2, "model.activation": "gelu" },
    { "model.solver": "dopri8", "model.rtol": 1e-6, "model.atol": 1e-7 },
    { "model.solver": "explicit_adams" },
    { "model.neural_residual": false, "model.recoveries": 0, "model.solver": "euler", "model.step_size": 2 },
  ];
  const folder = await emptyFolder();
  const files: string[] = [];
  for (const [i, params] of cases.entries()) {
    const [checkpoint, dump] = [join(folder, `${i}.safetensors`), join(folder, `${i}.dump.safetensors`)];
    const all = { ...short, "train.lr": 0.01, ...params };
    await run({ model, dataset: "dummy", seed: i, params: all }, { checkpoint, baselines: false });
    await (await predictCheckpoint(checkpoint)).dump(dump);
    files.push(checkpoint, dump);
  }
  const differences = JSON.parse(execFileSync(python, [script, ...files], { encoding: "utf8" })) as number[];
  expect(differences).toHaveLength(cases.length);
  differences.forEach((difference, i) => expect(difference, JSON.stringify(cases[i])).toBeLessThan(1e-5));
});

test("trains through a worker to the same number as here; a solve past its budget fails a trial as diverged and the study goes on", async () => {
  const { "data.window": window, ...params } = short;
  const study = await createStudy({
    ...{ storage: "memory", model, dataset: "dummy", seed: 5, params, defaults: true },
    search: { "model.max_evaluations": "int:5..10000", "model.solver": "rk4,dopri5" },
    fix: { "data.window": window },
  });
  await study.enqueueTrial({ "model.max_evaluations": 5, "model.solver": "dopri5" });
  await study.enqueueTrial({ "model.max_evaluations": 10_000, "model.solver": "rk4" });
  await study.optimize({ trials: 3, workers: 1 });
  const [defaults, spent, done] = study.trials;
  expect(spent).toMatchObject({
    state: "failed",
    failure: { class: "diverged", message: /budget of 5 evaluations spent/ },
  });
  const all = { ...short, ...done?.params };
  const { best } = await run({ model, dataset: "dummy", seed: done?.seed ?? 0, dataSeed: 5, params: all });
  expect([defaults?.state, done?.state]).toEqual(["complete", "complete"]);
  expect(done?.values).toEqual([best?.metrics["val_rmse"]]);
});

test("the same seed gives the same weights, bit for bit", async () => {
  const folder = await emptyFolder();
  const bytesOf = async (name: string) => {
    const checkpoint = join(folder, name);
    await run({ model, dataset: "dummy", seed: 2, params: short }, { checkpoint });
    return readFile(checkpoint);
  };
  expect(await bytesOf("a")).toEqual(await bytesOf("b"));
});

describe("every dataset", () => {
  const onData = async (dataset: string, params: Record<string, ConfigValue>): Promise<void> => {
    const all = { "data.window": 8, "data.horizon": 10, "train.epochs": 1, ...params };
    const { state, best } = await run({ model, dataset, seed: 1, params: all });
    expect(state).toBe("complete");
    expect(best?.metrics["val_rmse"]).toBeLessThan(0.1);
  };

  test("dummy and csv", async () => {
    await onData("dummy", short);
    const path = join(await emptyFolder(), "cells.csv");
    await writeCells(path);
    await onData("csv", { "data.path": path });
  });

  if (realDir === null) console.warn(`skipped: ${realDirMissing}`);
  test.skipIf(realDir === null).each(["nasa", "nasa_cc", "nasa_cc_discharge"])("%s", async (dataset) => {
    await onData(dataset, { "data.data_dir": realDir, "data.features": "all" });
  });
});
