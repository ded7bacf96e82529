import fc from "fast-check";
import { expect, test } from "vitest";
import { buildDataset, createTables } from "../../../src/datasets/index.js";
import { gatherRows } from "../../../src/datasets/rows.js";
import { splitWindows } from "../../../src/datasets/splits.js";
import { taskParameters } from "../../../src/datasets/task.js";
import { cutWindows } from "../../../src/datasets/windows.js";
import { run } from "../../../src/training/run.js";
import { series, tablesOf } from "./tables.js";

const shape = { window: 3, horizon: 2, stride: 1, alignWindow: 0 };
const two = tablesOf([
  { cell: "A", soh: series(40) },
  { cell: "B", soh: series(30, 1) },
]);

/** A cell's observed cycles. */
const observed = (share: number, seed: number, tables = two, cell = 0): number[] => {
  const { cycles, cellStart } = gatherRows(tables, [0], { share, seed });
  return [...cycles.subarray(cellStart[cell], cellStart[cell + 1])];
};

test("a share of each cell's cycles is dropped, by a stream of the cell's own; a larger share drops more", () => {
  expect(observed(0.3, 1)).toHaveLength(28);
  expect(observed(0.3, 1, two, 1)).toHaveLength(21);
  expect(observed(0.3, 1)).toEqual(observed(0.3, 1));
  expect(observed(0.3, 2)).not.toEqual(observed(0.3, 1));
  const few = new Set(observed(0.2, 1));
  expect(observed(0.5, 1).every((cycle) => few.has(cycle))).toBe(true);
  const others = tablesOf([{ cell: "0", soh: series(9, 2) }, ...["A", "B"].map((cell) => ({ cell, soh: series(40) }))]);
  expect(observed(0.3, 1, others, 1)).toEqual(observed(0.3, 1));
  expect(observed(0.3, 1, others, 2)).not.toEqual(observed(0.3, 1));
});

test("windows end wherever a cycle was observed and the next H discharges exist, dropped ones among them", () => {
  // Discharge 21 is missing from the table: it is in no target.
  const cycles = Array.from({ length: 40 }, (_, i) => i + 1 + (i >= 20 ? 1 : 0));
  const tables = tablesOf([{ cell: "A", cycles, soh: series(40) }]);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), fc.constantFrom(0.1, 0.4, 0.7), (seed, share) => {
      const rows = gatherRows(tables, [0], { share, seed });
      const { end, target, position } = cutWindows(rows, shape);
      const there = new Set(cycles);
      const expected = [...rows.cycles.entries()].filter(
        ([row, cycle]) => row >= 2 && there.has(cycle + 1) && there.has(cycle + 2),
      );
      expect([...end]).toEqual(expected.map(([row]) => row));
      expect([...position]).toEqual(expected.map(([row]) => row - 2));
      expect([...target].map((i) => cycles[i])).toEqual(expected.map(([, cycle]) => cycle));
    }),
  );
});

test("a missing feature takes the last observed value, never one that was dropped", () => {
  const soh = series(40);
  const values = soh.map((_, i) => (i % 3 === 2 ? NaN : i));
  const tables = createTables({
    ...{ source: "dummy", featureNames: ["soh", "v"], featureUnits: ["SOH", "V"], provenance: "test" },
    cells: [
      { cell: "A", cycles: soh.map((_, i) => i), soh, features: soh.flatMap((s, i) => [s, values[i] as number]) },
    ],
  });
  const { cycles, features, filled } = gatherRows(tables, [1], { share: 0.4, seed: 2 });
  let last = NaN;
  let missing = 0;
  for (const [row, cycle] of cycles.entries()) {
    if (cycle % 3 === 2) missing++;
    else last = cycle;
    expect(features[row]).toBe(last);
  }
  expect(filled).toBe(missing);
  expect(missing).toBeGreaterThan(3);
});

