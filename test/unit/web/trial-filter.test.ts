import { describe, expect, test } from "vitest";
import type { TrialColumn } from "../../../src/app/report/report-data.js";
import { columnNamed, compareCells, readFilter } from "../../../web/report/trial-filter.js";
import type { Cell } from "../../../web/report/trial-filter.js";

const columns: readonly TrialColumn[] = [
  { name: "number", title: "trial", kind: "number", group: "trial" },
  { name: "state", title: "state", kind: "state", group: "trial" },
  { name: "val_rmse", title: "val_rmse", kind: "number", group: "value", direction: "minimize" },
  { name: "train.lr", title: "lr", kind: "number", group: "parameter" },
  { name: "train.optimizer", title: "optimizer", kind: "text", group: "parameter" },
  { name: "my own name", title: "my own name", kind: "number", group: "parameter" },
];
const rows: readonly (readonly Cell[])[] = [
  [0, "complete", 0.02, 0.001, "adamw", 1],
  [1, "pruned", null, 0.1, "sgd", 2],
  [2, "complete", 0.01, 0.05, "sgd", 3],
  [3, "failed", null, 0.2, "adamw", null],
  [4, "complete", "NaN", 0.3, "adamw", 5],
];

/** The numbers of the rows that a filter lets through, or what is wrong with it. */
function kept(text: string): unknown {
  const read = readFilter(text, columns);
  return "problem" in read ? read.problem : rows.filter(read.test).map(([number]) => number);
}

describe("the filter of a report's table", () => {
  test.each<[string, readonly number[]]>([
    ["", [0, 1, 2, 3, 4]],
    ["val_rmse < 0.015", [2]],
    ["val_rmse<=0.02", [0, 2]],
    ["lr >= 0.05 state = complete", [2, 4]],
    ["lr >= 0.05 and state=complete", [2, 4]],
    ["train.lr>0.1", [3, 4]],
    ["STATE != complete", [1, 3]],
    ["val_rmse = null", [1, 3]],
    ["val_rmse = NaN", [4]],
    ["optimizer = sgd", [1, 2]],
    ['"my own name" > 2', [2, 4]],
    ["sgd", [1, 2]],
    ["ADAM complete", [0, 4]],
    ['"fail"', [3]],
  ])("%s", (text, numbers) => expect(kept(text)).toEqual(numbers));

  test("says what it cannot read", () => {
    expect(kept("nonsense < 3")).toBe("“nonsense < 3”: there is no column “nonsense”");
    expect(kept("lr < fast")).toBe("“lr < fast”: lr is a number");
    expect(kept("lr <")).toContain("expected a column, one of");
  });

  test("a name is a whole name before it is the end of one", () => {
    const named = [
      { name: "a.lr", title: "a.lr", kind: "number", group: "parameter" },
      { name: "lr", title: "lr", kind: "number", group: "parameter" },
    ] as const;
    expect(columnNamed(named, "lr")).toBe(1);
    expect(columnNamed(named.slice(0, 1), "lr")).toBe(0);
    expect(columnNamed(named, "r")).toBe(-1);
  });
});

test("what is missing or no number comes last either way, infinities by size", () => {
  const cells: Cell[] = [null, 3, "NaN", "Infinity", -1, "-Infinity", 2];
  const sorted = (descending: boolean) => cells.toSorted((a, b) => compareCells(a, b, descending));
  expect(sorted(false)).toEqual(["-Infinity", -1, 2, 3, "Infinity", null, "NaN"]);
  expect(sorted(true)).toEqual(["Infinity", 3, 2, -1, "-Infinity", null, "NaN"]);
  expect(["b", "a", true].toSorted((a, b) => compareCells(a, b, false))).toEqual(["a", "b", true]);
});
