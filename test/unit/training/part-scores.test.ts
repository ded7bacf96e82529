import { afterAll, describe, expect, test } from "vitest";
import { join } from "node:path";
import type { EpochEvent } from "../../../src/core/index.js";
import { buildDataset } from "../../../src/datasets/index.js";
import { MetricRegistry, metrics } from "../../../src/metrics/index.js";
import type { Metric, ScoredPart } from "../../../src/metrics/index.js";
import { lazy } from "../../../src/registry/index.js";
import { evaluateCheckpoint } from "../../../src/training/evaluate.js";
import { PartScores } from "../../../src/training/part-scores.js";
import { predictCheckpoint } from "../../../src/training/predict.js";
import { run } from "../../../src/training/run.js";
import { emptyFolder } from "../../integration/cli.js";
import { tablesOf } from "../datasets/tables.js";

/** What each registered metric does, changed by the tests: a name is taken once a process. */
const behaviour: Record<string, Metric> = {};
for (const name of ["probe", "other"])
  metrics.register(name, { summary: name, direction: "minimize" })((part) => (behaviour[name] ?? (() => null))(part));
afterAll(() => expect(metrics.names()).toEqual(["probe", "other"]));

/** Falls by 0.02 a cycle from 1: cycle 16 is at 0.7. */
const soh = Array.from({ length: 30 }, (_, i) => 1 - 0.02 * i);
const tables = tablesOf([
  { cell: "dying", soh },
  { cell: "healthy", soh: soh.map((s) => 0.8 + 0.1 * s) },
]);

async function scoresOf(cell: string, ...names: string[]): Promise<PartScores> {
  const params = { window: 2, horizon: 5, val_cells: cell, eol: 0.7 };
  const dataset = await buildDataset("dummy", params, { tables });
  return PartScores.create(dataset.split("val"), dataset, names);
}

describe("what a metric is handed", () => {
  test("every window with its path, cell and cycles, in SOH units", async () => {
    let seen: ScoredPart | undefined;
    behaviour["probe"] = (part) => ((seen = part), 1.5);
    const scores = await scoresOf("dying", "probe");
    // 30 cycles have 24 windows of 2 + 5: last cycles 2 … 25.
    scores.paths?.fill(0.9);
    expect(scores.paths).toHaveLength(24 * 5);
    expect(scores.metrics({})).toMatchObject({ probe: 1.5 });
    expect(seen).toMatchObject({ part: "val", windows: 24, horizon: 5, cells: ["dying", "healthy"], eol: 0.7 });
    expect(seen?.endOfLife).toEqual([16, null]);
    expect([...(seen?.cell ?? [])]).toEqual(Array(24).fill(0));
    expect([...(seen?.tEval ?? [])]).toEqual([1, 2, 3, 4, 5]);
    expect([...(seen?.lastSoh ?? [])]).toEqual(soh.slice(1, 25).map(Math.fround));
    expect([...(seen?.cycles.slice(0, 6) ?? [])]).toEqual([3, 4, 5, 6, 7, 4]);
    expect([...(seen?.truth.slice(0, 6) ?? [])]).toEqual([0.96, 0.94, 0.92, 0.9, 0.88, 0.94].map(Math.fround));
    expect([...(seen?.predicted ?? [])]).toEqual(Array(120).fill(Math.fround(0.9)));
  });

  test("arrays of its own: what it does to them reaches neither the next metric nor the next epoch", async () => {
    behaviour["probe"] = ({ predicted, truth, cell, cycles, cells, endOfLife }) => {
      for (const values of [predicted, truth, cell, cycles]) values.fill(7);
      (cells as string[]).length = 0;
      (endOfLife as number[]).length = 0;
      return 1;
    };
    behaviour["other"] = ({ predicted, truth, cells, endOfLife }) =>
      cells.length + endOfLife.length + Math.max(...predicted, ...truth);
    const scores = await scoresOf("dying", "probe", "other");
    scores.paths?.fill(0.5);
    for (let epoch = 0; epoch < 2; epoch++) expect(scores.metrics({})["other"]).toBe(2 + 2 + Math.fround(0.96));
    expect([...(scores.paths ?? [])].every((value) => value === 0.5)).toBe(true);
  });
});

