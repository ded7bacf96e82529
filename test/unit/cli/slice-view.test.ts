import { expect, test } from "vitest";
import { createStudyState, float, categorical } from "../../../src/core/index.js";
import { slicesInWords } from "../../../src/cli/slice-view.js";
import { terminalGrid } from "../../../src/cli/terminal-grid.js";
import { header } from "../../../src/testing/study-records.js";
import { trialOf } from "../../fixtures/trials.js";

const space = { "train.lr": float(1e-4, 1, { log: true }), "train.optimizer": categorical(["adamw", "sgd"]) };
/** Values fall from 6 to 0 as the learning rate rises from 1e-4 to 1 in even steps of its logarithm. */
const trials = Array.from({ length: 7 }, (_, i) =>
  trialOf(i, { "train.lr": 10 ** (-4 + (4 * i) / 6), "train.optimizer": i < 3 ? "adamw" : "sgd" }, { value: 6 - i }),
);
const state = (count: number) => createStudyState(header("lab", { space }), trials.slice(0, count));

test("a grid has a row for each step from the greatest value to the least, empty ones too", async () => {
  const points = [
    [0, 4],
    [3, 0],
  ] as const;
  expect(await terminalGrid(points, 4, { height: 4, min: 0, max: 4, mode: "point" })).toEqual([
    "●",
    "",
    "",
    "",
    "   ●",
  ]);
  const level = [0, 1, 2].map((x) => [x, 2] as const);
  expect(await terminalGrid(level, 3, { height: 4, min: 0, max: 4, mode: "line" })).toEqual(["", "", "━━━", "", ""]);
});

test("slices: a point a trial on the parameter's own scale, choices below their place, within the width", async () => {
  const text = await slicesInWords(state(7), 80);
  const lines = text.split("\n");
  expect(lines[0]).toBe("val_rmse by parameter");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  // Seven trials, seven rows: the log scale makes a straight line of them.
  const rows = lines.filter((line) => line.includes("┤"));
  expect(rows).toHaveLength(7);
  const columns = rows.map((row) => row.indexOf("●"));
  const steps = columns.slice(1).map((column, i) => column - (columns[i] as number));
  expect(Math.max(...steps) - Math.min(...steps)).toBeLessThanOrEqual(1);
  expect(lines.some((line) => line.includes("train.lr (log)"))).toBe(true);
  expect(lines.at(-1)).toMatch(/1e-4 +1 +adamw +sgd$/);
  const narrow = (await slicesInWords(state(7), 40)).split("\n");
  expect(Math.max(...narrow.map((line) => line.length))).toBeLessThanOrEqual(40);
  expect(narrow.filter((line) => line.includes("┤"))).toHaveLength(14);
});

test("too few trials show nothing; values that are all the same and those that are not finite harm nothing", async () => {
  expect(await slicesInWords(state(4), 80)).toBe("");
  const same = trials.map((trial) => ({ ...trial, values: [trial.number === 3 ? NaN : 2] }));
  const text = await slicesInWords(
    createStudyState(
      header("lab", { space }),
      same.map(({ value: _, ...rest }) => rest),
    ),
    80,
  );
  expect(text).not.toMatch(/NaN|undefined/);
  expect(text.match(/●/g)?.length).toBeGreaterThan(6);
});
