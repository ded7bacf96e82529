import { expect, test } from "vitest";
import { buildDataset } from "../../../src/datasets/index.js";
import { createTables } from "../../../src/datasets/index.js";
import { gatherRows } from "../../../src/datasets/rows.js";
import { cutWindows } from "../../../src/datasets/windows.js";
import { series, tablesOf } from "./tables.js";

const shape = { window: 3, horizon: 2, stride: 1, alignWindow: 0 };

test("windows are consecutive rows; their targets the next H discharges", async () => {
  const tables = tablesOf([
    { cell: "A", soh: series(8) },
    { cell: "B", soh: series(6, 1) },
  ]);
  const dataset = await buildDataset("dummy", { window: 3, horizon: 2, features: "all" }, { tables });
  const batch = dataset.split("train").all();
  expect(batch).toMatchObject({ size: 4, window: 3, features: 2, horizon: 2 });
  expect([...batch.cycles]).toEqual([1, 2, 3, 2, 3, 4, 3, 4, 5, 4, 5, 6]);
  expect([...batch.position]).toEqual([0, 1, 2, 3]);
  expect([...batch.tEval]).toEqual([1, 2]);
  const soh = series(8);
  expect([...batch.lastSoh]).toEqual([2, 3, 4, 5].map((i) => Math.fround(soh[i] as number)));
  expect([...batch.target]).toEqual([3, 4, 4, 5, 5, 6, 6, 7].map((i) => Math.fround(soh[i] as number)));
  expect([...batch.windowSoh.subarray(3, 6)]).toEqual([1, 2, 3].map((i) => Math.fround(soh[i] as number)));
  const { xMean, xStd } = dataset.normalisation;
  const fed = (row: number, f: number): number =>
    Math.fround(((1 + f) * (soh[row] as number) - (xMean[f] as number)) / (xStd[f] as number));
  expect([...batch.x.subarray(0, 6)]).toEqual([0, 1, 2].flatMap((row) => [fed(row, 0), fed(row, 1)]));
  expect([...dataset.split("val").all().cell]).toEqual([1, 1]);
});

test("a missing cycle is a gap inside a window, but a window whose target is missing is left out", () => {
  const tables = tablesOf([{ cell: "A", cycles: [1, 2, 4, 5, 6, 7, 9, 10, 11], soh: series(9) }]);
  const rows = gatherRows(tables, [0]);
  const windows = cutWindows(rows, shape);
  // Ends at rows 2 … 6 (cycles 4, 5, 6, 7, 9): those of 6 and 7 would need cycle 8.
  expect([...windows.end].map((e) => rows.cycles[e])).toEqual([4, 5, 9]);
  expect([...windows.position]).toEqual([0, 1, 4]);
});

test("stride steps from the first window on; alignment moves the ends, not the length", () => {
  const rows = gatherRows(tablesOf([{ cell: "A", soh: series(12) }]), [0]);
  expect([...cutWindows(rows, { ...shape, stride: 3 }).end]).toEqual([2, 5, 8]);
  const aligned = cutWindows(rows, { ...shape, alignWindow: 6 });
  expect([...aligned.end]).toEqual([5, 6, 7, 8, 9]);
  expect([...cutWindows(rows, { ...shape, window: 6 }).end]).toEqual([...aligned.end]);
});

test("rows without SOH count as missing cycles; missing features take the last known value, never a later one", async () => {
  const soh = series(12);
  const tables = createTables({
    source: "dummy",
    featureNames: ["soh", "v"],
    featureUnits: ["SOH", "V"],
    provenance: "test",
    cells: ["A", "B"].map((cell) => ({
      cell,
      cycles: soh.map((_, i) => i + 1),
      soh: soh.map((s, i) => (i === 7 ? NaN : s)),
      features: soh.flatMap((s, i) => [s, i === 0 || i === 4 ? NaN : i]),
    })),
  });
  const dataset = await buildDataset("dummy", { window: 3, horizon: 2 }, { tables });
  expect(dataset.metadata.warnings).toEqual([
    "2 rows without SOH are left out, as missing cycles",
    "4 missing feature values take the cell's last known value",
  ]);
  const rows = gatherRows(tables, [0, 1]);
  expect(rows.features[1]).toBeNaN();
  expect(rows.features[4 * 2 + 1]).toBe(3);
  const batch = dataset.split("train").all();
  expect(batch.x[1]).toBe(0);
  expect([...batch.x].every(Number.isFinite)).toBe(true);
  expect([...batch.cycles.subarray(-3)]).toEqual([7, 9, 10]);
});
