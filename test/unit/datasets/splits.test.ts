import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SplitName } from "../../../src/core/index.js";
import type { Parts } from "../../../src/datasets/splits.js";
import type { Rows } from "../../../src/datasets/rows.js";
import { gatherRows } from "../../../src/datasets/rows.js";
import { splitWindows } from "../../../src/datasets/splits.js";
import { taskParameters } from "../../../src/datasets/task.js";
import type { Windows } from "../../../src/datasets/windows.js";
import { cutWindows } from "../../../src/datasets/windows.js";
import { RunCounts } from "../../fixtures/run-counts.js";
import { tablesOf } from "./tables.js";

const names = ["train", "val", "test"] as const;

interface Cut {
  readonly rows: Rows;
  readonly windows: Windows;
  readonly cells: string[];
  readonly horizon: number;
}

function cut(lengths: readonly number[], window: number, horizon: number, stride = 1): Cut {
  const tables = tablesOf(
    lengths.map((n, i) => ({ cell: `C${String(i).padStart(2, "0")}`, soh: new Array<number>(n).fill(1) })),
  );
  const rows = gatherRows(tables, [0]);
  const windows = cutWindows(rows, { window, horizon, stride, alignWindow: 0 });
  return { rows, windows, cells: tables.cells.map((c) => c.cell), horizon };
}

function split(data: Cut, task: Record<string, unknown>, seed = 0): Parts {
  return splitWindows({ ...data, task: taskParameters.parse(task), seed });
}

const targetRows = (data: Cut, part: Int32Array): Set<number> =>
  new Set([...part].flatMap((w) => Array.from({ length: data.horizon }, (_, h) => (data.windows.end[w] ?? 0) + h + 1)));

const geometry = fc.record({
  lengths: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 2, maxLength: 6 }),
  window: fc.integer({ min: 1, max: 12 }),
  horizon: fc.integer({ min: 1, max: 12 }),
  stride: fc.integer({ min: 1, max: 5 }),
  seed: fc.nat(1000),
});

describe("every rule", () => {
  const rules: [task: Record<string, unknown>, parts: readonly SplitName[]][] = [
    [{ split: "by-cell" }, ["train", "val"]],
    [{ split: "by-cell", val_split: 0.4 }, ["train", "val"]],
    [{ split: "by-cell", test_cells: ["C00"], val_cells: ["C01"] }, names],
    [{ split: "by-time", val_split: 0.3, test_split: 0.2 }, names],
    [{ split: "by-time", test_cells: ["C01"] }, names],
    [{ split: "random", val_split: 0.3, test_split: 0.2 }, names],
  ];
  test.each(rules)(
    "%j: parts are ascending, disjoint and known windows; the same seed gives the same parts",
    (task, expected) => {
      const counts = new RunCounts();
      fc.assert(
        fc.property(geometry, ({ lengths, window, horizon, stride, seed }) => {
          const enough = [...lengths, 5, 40];
          const data = cut(enough, window, horizon, stride);
          const parts = split(data, task, seed);
          const all = names.flatMap((name) => [...parts[name]]);
          counts.count(
            "every part has windows",
            expected.every((name) => parts[name].length > 0),
          );
          expect(new Set(all).size).toBe(all.length);
          expect(all.every((w) => w >= 0 && w < data.windows.end.length)).toBe(true);
          for (const name of names) expect([...parts[name]]).toEqual([...parts[name]].sort((a, b) => a - b));
          expect(split(data, task, seed)).toEqual(parts);
        }),
        { numRuns: 60 },
      );
      counts.expectAtLeast({ "every part has windows": 10 });
    },
  );
});

