import { expect, test } from "vitest";
import { bestSoFar } from "../../../src/app/views/best-so-far.js";
import { bestTrialOf } from "../../../src/core/index.js";
import { duration, shortNumber } from "../../../src/cli/render.js";
import { terminalPlot } from "../../../src/cli/terminal-plot.js";
import { verdict } from "../../../src/cli/train-view.js";
import { prescan } from "../../../src/cli/parameter-options.js";
import type { Trial } from "../../../src/core/index.js";

test("numbers and durations as people read them", () => {
  expect([0.0123456, 12, 1e-7, 1234567.5, NaN, null].map((value) => shortNumber(value))).toEqual([
    "0.01235",
    "12",
    "1.00e-7",
    "1.23e+6",
    "NaN",
    "-",
  ]);
  expect([0.04, 9.96, 42.3, 125, 3723].map(duration)).toEqual(["0.0 s", "10.0 s", "42 s", "2:05", "1:02:03"]);
});

test("a plot is as wide as it was told and shows each line's name", async () => {
  const points = Array.from({ length: 500 }, (_, i) => [i, Math.sin(i / 50)] as const);
  const text = await terminalPlot([{ name: "wave", points }], { columns: 80, height: 8 });
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(text).toContain("wave");
  expect(text).toContain("0.999");
});

test("lines of a plot share the x axis: a short one ends where its values end", async () => {
  const line = (name: string, from: number, to: number, y: number) => ({
    name,
    points: Array.from({ length: to - from }, (_, i) => [from + i, y] as const),
  });
  const text = await terminalPlot([line("long", 0, 200, 1), line("short", 0, 100, 0)], { columns: 73, height: 4 });
  const drawn = text.split("\n").map((row) => row.split("─").length - 1);
  expect(Math.max(...drawn)).toBe(59);
  expect(drawn.filter((n) => n > 0).sort((a, b) => a - b)[0]).toBe(29);
  const gap = [{ name: "gap", points: [[0, 0] as const, [1, 0] as const, [9, 8] as const] }];
  expect(await terminalPlot(gap, { columns: 40 })).toContain("8.000");
});

test("a model that beats the mean fade but not a linear model is not praised for it", () => {
  const of = (rmse: number): string | null =>
    verdict("lstm", { metrics: { val_rmse: rmse }, baselines: { mean_change_rmse: 0.02, ridge_rmse: 0.015 } });
  expect(of(0.01)).toBe("lstm beats mean_change by 50.0 %");
  expect(of(0.018)).toBe("lstm beats mean_change by 10.0 %; ridge does better still (RMSE 0.015)");
  expect(of(0.03)).toMatch(/^lstm does NOT beat mean_change \(50\.0 % worse\)/);
  expect(verdict("lstm", { metrics: {}, baselines: {} })).toBeNull();
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
