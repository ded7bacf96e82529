import { expect, test } from "vitest";
import { bestSoFar, bestTrialOf } from "../../../src/core/index.js";
import { duration, renderTable, shortNumber } from "../../../src/cli/render.js";
import { shown } from "../../../src/cli/io.js";
import { terminalPlot } from "../../../src/cli/terminal-plot.js";
import { verdict } from "../../../src/cli/baselines-view.js";
import { prescan } from "../../../src/cli/parameter-options.js";
import type { Trial } from "../../../src/core/index.js";

test("numbers and durations as people read them", () => {
  expect([0.0123456, 12, 1e-7, 1234567.5, NaN, null].map((value) => shortNumber(value))).toEqual([
    "0.01235",
    "12",
    "1e-7",
    "1.235e+6",
    "NaN",
    "-",
  ]);
  // As many digits on either side of 0.0001, and no zeros that say nothing.
  expect([0.000123456, 0.0000123456, 1.5e-5, 1e-300].map((value) => shortNumber(value))).toEqual([
    ...["0.0001235", "1.235e-5", "1.5e-5", "1e-300"],
  ]);
  expect([0.1, 0.00025, 1, 0].map((value) => shortNumber(value, 4, true))).toEqual(["1e-1", "2.5e-4", "1e+0", "0"]);
  expect([0, 0.0004, 0.0996, 9.96, 42.3, 125, 3723].map(duration)).toEqual(
    // Never 0.0 s for what took some time.
    ["0.0 s", "< 1 ms", "0.1 s", "10.0 s", "42 s", "2:05", "1:02:03"],
  );
  expect(duration(0.0123)).toBe("12 ms");
});

test("a plot is as wide as it was told and shows each line's name", async () => {
  const points = Array.from({ length: 500 }, (_, i) => [i, Math.sin(i / 50)] as const);
  const text = await terminalPlot([{ name: "wave", points }], { columns: 80, height: 8 });
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(text).toContain("wave");
  expect(text).toContain("0.999");
});

test("the digits of a plot's axis tell its values apart, however close they are", async () => {
  const points = Array.from({ length: 40 }, (_, i) => [i, 0.018651 - i * 1e-8] as const);
  const text = await terminalPlot([{ name: "best", points }], { columns: 80, height: 8, digits: 5 });
  const labels = text.split("\n").flatMap((line) => /^ *(\d+\.\d+) /.exec(line)?.[1] ?? []);
  expect(labels.length).toBeGreaterThan(7);
  expect(new Set(labels).size).toBe(labels.length);
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
});

test("a line that never changes can be read on the axis, however small its value", async () => {
  const text = await terminalPlot([{ name: "best", points: [1, 2, 3].map((i) => [i, 2.3e-6] as const) }], {
    digits: 5,
  });
  const labels = text.split("\n").flatMap((line) => /^ *(-?\d+\.\d+) /.exec(line)?.[1] ?? []);
  expect(new Set(labels).size).toBe(labels.length);
  expect(labels.every((label) => Number(label) > 0)).toBe(true);
  expect(labels[Math.floor(labels.length / 2)]).toMatch(/^0\.0000023/);
});

test("a cell of several lines stays on its row", () => {
  const table = renderTable([{ title: "note", text: (row: string) => row }], ["a\n  b\r\nc\n", "d"]);
  expect(shown(table).split("\n")).toEqual(["note", "a b c", "d"]);
});

test("lines of a plot share the x axis: a short one ends where its values end", async () => {
  const line = (name: string, from: number, to: number, y: number) => ({
    name,
    points: Array.from({ length: to - from }, (_, i) => [from + i, y] as const),
  });
  const text = await terminalPlot([line("long", 0, 200, 1), line("short", 0, 100, 0)], { columns: 73, height: 4 });
  const [top = "", ...rows] = text.split("\n").filter((row) => /[┤┼]/.test(row));
  expect(top.match(/o/g)).toHaveLength(60);
  expect(rows.at(-1)?.match(/x/g)).toHaveLength(30);
  const gap = [{ name: "gap", points: [[0, 0] as const, [1, 0] as const, [9, 8] as const] }];
  expect(await terminalPlot(gap, { columns: 40 })).toContain("8.000");
});

