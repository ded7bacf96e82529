import { describe, expect, test } from "vitest";
import { blankTrial } from "../../../src/core/index.js";
import { gridFields, axisRange, rectangleRanges, trialOf } from "../../../web/app/charts/brushing.js";
import {
  marksOf,
  parallelLayout,
  rangeBetween,
  shareAt,
  sharesOfRange,
  yOf,
} from "../../../web/app/charts/parallel/layout.js";
import { valueAtShare } from "../../../web/app/columns/axes.js";
import type { AxisScale } from "../../../web/app/columns/axes.js";
import { StudyQueries } from "../../../web/app/columns/study-queries.js";
import { noFilter } from "../../../web/app/filter/filter.js";
import { flattened, settingRows, spaceRows } from "../../../web/app/pages/compare/differences.js";
import { endOf, harmlessText } from "../../../web/app/pages/trial/log-text.js";
import { CellCache } from "../../../web/app/pages/trials/cell-cache.js";
import { rowsInView, scrolledTo } from "../../../web/app/pages/trials/fixed-rows.js";
import { placeAfter } from "../../../web/app/pages/trials/grid-keys.js";
import { combinations, isActive, readValues } from "../../../web/app/trial-actions/parameter-values.js";
import type { StudyDetail } from "../../../web/app/api/types.js";
import { columnsOf, space } from "./columns-of.js";

describe("the table of trials", () => {
  test("rows in view are those under the window, and some beyond", () => {
    const size = { count: 100_000, row: 34, head: 34 };
    expect(rowsInView(0, 374, size)).toEqual({ from: 0, to: 18, page: 10 });
    expect(rowsInView(34_000, 374, size)).toEqual({ from: 992, to: 1018, page: 10 });
    expect(rowsInView(3_399_660, 374, size)).toMatchObject({ to: 100_000 });
    // Fewer rows than it was scrolled to: the filter took the others away.
    expect(rowsInView(34_000, 374, { ...size, count: 3 })).toEqual({ from: 3, to: 3, page: 10 });
    expect(rowsInView(0, 0, size).to).toBe(8);
  });

  test("a row that is not in view is scrolled to, no further than it must", () => {
    const size = { row: 34, head: 34 };
    expect([scrolledTo(0, 100, 374, size), scrolledTo(5, 0, 374, size), scrolledTo(20, 0, 374, size)]).toEqual([
      0,
      null,
      374,
    ]);
  });

  test("keys lead as the ARIA practices say", () => {
    const size = { rows: 100, columns: 6, page: 10 };
    const from = (row: number, column: number, key: string, ctrlKey = false) =>
      placeAfter({ key, ctrlKey }, { row, column }, size);
    expect(from(0, 1, "ArrowUp")).toEqual({ row: -1, column: 1 });
    expect(from(-1, 1, "ArrowUp")).toEqual({ row: -1, column: 1 });
    expect(from(-1, 1, "ArrowDown")).toEqual({ row: 0, column: 1 });
    expect(from(99, 5, "ArrowRight")).toEqual({ row: 99, column: 5 });
    expect(from(95, 2, "PageDown")).toEqual({ row: 99, column: 2 });
    expect(from(-1, 2, "PageDown")).toEqual({ row: 10, column: 2 });
    expect(from(3, 2, "PageUp")).toEqual({ row: 0, column: 2 });
    expect([from(50, 3, "Home"), from(50, 3, "End")]).toEqual([
      { row: 50, column: 0 },
      { row: 50, column: 5 },
    ]);
    expect([from(50, 3, "Home", true), from(50, 3, "End", true)]).toEqual([
      { row: 0, column: 0 },
      { row: 99, column: 5 },
    ]);
    expect(from(0, 0, "x")).toBeNull();
  });

  test("cells are fetched one request at a time, the last ones that came into view next", async () => {
    const asked: (readonly number[])[] = [];
    const answers: (() => void)[] = [];
    let changes = 0;
    const cache = new CellCache(
      (numbers) => {
        asked.push(numbers);
        return new Promise((resolve) => answers.push(() => resolve({ revision: 5, rows: numbers.map((n) => [n]) })));
      },
      () => changes++,
    );
    const answer = async () => {
      answers.shift()?.();
      await new Promise(setImmediate);
    };
    cache.want([1, 2], 5);
    cache.want([3, 4], 5);
    cache.want([2, 9], 5);
    expect(asked).toEqual([[1, 2]]);
    await answer();
    expect(asked).toEqual([[1, 2], [9]]);
    await answer();
    expect([cache.at(1), cache.at(9), cache.at(3), changes]).toEqual([[1], [9], undefined, 2]);
    // What has changed is shown as it was until the answer is there.
    cache.want([2], 6);
    expect([asked.at(-1), cache.at(2)]).toEqual([[2], [2]]);
  });
});

