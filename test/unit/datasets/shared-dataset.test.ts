import { expect, test, vi } from "vitest";
import { buildDataset, createTables, loadTables } from "../../../src/datasets/index.js";
import { DatasetCache, sharedDatasets } from "../../../src/datasets/shared-dataset.js";
import { datasets } from "../../../src/datasets/index.js";

const params = { cells: 3, cycles: 40, window: 10, horizon: 5 };
const MEGABYTE = 2 ** 20;

test("runs that ask for the same data are given the same dataset, which is as it is built", async () => {
  const cache = new DatasetCache(MEGABYTE);
  const first = await cache.get("dummy", params, { seed: 1 });
  expect(await cache.get("dummy", { ...params }, { seed: 1 })).toBe(first);
  const built = await buildDataset("dummy", params, { seed: 1 });
  expect(first.metadata).toEqual(built.metadata);
  expect(first.normalisation).toEqual(built.normalisation);
  expect([...first.split("train").all().x]).toEqual([...built.split("train").all().x]);
});

test("whatever the data depend on makes another dataset", async () => {
  const cache = new DatasetCache(MEGABYTE);
  const first = await cache.get("dummy", params, { seed: 1 });
  const others = [
    await cache.get("dummy", { ...params, window: 11 }, { seed: 1 }),
    await cache.get("dummy", params, { seed: 2 }),
    await cache.get("dummy", params, { seed: 1, alignWindow: 12 }),
    await cache.get("dummy", params, { seed: 1, tables: await loadTables("dummy", params, { seed: 5 }) }),
  ];
  for (const [i, other] of others.entries()) expect(other, String(i)).not.toBe(first);
  expect(others[2]?.metadata.counts).not.toEqual(first.metadata.counts);
  expect(await cache.get("dummy", params, { seed: 1 })).toBe(first);
});

test("a thread that is sent the same tables again, as another object, finds its dataset", async () => {
  const cache = new DatasetCache(MEGABYTE);
  const tables = await loadTables("dummy", params, { seed: 1 });
  const first = await cache.get("dummy", params, { seed: 1, tables });
  // What structured cloning makes of them: the numbers are shared, the objects are new.
  expect(await cache.get("dummy", params, { seed: 1, tables: structuredClone(tables) })).toBe(first);
});

test("tables that differ in nothing but a warning are not taken for each other", async () => {
  const cells = [1, 2].map((c) => {
    const cycles = Array.from({ length: 30 }, (_, i) => i + 1);
    const soh = cycles.map((cycle) => 1 - 0.001 * c * cycle);
    return { cell: `C${c}`, cycles, soh, features: soh };
  });
  const parts = { source: "dummy", featureNames: ["soh"], featureUnits: [""], provenance: "lab", cells };
  const [plain, warned] = [createTables(parts), createTables({ ...parts, warnings: ["a gap"] })];
  expect(plain.hash).toBe(warned.hash);
  const cache = new DatasetCache(MEGABYTE);
  await cache.get("dummy", params, { tables: plain });
  const { metadata } = await cache.get("dummy", params, { tables: warned });
  expect(metadata.warnings).toContain("a gap");
});

test("those used longest ago are forgotten, and what is too large is not kept", async () => {
  const one = await new DatasetCache(MEGABYTE).get("dummy", params, { seed: 1 });
  const rows = one.tables.cells.reduce((sum, { cycles }) => sum + cycles.length, 0);
  const features = one.metadata.featureNames.length;
  // Float64 columns and int32 cycles of the tables, the float32 inputs: most of what a dataset holds.
  const least = rows * (8 * features + 4 + 8 + 8 + 4 * features);
  const cache = new DatasetCache(2.5 * least * 1.2);
  const first = await cache.get("dummy", params, { seed: 1 });
  const second = await cache.get("dummy", params, { seed: 2 });
  expect(await cache.get("dummy", params, { seed: 1 })).toBe(first);
  await cache.get("dummy", params, { seed: 3 });
  expect(await cache.get("dummy", params, { seed: 1 })).toBe(first);
  expect(await cache.get("dummy", params, { seed: 2 })).not.toBe(second);

  // What is too large takes nobody's place.
  await cache.get("dummy", { ...params, cells: 30 }, { seed: 1 });
  expect(await cache.get("dummy", params, { seed: 1 })).toBe(first);
  const small = new DatasetCache(least / 2);
  const kept = await small.get("dummy", params, { seed: 1 });
  expect(await small.get("dummy", params, { seed: 1 })).not.toBe(kept);
});

test("a source is read once for many runs", async () => {
  const source = await datasets.get("dummy").load();
  const load = vi.spyOn(source, "load");
  const own = { ...params, cycles: 47 };
  const tables = new Set<unknown>();
  for (let run = 0; run < 5; run++) tables.add((await sharedDatasets.get("dummy", own, { seed: 9 })).tables);
  expect([tables.size, load.mock.calls.length]).toEqual([1, 1]);
  load.mockRestore();
});