describe("by-cell", () => {
  test("whole cells; the last one by name validates by default; every window is in a part", () => {
    const counts = new RunCounts();
    fc.assert(
      fc.property(geometry, ({ lengths, window, horizon, stride }) => {
        const data = cut(lengths, window, horizon, stride);
        const parts = split(data, {});
        counts.count("both parts have windows", parts.train.length > 0 && parts.val.length > 0);
        expect(parts.train.length + parts.val.length).toBe(data.windows.end.length);
        // One `expect` for a set: thousands of them, one a window, take seconds.
        const cellsIn = (part: Int32Array): Set<number> =>
          new Set([...part].map((w) => data.windows.cell[w] as number));
        const last = lengths.length - 1;
        expect([...cellsIn(parts.val)].filter((cell) => cell !== last)).toEqual([]);
        expect([...cellsIn(parts.train)].filter((cell) => cell >= last)).toEqual([]);
      }),
      { numRuns: 60 },
    );
    counts.expectAtLeast({ "both parts have windows": 20 });
  });

  const cellsOf = (data: Cut, parts: Parts, name: SplitName): string[] => [
    ...new Set([...parts[name]].map((w) => data.cells[data.windows.cell[w] as number] as string)),
  ];

  test("named cells, as a list or as text; the default validation cell is the last that is not for the test", () => {
    const data = cut([20, 20, 20, 20], 3, 2);
    const named = split(data, { val_cells: "C00, C02", test_cells: ["C01"] });
    expect(cellsOf(data, named, "val")).toEqual(["C00", "C02"]);
    expect(cellsOf(data, named, "test")).toEqual(["C01"]);
    expect(cellsOf(data, named, "train")).toEqual(["C03"]);
    expect(cellsOf(data, split(data, { test_cells: ["C03"] }), "val")).toEqual(["C02"]);
  });

  test("shares draw cells by split_seed", () => {
    const data = cut(new Array<number>(10).fill(20), 3, 2);
    const parts = split(data, { val_split: 0.3, test_split: 0.2, split_seed: 5 });
    expect([cellsOf(data, parts, "val").length, cellsOf(data, parts, "test").length]).toEqual([3, 2]);
    const drawn = Array.from({ length: 8 }, (_, s) =>
      cellsOf(data, split(data, { val_split: 0.3, split_seed: s }), "val").join(),
    );
    expect(new Set(drawn).size).toBeGreaterThan(3);
    expect(split(data, { val_split: 0.3 }, 7)).toEqual(split(data, { val_split: 0.3, split_seed: 7 }, 1));
  });
});

describe("by-time", () => {
  test("a part's targets end before the next part's first target; only straddling windows are in none", () => {
    const counts = new RunCounts();
    fc.assert(
      fc.property(geometry, fc.boolean(), ({ lengths, window, horizon, stride }, withTest) => {
        const data = cut(lengths, window, horizon, stride);
        const parts = split(data, { split: "by-time", val_split: 0.3, ...(withTest ? { test_split: 0.2 } : {}) });
        const used = new Set(names.flatMap((name) => [...parts[name]]));
        for (let c = 0; c < data.cells.length; c++) {
          const ends = (name: SplitName): number[] =>
            [...parts[name]].filter((w) => data.windows.cell[w] === c).map((w) => data.windows.end[w] as number);
          const order = names.map(ends).filter((e) => e.length > 0);
          counts.count("cells in two parts", order.length > 1);
          counts.count("cells in three parts", order.length > 2);
          for (const [i, later] of order.slice(1).entries())
            expect(Math.max(...(order[i] as number[])) + horizon).toBeLessThan(Math.min(...later) + 1);
          const starts = (["val", "test"] as const)
            .map(ends)
            .filter((e) => e.length > 0)
            .map((e) => Math.min(...e));
          for (let w = 0; w < data.windows.end.length; w++) {
            if (data.windows.cell[w] !== c || used.has(w)) continue;
            const e = data.windows.end[w] as number;
            counts.count("straddling windows");
            expect(starts.some((s) => e < s && e + horizon > s)).toBe(true);
          }
        }
      }),
      { numRuns: 80 },
    );
    counts.expectAtLeast({ "cells in two parts": 80, "cells in three parts": 20, "straddling windows": 100 });
  });

  test("shares are shares of each cell's windows, the latest ones", () => {
    const data = cut([113, 63], 4, 10);
    const parts = split(data, { split: "by-time", val_split: 0.2, test_split: 0.1 });
    const count = (name: SplitName, c: number): number =>
      [...parts[name]].filter((w) => data.windows.cell[w] === c).length;
    expect([count("test", 0), count("val", 0), count("train", 0)]).toEqual([10, 20, 100 - 10 - 20 - 2 * 9]);
    expect([count("test", 1), count("val", 1), count("train", 1)]).toEqual([5, 10, 50 - 5 - 10 - 2 * 9]);
    const noTest = split(data, { split: "by-time" });
    expect([...noTest.val].filter((w) => data.windows.cell[w] === 0)).toEqual(
      Array.from({ length: 20 }, (_, i) => 80 + i),
    );
  });
});

