import { expect, test } from "vitest";
import type { CellTables } from "../../../src/core/index.js";
import { TableCache } from "../../../src/datasets/cache.js";
import { series, tablesOf } from "./tables.js";

/** A row has a cycle (4 bytes), a capacity, a SOH and two features (8 each). */
const ROW = 36;

/** A cache in which a load makes tables of so many rows; `loads` says which were made, in order. */
function cacheOf(maxBytes: number): { use: (name: string, rows: number) => Promise<CellTables>; loads: string[] } {
  const cache = new TableCache(maxBytes);
  const loads: string[] = [];
  const use = (name: string, rows: number): Promise<CellTables> =>
    cache.get([name], async () => {
      loads.push(name);
      return tablesOf([{ cell: name, soh: series(rows) }]);
    });
  return { use, loads };
}

test("tables that were used are the same object for as long as they fit", async () => {
  const { use, loads } = cacheOf(30 * ROW);
  const [a, b, c] = [await use("a", 10), await use("b", 10), await use("c", 10)];
  for (const [name, tables] of [["c", c] as const, ["a", a] as const, ["b", b] as const])
    expect(await use(name, 10)).toBe(tables);
  expect(loads).toEqual(["a", "b", "c"]);
});

test("those used longest ago go first, until the rest fits", async () => {
  const { use, loads } = cacheOf(30 * ROW);
  const [a] = [await use("a", 10), await use("b", 10), await use("c", 10)];
  expect(await use("a", 10)).toBe(a);
  const d = await use("d", 20);
  expect(await use("a", 10)).toBe(a);
  expect(await use("d", 20)).toBe(d);
  expect(loads).toEqual(["a", "b", "c", "d"]);
  await use("b", 10);
  expect(loads).toEqual(["a", "b", "c", "d", "b"]);
  expect(await use("d", 20)).toBe(d);
  await use("a", 10);
  expect(loads).toEqual(["a", "b", "c", "d", "b", "a"]);
});

test("the tables used last stay, however large", async () => {
  const { use, loads } = cacheOf(ROW);
  const large = await use("large", 100);
  expect(await use("large", 100)).toBe(large);
  await use("other", 100);
  await use("large", 100);
  expect(loads).toEqual(["large", "other", "large"]);
});

test("concurrent calls share one load, and what is still being loaded is not forgotten for what is", async () => {
  const cache = new TableCache(10 * ROW);
  const load = async (): Promise<CellTables> => tablesOf([{ cell: "C", soh: series(10) }]);
  let finish: (tables: CellTables) => void = () => {};
  const first = cache.get(["slow"], () => new Promise((resolve) => (finish = resolve)));
  await cache.get(["a"], load);
  await cache.get(["b"], load);
  const second = cache.get(["slow"], () => Promise.reject(new Error("loaded again")));
  expect(second).toBe(first);
  finish(await load());
  expect(await second).toBe(await first);
});

test("a load that failed is tried again", async () => {
  const cache = new TableCache(ROW);
  await expect(cache.get(["x"], () => Promise.reject(new Error("torn")))).rejects.toThrow("torn");
  const tables = tablesOf([{ cell: "x", soh: series(3) }]);
  expect(await cache.get(["x"], async () => tables)).toBe(tables);
});