const scale = (given: Partial<AxisScale>): AxisScale => ({
  ...{ name: "x", group: "parameter", log: false, whole: false, choices: null, low: 0, high: 1 },
  ...given,
});

describe("parallel axes", () => {
  test("marks are round numbers within the axis", () => {
    const texts = (given: Partial<AxisScale>, most = 6) => marksOf(scale(given), most).map(({ text }) => text);
    expect(texts({ low: 0.013, high: 0.094 })).toEqual(["0.02", "0.04", "0.06", "0.08"]);
    expect(texts({ low: 1e-5, high: 0.1, log: true })).toEqual(["1e-5", "1e-4", "0.001", "0.01", "0.1"]);
    expect(texts({ low: 8, high: 128, log: true })).toEqual(["10", "100"]);
    expect(texts({ low: 1, high: 4, whole: true }, 20)).toEqual(["1", "2", "3", "4"]);
    expect(texts({ choices: ["adam", "sgd"], high: 1 })).toEqual(["adam", "sgd"]);
    expect(texts({ low: 3, high: 3 })).toEqual(["3"]);
    for (const { share } of marksOf(scale({ low: 1e-5, high: 0.1, log: true }), 6))
      expect(share).toBeGreaterThan(-1e-9);
  });

  test("axes share the width, and scroll where that is too narrow", () => {
    const scales = [scale({}), scale({ name: "y" }), scale({ name: "z" })];
    const wide = parallelLayout(scales, 620, 300);
    expect([wide.width, ...wide.axes.map(({ x }) => x)]).toEqual([620, 56, 306, 556]);
    expect(parallelLayout(scales, 200, 300).width).toBe(56 + 64 + 2 * 84);
    expect(yOf(wide, 1)).toBe(wide.top);
    expect(shareAt(wide, yOf(wide, 0.25))).toBeCloseTo(0.25, 12);
  });

  test("a drag along an axis is a range, which is drawn where the drag was", () => {
    const lr = scale({ low: 1e-4, high: 1, log: true });
    expect(rangeBetween(lr, 0.75, 0.25)).toEqual({ low: 0.001, high: 0.1 });
    expect(sharesOfRange(lr, { low: 0.001, high: 0.1 })?.map((share) => Number(share.toFixed(6)))).toEqual([
      0.25, 0.75,
    ]);
    expect(rangeBetween(lr, -0.1, 1)).toBeNull();
    expect(rangeBetween(lr, 0.5, 1)).toEqual({ low: 0.01, high: null });
    const whole = scale({ low: 8, high: 64, whole: true });
    expect(rangeBetween(whole, 0.24, 0.51)).toEqual({ low: 21, high: 37 });
    const choices = scale({ choices: ["a", "b", "c"], high: 2 });
    expect(rangeBetween(choices, 0.4, 1)).toEqual({ choices: ["b", "c"] });
    expect(rangeBetween(choices, 0, 1)).toBeNull();
    expect(sharesOfRange(choices, { choices: ["b"] })).toEqual([0.3, 0.7]);
    expect(sharesOfRange(choices, { choices: ["gone"] })).toBeNull();
    expect(valueAtShare(lr, 0.5)).toBeCloseTo(0.01, 12);
  });
});

