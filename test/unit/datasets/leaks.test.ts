import { describe, expect, test } from "vitest";
import type { CellTables, Dataset, SplitName } from "../../../src/core/index.js";
import { baselines, fitRidge } from "../../../src/datasets/baselines/index.js";
import { buildDataset } from "../../../src/datasets/index.js";
import { series, tablesOf } from "./tables.js";

const lengths = [50, 45, 40, 48];
const original = tablesOf(lengths.map((n, i) => ({ cell: `C${i}`, soh: series(n, i) })));

/** The same tables with the rows that `changed` picks scrambled. */
function scrambled(changed: (cell: number, row: number) => boolean): CellTables {
  return tablesOf(
    lengths.map((n, i) => ({
      cell: `C${i}`,
      soh: series(n, i).map((s, row) => (changed(i, row) ? 5 + Math.cos(row * 3 + i) : s)),
    })),
  );
}

function partOf(dataset: Dataset, part: SplitName): unknown {
  return { batch: dataset.split(part).all(), normalisation: dataset.normalisation };
}

const task = { window: 4, horizon: 5 };

/** Rows of a part's inputs and targets, by cell. */
function rowsOf(dataset: Dataset, part: SplitName, what: "targets" | "all"): Set<string> {
  const batch = dataset.split(part).all();
  const rows = new Set<string>();
  for (let b = 0; b < batch.size; b++) {
    const end = (batch.cycles[(b + 1) * batch.window - 1] as number) - 1;
    const from = what === "all" ? end - batch.window + 1 : end + 1;
    for (let row = from; row <= end + batch.horizon; row++) rows.add(`${batch.cell[b]}:${row}`);
  }
  return rows;
}

describe.each([
  ["by-cell", { ...task, val_cells: ["C1"], test_cells: ["C3"] }],
  ["by-time", { ...task, split: "by-time", val_split: 0.2, test_split: 0.2 }],
  ["by-time with a test cell", { ...task, split: "by-time", val_split: 0.2, test_cells: ["C0"] }],
  ["random", { ...task, split: "random", val_split: 0.3, test_split: 0.2 }],
])("%s", (rule, params) => {
  test("whatever training does not see can change: its batches, normalisation and fitted baselines stay, bit for bit", async () => {
    const before = await buildDataset("dummy", params, { tables: original });
    const seen = rowsOf(before, "train", "all");
    const after = await buildDataset("dummy", params, { tables: scrambled((c, row) => !seen.has(`${c}:${row}`)) });
    expect(partOf(after, "train")).toEqual(partOf(before, "train"));
    expect(fitRidge(after).weights).toEqual(fitRidge(before).weights);
    expect(after.split("val").all().target).not.toEqual(before.split("val").all().target);
    expect(baselines(after, "val")).not.toEqual(baselines(before, "val"));
    expect(after.metadata.hash).not.toBe(before.metadata.hash);
  });

  test("the test part can change: training and validation stay, bit for bit", async () => {
    const before = await buildDataset("dummy", params, { tables: original });
    const tested = rowsOf(before, "test", "targets");
    const after = await buildDataset("dummy", params, { tables: scrambled((c, row) => tested.has(`${c}:${row}`)) });
    for (const part of ["train", "val"] as const) expect(partOf(after, part)).toEqual(partOf(before, part));
    expect(baselines(after, "val")).toEqual(baselines(before, "val"));
    expect(after.split("test").all().target).not.toEqual(before.split("test").all().target);
  });

  test("no test target is among the rows that training sees, and no validation target unless windows are random", async () => {
    const dataset = await buildDataset("dummy", params, { tables: original });
    const seen = rowsOf(dataset, "train", "all");
    const leaks = (part: SplitName): boolean => [...rowsOf(dataset, part, "targets")].some((row) => seen.has(row));
    expect(leaks("test")).toBe(false);
    expect(leaks("val")).toBe(rule === "random");
  });
});

test("what training does see changes it (the proof above could fail)", async () => {
  const before = await buildDataset("dummy", task, { tables: original });
  const after = await buildDataset("dummy", task, { tables: scrambled((c, row) => c === 0 && row === 20) });
  expect(partOf(after, "train")).not.toEqual(partOf(before, "train"));
});