describe("what becomes of its number", () => {
  test.each<[unknown, object]>([
    [null, {}],
    [undefined, {}],
    [0, { probe: 0 }],
    [NaN, { probe: NaN }],
    [-Infinity, { probe: -Infinity }],
  ])("%s", async (value, expected) => {
    behaviour["probe"] = () => value as number;
    expect((await scoresOf("healthy", "probe")).metrics({})).toEqual(expected);
  });

  test.each<[string, Metric, RegExp]>([
    ["a text", () => "3" as never, /^metric "probe" returned a string: expected a number, or null/],
    ["a promise", (async () => 3) as never, /^metric "probe" returned a promise: /],
    ["a rejected promise", (() => Promise.reject(new Error("late"))) as never, /returned a promise/],
    [
      "an error",
      (part) => (part as never as { nope: Float32Array }).nope[0],
      /^metric "probe" \(part-scores\.test\.ts:\d+\): Cannot read/,
    ],
    [
      "no error",
      () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- as a user may
        throw "in words";
      },
      /^metric "probe": in words$/,
    ],
  ])("%s is the metric's fault, which is named", async (_what, metric, message) => {
    behaviour["probe"] = metric;
    const scores = await scoresOf("dying", "probe");
    const failing = (): unknown => scores.metrics({});
    expect(failing).toThrow(message);
    expect(failing).toThrow(expect.objectContaining({ code: "metric-failed", exitCode: 2 }));
  });

  test("one that the model tells under the same name is refused", async () => {
    behaviour["probe"] = () => 1;
    const scores = await scoresOf("dying", "probe");
    expect(() => scores.metrics({ probe: 3 })).toThrow(
      /the model's own metric "probe" has the name of a registered one/,
    );
  });
});

describe("the remaining useful life", () => {
  test("is scored on windows that see an end, and absent where none does", async () => {
    const dying = await scoresOf("dying");
    // Windows whose last cycle is 11 … 15 are 5 … 1 cycles from the end; a path that stays above it counts as 5.
    dying.paths?.fill(0.9);
    const errors = { rul_mae: (0 + 1 + 2 + 3 + 4) / 5, rul_rmse: Math.sqrt(30 / 5), rul_windows: 5 };
    expect(dying.metrics({})).toEqual(errors);
    expect(dying.rul(new Float32Array(120).fill(0.9))).toEqual({ ...errors, rul_censored_cells: 0 });
    const healthy = await scoresOf("healthy");
    expect(healthy.metrics({})).toEqual({});
    expect(healthy.rul(new Float32Array(120))).toEqual({ rul_windows: 0, rul_censored_cells: 1 });
  });

  test("without an end of life and without metrics no path is kept: nobody pays for what nobody asks", async () => {
    expect((await scoresOf("healthy")).paths).toBeNull();
    expect((await scoresOf("healthy", "probe")).paths).toHaveLength(120);
  });
});

test("what is no list of names is refused in words", async () => {
  const params = { window: 2, horizon: 5, val_cells: "dying" };
  const dataset = await buildDataset("dummy", params, { tables });
  await expect(PartScores.create(dataset.split("val"), dataset, "probe" as never)).rejects.toMatchObject({
    code: "invalid-option",
    message: "metrics: expected a list of names, got a string",
  });
});