test.each(["by-time", "random"])("parts in time share no target cycle (%s)", (split) => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const rows = gatherRows(two, [0], { share: 0.4, seed });
    const windows = cutWindows(rows, shape);
    const task = taskParameters.parse({ split, val_split: 0.3, test_split: 0.2 });
    const parts = splitWindows({ windows, cells: ["A", "B"], horizon: 2, task, seed });
    const targets = (part: Int32Array) =>
      new Set([...part].flatMap((w) => [1, 2].map((h) => (windows.target[w] ?? 0) + h)));
    const [train, val, test] = [targets(parts.train), targets(parts.val), targets(parts.test)];
    expect(parts.test.length).toBeGreaterThan(3);
    for (const target of test) expect(train.has(target) || val.has(target)).toBe(false);
    // A window is left out only where its own targets straddle the border.
    const used = new Set([...parts.train, ...parts.val, ...parts.test]);
    for (const w of windows.end.keys()) {
      const own = targets(Int32Array.of(w));
      if (!used.has(w)) expect([...own].some((target) => test.has(target) || val.has(target))).toBe(true);
    }
    if (split === "by-time") for (const target of val) expect(train.has(target)).toBe(false);
  }
});

test("in a study what is dropped is the study seed's: the run's own seed changes nothing", async () => {
  const cyclesOf = async (seed: number, params: object) =>
    (await buildDataset("dummy", { cells: 2, cycles: 40, generator_seed: 1, drop_cycles: 0.3, ...params }, { seed }))
      .split("train")
      .all().cycles;
  expect(await cyclesOf(1, {})).toEqual(await cyclesOf(1, {}));
  expect(await cyclesOf(1, {})).not.toEqual(await cyclesOf(2, {}));
  expect(await cyclesOf(1, { drop_seed: 3 })).toEqual(await cyclesOf(2, { drop_seed: 3 }));
});

test("the hash tells what was dropped, be the windows' ends the same", async () => {
  const found = new Map<string, string>();
  const ends = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    const params = { drop_cycles: 0.1, drop_seed: seed, window: 3, horizon: 2 };
    const { metadata, ...dataset } = await buildDataset("dummy", params, { tables: two });
    const [train, val] = [dataset.split("train").all(), dataset.split("val").all()];
    found.set([...train.cycles, ...val.cycles].join(), metadata.hash);
    ends.add([train.size, val.size].join());
  }
  expect(found.size).toBe(40);
  expect(ends.size).toBeLessThan(20);
  expect(new Set(found.values()).size).toBe(40);
});

test("a model whose batches run in one call is scored on the same targets", async () => {
  const params = { drop_cycles: 0.3, cells: 2, cycles: 40, window: 5, horizon: 3 };
  const dataset = await buildDataset("dummy", params, { seed: 1 });
  const { target, size } = dataset.split("val").all();
  const data = Object.fromEntries(Object.entries(params).map(([name, value]) => [`data.${name}`, value]));
  const runs = [];
  for (const kernels of ["none", "plain"] as const)
    runs.push(await run({ model: "gru", dataset: "dummy", seed: 1, kernels, params: { ...data, "train.epochs": 2 } }));
  const [byOps, inOneCall] = runs.map(({ best }) => best?.metrics["val_rmse"] ?? NaN) as [number, number];
  expect(inOneCall / byOps).toBeCloseTo(1, 4);
  // What stays at the last SOH is scored on the truth as well.
  const { lastSoh } = dataset.split("val").all();
  const persistence = Math.sqrt(
    target.reduce((sum, soh, i) => sum + (soh - (lastSoh[Math.floor(i / 3)] as number)) ** 2, 0) / (size * 3),
  );
  expect(runs[0]?.baselines["persistence_rmse"]).toBeCloseTo(persistence, 9);
});

test("too few observed cycles are told with their numbers", async () => {
  await expect(buildDataset("dummy", { drop_cycles: 0.6, window: 20, horizon: 5 }, { tables: two })).rejects.toThrow(
    "the training part has no windows: a cell needs 20 + 5 cycles for one window (cycles, observed under drop_cycles 0.6: A 16, B 12)",
  );
  await expect(buildDataset("dummy", { drop_cycles: 0.95 }, { tables: two })).rejects.toThrow(
    'invalid value "0.95" for data.drop_cycles',
  );
});