describe("rectangles on charts", () => {
  const trials = Array.from({ length: 12 }, (_, i) =>
    blankTrial(i, {
      ...{ state: "complete", values: [1 + i], finish_index: i, seconds: 5 },
      params: {
        "train.lr": 10 ** -(1 + (i % 4)),
        "model.hidden_size": 8 + i,
        "train.optimizer": i % 2 === 0 ? "sgd" : "adamw",
        "model.bias": true,
      },
    }),
  );
  const queries = new StudyQueries("lab");
  queries.load(columnsOf(trials));
  const plot = (kind: "slice" | "contour" | "rank" | "history" | "edf" | "tradeoff", params?: string[]) =>
    queries.plot({ kind, filter: noFilter, width: 760, params });

  test("every grid is of the fields that its axes show", () => {
    const fields = (kind: Parameters<typeof plot>[0], params?: string[]) => {
      const { option, table } = plot(kind, params);
      return [option["grid"]].flat().map((_, grid) => gridFields(kind, table.columns, ["val_rmse"], grid));
    };
    expect(fields("slice", ["train.lr", "train.optimizer"])).toEqual([
      { x: "train.lr", y: "val_rmse" },
      { x: "train.optimizer", y: "val_rmse" },
    ]);
    expect(fields("contour", ["train.lr", "train.optimizer"])).toEqual([{ x: "train.lr", y: "train.optimizer" }]);
    expect(fields("rank", ["train.lr", "train.optimizer", "model.bias"])).toEqual([
      { x: "train.lr", y: "train.optimizer" },
      { x: "train.lr", y: "model.bias" },
      { x: "train.optimizer", y: "model.bias" },
    ]);
    expect(fields("history")).toEqual([{ y: "val_rmse" }]);
    expect(fields("edf")).toEqual([{ x: "val_rmse" }]);
    expect(fields("tradeoff")).toEqual([{ x: "val_rmse", y: "seconds" }]);
  });

  test("corners are ranges, of names those between them", () => {
    const { option } = plot("contour", ["train.lr", "train.optimizer"]);
    expect(
      rectangleRanges(option, { x: "train.lr", y: "train.optimizer" }, 0, [0.01, 0.9], [0.0012345678, 1.2]),
    ).toEqual([
      ["train.lr", { low: 0.001235, high: 0.01 }],
      ["train.optimizer", { choices: ["sgd"] }],
    ]);
    expect(axisRange({ type: "category", data: ["a", "b"] }, -1, 5)).toBeNull();
    expect(axisRange({ type: "value" }, NaN, 5)).toBeNull();
  });

  test("a point is the trial that its series says", () => {
    const { option } = plot("history");
    const series = option["series"] as readonly { readonly data: readonly unknown[] }[];
    expect(trialOf(option, 0, series[0]?.data[3])).toBe(3);
    expect(trialOf(option, 1, series[1]?.data[0])).toBeNull();
    expect(trialOf(option, undefined, [1, 2, 3])).toBeNull();
  });
});