const four = { persistence_rmse: 0.05, linear_rmse: 0.012, mean_change_rmse: 0.02, ridge_rmse: 0.015 };

test("the verdict names the best baseline, whichever it is", () => {
  const of = (rmse: number, baselines: Record<string, number> = four): string | null =>
    verdict("lstm", { metrics: { val_rmse: rmse }, baselines });
  expect(of(0.009)).toBe("lstm beats the best baseline, linear (RMSE 0.012), by 25.0 %");
  expect(of(0.015)).toBe(
    "lstm does NOT beat the best baseline, linear (RMSE 0.012): 25.0 % worse, though 25.0 % better than mean_change",
  );
  expect(of(0.03)).toBe(
    "lstm does NOT beat the best baseline, linear (RMSE 0.012): 150.0 % worse; it has learned nothing beyond the mean fade",
  );
  for (const name of ["persistence", "linear", "mean_change", "ridge"])
    expect(of(0.005, { ...four, [`${name}_rmse`]: 0.01 })).toBe(
      `lstm beats the best baseline, ${name} (RMSE 0.01), by 50.0 %`,
    );
});

test("a verdict is given on what is scored: without a training part, on the test part, and none without numbers", () => {
  const { persistence_rmse, linear_rmse } = four;
  const untrained = { persistence_rmse, linear_rmse };
  expect(verdict("gru", { metrics: { test_rmse: 0.024 }, baselines: untrained })).toBe(
    "gru does NOT beat the best baseline, linear (RMSE 0.012): 100.0 % worse",
  );
  expect(verdict("gru", { metrics: { val_rmse: 0.024 }, baselines: { ...four, linear_rmse: NaN } })).toContain("ridge");
  expect(verdict("lstm", { metrics: {}, baselines: four })).toBeNull();
  expect(verdict("lstm", { metrics: { val_rmse: 0.01 }, baselines: {} })).toBeNull();
});

test("the best trial and its history go by finishing order and direction, over complete trials only", () => {
  const trial = (number: number, value: number | null, finish_index: number, state = "complete"): Trial =>
    ({ number, value, finish_index, state }) as Trial;
  const trials = [trial(0, 3, 1), trial(1, null, 0, "pruned"), trial(2, 1, 3), trial(3, 2, 2)];
  expect(bestTrialOf(trials, "minimize")?.number).toBe(2);
  expect(bestTrialOf(trials, "maximize")?.number).toBe(0);
  expect(bestSoFar(trials, "minimize")).toEqual([
    [2, 3],
    [3, 2],
    [4, 1],
  ]);
});

test("the first look at a line finds model, dataset and plug-ins among options that are not known yet", () => {
  const line = ["--hidden-size", "8", "--model", "mlp", "--plugin", "a.mjs", "--dataset=nasa", "--plugin", "b.mjs"];
  expect(prescan(line)).toMatchObject({ model: "mlp", dataset: "nasa", plugin: ["a.mjs", "b.mjs"] });
});

test("a value that stays the same is drawn in the middle of an axis of its own size", async () => {
  const points = Array.from({ length: 5 }, (_, i) => [i, 0.0084368] as const);
  const text = await terminalPlot([{ name: "best", points }], { columns: 80, height: 8, digits: 5 });
  const labels = text.split("\n").flatMap((line) => /^ *(-?\d+\.\d+) /.exec(line)?.[1] ?? []);
  expect(Math.min(...labels.map(Number))).toBeGreaterThan(0.007);
  expect(Math.max(...labels.map(Number))).toBeLessThan(0.01);
  expect(new Set(labels).size).toBe(labels.length);
  expect(await terminalPlot([{ name: "nought", points: [[0, 0]] }], { height: 8 })).toContain("1.000");
});
