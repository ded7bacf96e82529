/** A checkpoint on other tables than the one that it was trained on: columns by name, new cells, forecasts. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCheckpoint, writeCheckpoint } from "../../../src/training/checkpoint.js";
import { evaluateCheckpoint } from "../../../src/training/evaluate.js";
import { predictCheckpoint } from "../../../src/training/predict.js";
import type { Prediction } from "../../../src/training/prediction.js";
import { run } from "../../../src/training/run.js";
import type { Row } from "../../fixtures/csv/battery-tables.js";
import { csvText, fadingRows } from "../../fixtures/csv/battery-tables.js";

const folder = mkdtempSync(join(tmpdir(), "mlbench-other-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "lstm.safetensors");
const other = join(folder, "other.safetensors");
const columns = ["cell", "cycle", "soh", "temp", "ir"];
const rows = fadingRows(["A", "B", "C"], 60);
const ofN = fadingRows(["x", "y", "z", "N"], 70).filter(({ cell }) => cell === "N");

function write(name: string, table: readonly Row[], names = columns): Record<string, string> {
  writeFileSync(join(folder, name), csvText(table, names));
  return { "data.path": name };
}

const at = (params: Record<string, string | number>) => ({ params, baseDir: folder });
const evaluateOn = (params: Record<string, string | number>) => evaluateCheckpoint(file, at(params));

beforeAll(async () => {
  const params = { ...write("a.csv", rows), "data.window": 10, "data.horizon": 5, "train.epochs": 3 };
  const train = (seed: number, more: Record<string, string | number>, checkpoint: string) =>
    run({ model: "lstm", dataset: "csv", seed, params: { ...params, ...more } }, { checkpoint, baseDir: folder });
  await train(1, {}, file);
  await train(2, { "data.window": 12, "data.features": "ir,soh" }, other);
});

describe("columns are bound by name", () => {
  const permuted = [
    ["cell", "cycle", "soh", "ir", "temp"],
    ["ir", "temp", "soh", "cycle", "cell"],
  ];
  test.each(permuted)("in any order, to the last bit, baselines included: %s %s %s %s %s", async (...names) => {
    const [before, after] = [await evaluateOn({}), await evaluateOn(write("b.csv", rows, names))];
    expect(after).toEqual(before);
    expect(after.warnings).toEqual([]);
  });

  test("further columns are passed over", async () => {
    const more = rows.map((row, i) => ({ ...row, aaa: i % 7 }));
    expect(await evaluateOn(write("more.csv", more, ["aaa", ...columns]))).toEqual(await evaluateOn({}));
  });

  test.each([
    ["renamed", ["cell", "cycle", "soh", "temp", "resistance"], "ir", "soh, temp, resistance"],
    ["missing, another in its place", ["cell", "cycle", "soh", "other", "ir"], "temp", "soh, other, ir"],
  ])("a trained one that is %s is refused by name", async (_what, names, lacking, has) => {
    const renamed = rows.map((row) => ({ ...row, resistance: row["ir"] as number, other: row["temp"] as number }));
    await expect(evaluateOn(write("less.csv", renamed, names))).rejects.toMatchObject({
      code: "dataset-mismatch",
      exitCode: 2,
      message: `${file} was trained on the features soh, temp, ir; these data lack ${lacking} (they have ${has})`,
    });
  });

  test("also under a choice of features, and on another dataset", async () => {
    const { message } = (await evaluateCheckpoint(other, at({ "data.features": "soh" })).catch(
      (e: unknown) => e,
    )) as Error;
    expect(message).toMatch(/was trained on the features ir, soh; these data lack ir \(they have soh\)/);
    await expect(evaluateCheckpoint(file, { dataset: "dummy" })).rejects.toThrow(/these data lack temp, ir/);
  });

  test("a checkpoint that names none takes them by place, as before", async () => {
    const old = join(folder, "old.safetensors");
    await writeCheckpoint(old, { ...(await readCheckpoint(file)), data: null });
    expect((await evaluateCheckpoint(old, at({}))).metrics).toEqual((await evaluateOn({})).metrics);
  });
});

describe("new cells", () => {
  const lines = (prediction: Prediction, cell = "N"): string[] =>
    [...prediction.csvLines()].filter((line) => line.startsWith(`${cell},`));

  test("one alone: the rows that it has beside another cell; no part is asked for", async () => {
    const alone = await predictCheckpoint(file, at(write("one.csv", ofN)));
    const beside = await predictCheckpoint(file, at(write("two.csv", [...rows, ...ofN])));
    const strangers = await predictCheckpoint(file, at(write("three.csv", [...fadingRows(["M"], 40), ...ofN])));
    // 70 - 10 - 5 + 1 windows of 5 steps.
    expect(lines(alone)).toHaveLength(56 * 5);
    expect(lines(beside)).toEqual(lines(alone));
    expect(lines(beside, "C")).toEqual([]);
    expect(lines(strangers)).toEqual(lines(alone));
    expect(alone.part).toBeNull();
  });

  test("what was trained with is the validation part, as ever", async () => {
    const prediction = await predictCheckpoint(file, at({}));
    expect(prediction.part).toBe("val");
    expect(lines(prediction, "C")).toHaveLength(46 * 5);
    expect(prediction.windows).toBe(46);
  });

  test("one alone is scored beside the baselines that need no training part, under any name of its part", async () => {
    const params = write("one.csv", ofN);
    const scored = await evaluateOn(params);
    expect(scored).toMatchObject({ split: "val", windows: 56, warnings: [] });
    expect(scored.metrics["val_rmse"]).toBeGreaterThan(0);
    expect(Object.keys(scored.baselines).filter((name) => name.endsWith("_rmse"))).toEqual([
      "persistence_rmse",
      "linear_rmse",
      "mean_change_rmse",
    ]);
    expect(await evaluateOn({ ...params, "data.val_cells": "N" })).toEqual(scored);
    const test = await evaluateCheckpoint(file, { ...at({ ...params, "data.test_cells": "N" }), split: "test" });
    expect(test.metrics["test_rmse"]).toBe(scored.metrics["val_rmse"]);
    // The persistence of a table that this test can compute: the mean square of SOH(e + h) - SOH(e).
    const soh = ofN.map((row) => row["soh"] as number);
    let squares = 0;
    for (let e = 9; e + 5 < 70; e++)
      for (let h = 1; h <= 5; h++) squares += ((soh[e + h] as number) - (soh[e] as number)) ** 2;
    expect(scored.baselines["persistence_rmse"]).toBeCloseTo(Math.sqrt(squares / 280), 6);
  });

  test("cells that the stored split names need not be there", async () => {
    const held = join(folder, "held.safetensors");
    const params = { ...write("a.csv", rows), "data.window": 10, "data.horizon": 5, "train.epochs": 1 };
    const cells = { "data.test_cells": "B", "data.val_cells": "A" };
    const config = { model: "lstm", dataset: "csv", seed: 1, params: { ...params, ...cells } };
    await run(config, { checkpoint: held, baseDir: folder });
    expect((await evaluateCheckpoint(held, at(write("one.csv", ofN)))).windows).toBe(56);
    await expect(evaluateCheckpoint(held, at({ "data.val_cells": "X" }))).rejects.toThrow(/no cell "X"/);
  });
});

describe("forecasts", () => {
  test("the newest window of each cell, cycles going on, no truth", async () => {
    const short = ofN.slice(0, 10).map((row) => ({ ...row, cell: "S" }));
    const table = write("ahead.csv", [...ofN, ...short, ...fadingRows(["T"], 9)]);
    const prediction = await predictCheckpoint(file, { ...at(table), forecast: true });
    const ahead = [...prediction.rows()].filter((row) => Number.isNaN(row.soh_true));
    expect(ahead.map(({ cell, cycle, step }) => [cell, cycle, step])).toEqual([
      ...[1, 2, 3, 4, 5].map((step) => ["N", 70 + step, step]),
      ...[1, 2, 3, 4, 5].map((step) => ["S", 10 + step, step]),
    ]);
    const csv = [...prediction.csvLines()].slice(-1)[0] as string;
    expect(csv).toMatch(/^S,15,5,,0\.\d+\n$/);
    // The window N[60..69] has a truth within the data only up to cycle 70: what it predicts is told once, as a forecast.
    const known = [...prediction.rows()].filter((row) => row.cell === "N" && !Number.isNaN(row.soh_true));
    expect(known).toHaveLength(280);
    // S is N's first ten cycles: its forecast is what N's first window predicts.
    expect(ahead.slice(5).map((row) => row.soh_pred)).toEqual(known.slice(0, 5).map((row) => row.soh_pred));
  });

  test("say when the end of life comes: measured, within the horizon, or not", async () => {
    const table = write("ahead.csv", ofN);
    const of = async (eol: number) =>
      (await predictCheckpoint(file, { ...at({ ...table, "data.eol": eol }), forecast: true })).forecasts()[0];
    const path = [...(await predictCheckpoint(file, { ...at(table), forecast: true })).rows()].slice(-5);
    const soh = ofN.map((row) => row["soh"] as number);
    expect(await of(0.01)).toMatchObject({ last_cycle: 70, end_of_life_cycle: null, remaining_life: null });
    const within = path[2]?.soh_pred as number;
    const first = path.findIndex((row) => row.soh_pred <= within) + 1;
    const least = Math.min(...soh);
    if (within < least) {
      // A path that is at the end of life in a cycle crosses it there.
      const end = { end_of_life_cycle: 70 + first, remaining_life: first, end_of_life_at: 70 + first };
      expect(await of(within)).toMatchObject(end);
    }
    const measured = soh.findIndex((value) => value <= 0.8) + 1;
    expect(await of(0.8)).toMatchObject({ end_of_life_cycle: measured, remaining_life: 0, end_of_life_at: null });
  });

  test("an end of life among dropped cycles behind the last one that is seen lies ahead", async () => {
    const straight = Array.from({ length: 100 }, (_, i) => ({ cell: "N", cycle: i + 1, soh: 1 - (i + 1) / 400 }));
    const table = write(
      "dropped.csv",
      straight.map((row) => ({ ...row, temp: 25, ir: 0.1 })),
    );
    // Which cycles are dropped is drawn: with a seed whose last ones are among them.
    const dropped = { ...table, "data.drop_cycles": 0.7, "data.drop_seed": 2 };
    const of = async (eol: number) =>
      (await predictCheckpoint(file, { ...at({ ...dropped, "data.eol": eol }), forecast: true })).forecasts()[0];
    const { last_cycle = NaN, last_soh = NaN } = (await of(0.01)) ?? {};
    expect(last_cycle).toBeLessThan(100);
    expect(last_soh).toBeCloseTo(1 - last_cycle / 400, 6);
    // The truth is at or below it at cycle 100 alone; a cell of which more is seen is past it.
    expect((await of(0.75))?.remaining_life).not.toBe(0);
    const seen = { end_of_life_cycle: last_cycle, remaining_life: 0, end_of_life_at: null };
    expect(await of(1 - last_cycle / 400)).toMatchObject(seen);
  });

  test("a life ends where the checkpoint's did, on another dataset as well; what is given comes first", async () => {
    const early = join(folder, "early.safetensors");
    const params = { ...write("a.csv", rows), "data.window": 10, "data.horizon": 5, "data.features": "soh" };
    const config = {
      model: "mlp",
      dataset: "csv",
      seed: 1,
      params: { ...params, "data.eol": 0.85, "train.epochs": 1 },
    };
    await run(config, { checkpoint: early, baseDir: folder });
    const eolOf = async (given: Record<string, number>) =>
      (await predictCheckpoint(early, { dataset: "dummy", params: { "data.cells": 2, ...given }, baseDir: folder }))
        .eol;
    expect([await eolOf({}), await eolOf({ "data.eol": 0.8 })]).toEqual([0.85, 0.8]);
  });

  test("a cell of the window's length has a forecast, and nothing else", async () => {
    const table = write("window.csv", ofN.slice(0, 10));
    expect((await predictCheckpoint(file, { ...at(table), forecast: true })).windows).toBe(1);
    await expect(predictCheckpoint(file, at(table))).rejects.toThrow(
      "no window has its whole truth in these data: one takes 10 + 5 cycles of a cell, the longest has 10; --forecast",
    );
  });

  test("a cell shorter than the window, alone, is refused", async () => {
    const table = write("tiny.csv", ofN.slice(0, 9));
    await expect(predictCheckpoint(file, { ...at(table), forecast: true })).rejects.toThrow(
      "no cell has the 10 cycles that a window takes",
    );
  });
});

describe("several checkpoints", () => {
  test("their mean, and the 5 and 95 % quantiles over them, on windows that all of them have", async () => {
    const table = at(write("one.csv", ofN));
    const [both, one, two] = await Promise.all([
      predictCheckpoint([file, other], { ...table, forecast: true }),
      predictCheckpoint(file, { ...table, forecast: true }),
      predictCheckpoint(other, { ...table, forecast: true }),
    ]);
    // The longer window has 70 - 12 - 5 + 1 of them; its first one ends two cycles later.
    const [a, b] = [[...one.rows()].slice(2 * 5), [...two.rows()]];
    const rowsOfBoth = [...both.rows()];
    expect(rowsOfBoth).toHaveLength((54 + 1) * 5);
    for (const [i, row] of rowsOfBoth.entries()) {
      const [x, y] = [a[i]?.soh_pred as number, b[i]?.soh_pred as number];
      expect(row).toMatchObject({ cell: "N", cycle: b[i]?.cycle, step: b[i]?.step, soh_true: b[i]?.soh_true });
      expect(row.soh_pred).toBeCloseTo((x + y) / 2, 6);
      // Of two values the quantiles are 5 % and 95 % of the way between them.
      expect(row.soh_low).toBeCloseTo(Math.min(x, y) + 0.05 * Math.abs(x - y), 6);
      expect(row.soh_high).toBeCloseTo(Math.min(x, y) + 0.95 * Math.abs(x - y), 6);
    }
    expect([...both.csvLines()][0]).toBe("cell,cycle,step,soh_true,soh_pred,soh_low,soh_high\n");
  });

  test("of one horizon", async () => {
    const short = join(folder, "short.safetensors");
    const params = { ...write("a.csv", rows), "data.window": 10, "data.horizon": 3, "train.epochs": 1 };
    await run({ model: "lstm", dataset: "csv", seed: 1, params }, { checkpoint: short, baseDir: folder });
    await expect(predictCheckpoint([file, short], at({}))).rejects.toThrow(/was trained with data.horizon 3/);
  });

  test("of one meaning of SOH: a share of the nominal capacity is none of the first one", async () => {
    const names = columns.map((name) => (name === "soh" ? "capacity" : name));
    const inAh = rows.map(({ soh, ...row }) => ({ ...row, capacity: 2.1 * (soh as number) }));
    const common = { ...write("ah.csv", inAh, names), "data.window": 10, "data.horizon": 3, "train.epochs": 1 };
    const files = { first: {}, nominal: { "data.nominal_capacity": 2 }, other: { "data.nominal_capacity": 2.2 } };
    const [first, nominal, twice] = Object.keys(files).map((name) => join(folder, `${name}.safetensors`));
    for (const [name, more] of Object.entries(files)) {
      const params = { ...common, ...more };
      const checkpoint = join(folder, `${name}.safetensors`);
      await run({ model: "mlp", dataset: "csv", seed: 1, params }, { checkpoint, baseDir: folder });
    }
    await expect(predictCheckpoint([first as string, nominal as string], at({}))).rejects.toMatchObject({
      code: "dataset-mismatch",
      message: expect.stringMatching(/nominal\.safetensors was trained with data\.soh_reference nominal/) as string,
    });
    await expect(predictCheckpoint([nominal as string, twice as string], at({}))).resolves.toMatchObject({
      members: 2,
    });
  });
});

test("a folder with data and checkpoint can be moved, and used from anywhere", async () => {
  const project = join(folder, "project");
  mkdirSync(join(project, "data"), { recursive: true });
  write("project/data/a.csv", rows);
  const params = { "data.path": join(project, "data", "a.csv"), "data.window": 10, "train.epochs": 1 };
  const checkpoint = join("studies", "s.files", "00001", "best.safetensors");
  mkdirSync(join(project, "studies", "s.files", "00001"), { recursive: true });
  const config = { model: "lstm", dataset: "csv", seed: 1, params };
  await run(config, { checkpoint: join(project, checkpoint), baseDir: project });
  const before = await evaluateCheckpoint(join(project, checkpoint));
  const stored = (await readCheckpoint(join(project, checkpoint))).config.params?.["data.path"];
  expect(stored).toBe("data/a.csv");
  renameSync(project, join(folder, "moved"));
  const moved = join(folder, "moved", checkpoint);
  expect(await evaluateCheckpoint(moved)).toEqual(before);
  expect(await evaluateCheckpoint(moved, { baseDir: join(folder, "moved") })).toEqual(before);
  // Going on names the same file by another path.
  const again = { ...config, params: { ...params, "data.path": "data/a.csv", "train.epochs": 2 } };
  const resumed = await run(again, { resume: moved, baseDir: join(folder, "moved") });
  expect(resumed.epoch).toBe(2);
});