test("in a run: each epoch of the validation part, the finish, the checkpoint and its evaluation, by an independent sum", async () => {
  behaviour["probe"] = ({ predicted, truth }) =>
    predicted.reduce((sum, value, i) => sum + Math.abs(value / (truth[i] as number) - 1), 0) / truth.length;
  behaviour["other"] = ({ part }) => (part === "val" ? null : 1);
  const checkpoint = join(await emptyFolder(), "w.safetensors");
  const params = { "data.cells": 3, "data.cycles": 60, "data.window": 5, "data.horizon": 4, "data.eol": 0.9 };
  const result = await run(
    { model: "mlp", dataset: "dummy", seed: 3, params: { ...params, "train.epochs": 3 } },
    { checkpoint },
  );
  const best = result.history.find(({ epoch }) => epoch === result.best?.epoch) as EpochEvent;
  const rows = [...(await predictCheckpoint(checkpoint)).rows()];
  const mape = rows.reduce((sum, { soh_pred, soh_true }) => sum + Math.abs(soh_pred / soh_true - 1), 0) / rows.length;
  expect(best["val_probe"]).toBeCloseTo(mape, 7);
  expect(result.best?.metrics["val_probe"]).toBe(best["val_probe"]);
  const evaluated = await evaluateCheckpoint(checkpoint);
  expect(evaluated.metrics["val_probe"]).toBe(best["val_probe"]);
  const { val_rul_mae, val_rul_windows } = best;
  expect(val_rul_windows).toBe(4);
  expect(evaluated.metrics).toMatchObject({ rul_mae: val_rul_mae, val_rul_mae, rul_windows: 4 });
  expect(result.history.every((epoch) => !("val_other" in epoch))).toBe(true);
  expect((await evaluateCheckpoint(checkpoint, { split: "train" })).metrics).toMatchObject({ train_other: 1 });
  // Those that are not named are not computed; the run is the same.
  const plain = await run(
    { model: "mlp", dataset: "dummy", seed: 3, params: { ...params, "train.epochs": 3 } },
    { metrics: [] },
  );
  expect(plain.history.map(({ val_rmse }) => val_rmse)).toEqual(result.history.map(({ val_rmse }) => val_rmse));
  expect(plain.history.some((epoch) => "val_probe" in epoch)).toBe(false);
  await expect(run({ model: "mlp", dataset: "dummy" }, { metrics: ["prob"] })).rejects.toThrow(/did you mean "probe"/);
});

describe("the registry of metrics", () => {
  const registry = new MetricRegistry("metric");
  const meta = { summary: "s", direction: "minimize" } as const;
  const zero: Metric = () => 0;

  test.each<[string, object, RegExp]>([
    ["rmse", meta, /metric "rmse": use a snake_case name other than loss, rmse, /],
    ["rul_mae", meta, /use a snake_case name/],
    ["Knee", meta, /use a snake_case name/],
    ["val_knee", meta, /the part is put before the name: call it knee$/],
    ["test_knee", meta, /call it knee$/],
    ["knee", { summary: "s" }, /metric "knee": direction must be minimize or maximize$/],
    ["knee", { ...meta, direction: "down" }, /direction must be/],
    ["knee", { ...meta, summary: " " }, /summary must be a line of text/],
    ["knee", { ...meta, unit: 3 }, /unit must be text/],
    ["knee", { ...meta, parameters: {} }, /unknown option "parameters"|parameters/],
  ])("refuses %s with %j", (name, wrong, message) => {
    expect(() => registry.register(name, wrong as typeof meta)(zero)).toThrow(message);
    expect(registry.names()).toEqual([]);
  });

  test("refuses what is no function, and a name twice; a lazy one is imported once, when it is needed", async () => {
    const other = new MetricRegistry("metric");
    expect(() => other.register("knee", meta)(3 as never)).toThrow(/expected a function of the scored part/);
    let imports = 0;
    other.register("knee", { ...meta, unit: "cycles" })(lazy(async () => ((imports += 1), zero)));
    expect(() => other.register("knee", meta)).toThrow(/a metric named "knee" is already registered/);
    expect([imports, other.get("knee").unit]).toEqual([0, "cycles"]);
    expect(await other.get("knee").load()).toBe(zero);
    await other.get("knee").load();
    expect(imports).toBe(1);
    expect(() => other.get("kne")).toThrow('unknown metric "kne": did you mean "knee"?');
  });
});