describe("random", () => {
  test("validation is drawn over the cells; the test part is the latest windows, whose targets nothing else sees", () => {
    const counts = new RunCounts();
    fc.assert(
      fc.property(geometry, ({ lengths, window, horizon, seed }) => {
        const data = cut([...lengths, 60], window, horizon);
        const parts = split(data, { split: "random", test_split: 0.25, val_split: 0.3 }, seed);
        const tested = targetRows(data, parts.test);
        counts.count(
          "every part has windows",
          names.every((name) => parts[name].length > 0),
        );
        const seen: number[] = [];
        for (const w of [...parts.train, ...parts.val]) {
          const end = data.windows.end[w] as number;
          for (let row = end - window + 1; row <= end + horizon; row++) if (tested.has(row)) seen.push(row);
        }
        expect(seen).toEqual([]);
        expect(parts.val.length).toBe(Math.round(0.3 * (parts.val.length + parts.train.length)));
      }),
      { numRuns: 60 },
    );
    counts.expectAtLeast({ "every part has windows": 30 });
  });
});

test.each([
  [{ val_cells: ["C09"] }, 'data.val_cells: no cell "C09": did you mean "C00"? there are C00, C01'],
  [
    { val_cells: "each" },
    "data.val_cells=each holds every cell out in turn: it stands alone, and only train and create-study know it",
  ],
  [{ val_cells: ["C00"], val_split: 0.2 }, "data.val_cells and data.val_split exclude each other"],
  [{ test_cells: ["C00"], test_split: 0.2 }, "data.test_cells and data.test_split exclude each other"],
  [
    { split: "by-time", val_cells: ["C00"] },
    "data.val_cells needs data.split by-cell; with by-time give data.val_split",
  ],
  [{ val_cells: ["C00"], test_cells: ["C00"] }, "cell C00 is in data.val_cells and data.test_cells"],
  [{ val_cells: "C00,C01" }, "no cell is left to train on: 2 cells, 2 for validation, 0 for the test"],
  [
    { split: "by-time", test_cells: "C00,C01" },
    "no cell is left to train on: 2 cells, 0 for validation, 2 for the test",
  ],
  [{ val_cells: "" }, "data.val_cells is empty: name at least one of C00, C01"],
])("mistakes are told in one line: %j", (task, message) => {
  expect(() => split(cut([9, 9], 3, 2), task)).toThrow(expect.objectContaining({ message, exitCode: 2 }) as Error);
});

test("one cell cannot be split by cell", () => {
  expect(() => split(cut([9], 3, 2), {})).toThrow(
    "cell C00 is the only one: data.split by-cell needs at least two cells (by-time splits each cell)",
  );
});

test("a part holds any number of windows: one cell of 150,000 rows, 5,000 cells at random", () => {
  const long = cut([150_000, 20], 5, 5);
  const parts = split(long, { val_cells: "C01" });
  expect(parts.train.length).toBe(150_000 - 9);
  expect(split(long, { split: "by-time" }).val.length).toBe(29_998 + 2);
  const many = cut(new Array<number>(5000).fill(40), 5, 5);
  const random = split(many, { split: "random" });
  expect(random.train.length + random.val.length).toBe(5000 * 31);
});