test("what was printed does nothing in a page", () => {
  expect(
    harmlessText("\u001b[31mred\u001b[0m \u001b]0;title\u0007ok \u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\"),
  ).toBe("red ok link");
  expect(harmlessText("10%\r50%\r100%\r\nnext\r\n")).toBe("100%\nnext\n");
  expect(harmlessText("a\u0000b\u0007c\u007fd\u009be\tf")).toBe("a␀b␇c␡d�e\tf");
  expect(harmlessText("x\u202egnp.exe\u2066y")).toBe("x�gnp.exe�y");
  expect(harmlessText("<b>\u001b")).toBe("<b>␛");
  expect(endOf("one\ntwo\nthree\n", 8)).toEqual({ text: "three\n", cut: 8 });
  expect(endOf("short")).toEqual({ text: "short", cut: 0 });
});

describe("parameters as they are typed", () => {
  const lr = space["train.lr"] as (typeof space)[string];
  test("numbers within the range, one or several; a choice by its text", () => {
    expect(readValues(lr, "1e-3, 0.01")).toEqual({ values: [0.001, 0.01] });
    expect(readValues(lr, " ")).toEqual({ values: [] });
    expect(readValues(lr, "0,01")).toEqual({ problem: "0 is not within 0.00001 to 0.1, log" });
    expect(readValues(lr, "fast")).toEqual({ problem: '"fast" is no number (decimals have a point)' });
    expect(readValues(space["model.hidden_size"] as typeof lr, "8.5")).toEqual({ problem: "8.5 is no whole number" });
    expect(readValues(space["model.bias"] as typeof lr, "true")).toEqual({ values: [true] });
    expect(readValues(space["train.optimizer"] as typeof lr, "adam")).toEqual({ problem: "none of adamw, sgd, 7" });
  });

  test("every combination is a trial, and what means nothing is left out", () => {
    expect(combinations({ a: [1, 2], b: [], c: ["x"] })).toEqual([
      { a: 1, c: "x" },
      { a: 2, c: "x" },
    ]);
    const momentum = space["train.momentum"] as typeof lr;
    expect(["sgd", "adamw"].map((optimizer) => isActive(momentum, () => optimizer))).toEqual([true, false]);
  });
});

test("studies side by side: what differs is marked, and settings that are alike are left out", () => {
  const detail = (changes: Record<string, unknown>) =>
    ({
      space,
      fixed: { "train.epochs": 30 },
      sampler: { name: "tpe", options: { n: 1 } },
      pruner: { name: "nop", options: {} },
      settings: { on_nan: "fail" },
      objectives: [],
      seed: 1,
      kind: "model",
      task: { model: ["a", "b"] },
      ...changes,
    }) as unknown as StudyDetail;
  const other = detail({
    space: { "train.lr": { type: "float", low: 1, high: 2, log: false, step: null } },
    fixed: { "train.epochs": 30, "data.lr": 0.5 },
    sampler: { name: "tpe", options: { n: 2 } },
  });
  const spaces = spaceRows([detail({}), other]);
  expect(spaces[0]).toEqual({
    name: "train.lr",
    cells: [{ text: "float: 1e-5 … 1e-1, logarithmic" }, { text: "float: 1 … 2" }],
    differs: true,
  });
  expect(spaces.find(({ name }) => name === "data.lr")?.cells).toEqual([
    ...[{ text: "float: 0 … 1" }, { text: "fixed: 0.5" }],
  ]);
  expect(spaces.find(({ name }) => name === "model.bias")?.cells[1]).toBeNull();
  expect(settingRows([detail({}), other])).toEqual([
    { name: "sampler.options.n", cells: [{ text: "1" }, { text: "2" }], differs: true },
    { name: "fixed.data.lr", cells: [null, { text: "0.5" }], differs: true },
  ]);
  // Files by name and the first digits of their hash; the whole of both is there to be read.
  const [hash, later] = ["ab".repeat(32), `abcd${"0".repeat(60)}`];
  const files = (sha256: string) =>
    detail({
      settings: {
        data_files: [
          { path: "../data/B0005.mat", sha256 },
          { path: "b.mat", sha256 },
        ],
      },
    });
  expect(settingRows([files(hash), files(later)])).toEqual([
    {
      name: "data_files",
      cells: [
        { text: "B0005.mat (abababab…), b.mat (abababab…)", whole: `../data/B0005.mat (${hash}), b.mat (${hash})` },
        { text: "B0005.mat (abcd0000…), b.mat (abcd0000…)", whole: `../data/B0005.mat (${later}), b.mat (${later})` },
      ],
      differs: true,
    },
  ]);
  expect(flattened({ a: { b: [1, { c: 2 }] }, d: null, e: [] })).toEqual([["a.b", '1, {"c":2}']]);
});
