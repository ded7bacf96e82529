import { describe, expect, test } from "vitest";
import { baselines } from "../../../src/datasets/baselines/index.js";
import { buildDataset, dataParameters, describeTables, loadTables } from "../../../src/datasets/index.js";

describe("dummy", () => {
  test("is its seed's: same seed same numbers, other seed others; more cells or cycles leave the first ones as they were", async () => {
    const few = await loadTables("dummy", { generator_seed: 3, cells: 2, cycles: 30 });
    const same = await loadTables("dummy", { generator_seed: 3, cells: 2, cycles: 30 }, { seed: 8 });
    const more = await loadTables("dummy", { generator_seed: 3, cells: 4, cycles: 50 });
    const other = await loadTables("dummy", { generator_seed: 4, cells: 2, cycles: 30 });
    expect(same.hash).toBe(few.hash);
    expect(other.hash).not.toBe(few.hash);
    expect(more.cells.slice(0, 2).map((c) => [...c.soh.subarray(0, 30)])).toEqual(few.cells.map((c) => [...c.soh]));
    expect(few.cells.map((c) => c.cell)).toEqual(["D01", "D02"]);
  });

  test("numbers are those of the first release (a checkpoint's dataset hash stays valid)", async () => {
    const tables = await loadTables("dummy", { generator_seed: 1, cells: 2, cycles: 10 });
    expect([...(tables.cells[1]?.soh ?? [])].map((v) => v.toFixed(6))).toMatchInlineSnapshot(`
      [
        "0.991574",
        "0.994151",
        "0.990308",
        "0.990638",
        "0.992260",
        "0.991349",
        "0.991163",
        "0.991080",
        "0.988884",
        "0.988959",
      ]
    `);
  });

  test("missing_cycles leaves out a share of the rows, some in a row; the others stay as they were", async () => {
    const params = { generator_seed: 3, cells: 4, cycles: 200 };
    const whole = await loadTables("dummy", params);
    const some = await loadTables("dummy", { ...params, missing_cycles: 0.2 });
    expect(some.warnings).toEqual([]);
    expect((await loadTables("dummy", { ...params, missing_cycles: 0.07 })).provenance).toContain(
      ", 7 % of them missing",
    );
    const runs = new Set<number>();
    for (const [c, { cycles, soh, features }] of some.cells.entries()) {
      expect(cycles).toHaveLength(160);
      const there = whole.cells[c];
      expect([...soh]).toEqual([...cycles].map((cycle) => there?.soh[cycle - 1]));
      expect([...features.subarray(0, 6)]).toEqual([
        ...(there?.features.subarray(6 * ((cycles[0] ?? 0) - 1), 6 * (cycles[0] ?? 0)) ?? []),
      ]);
      cycles.forEach((cycle, i) => i > 0 && runs.add(cycle - (cycles[i - 1] ?? 0)));
    }
    expect(runs.size).toBeGreaterThan(3);
    expect(some.cells[0]?.cycles).not.toEqual(some.cells[1]?.cycles);
  });

  test("by default there are at least 500 training windows, also where the longest window of the search sets the ends", async () => {
    const window = dataParameters("dummy").find((p) => p.qualified === "data.window")?.info.meta.search?.distribution;
    const alignWindow = window?.type === "int" ? window.high : 0;
    expect(alignWindow).toBeGreaterThan(20);
    for (const seed of [1, 2, 3]) {
      const dataset = await buildDataset("dummy", {}, { seed, alignWindow });
      expect(dataset.metadata.counts.train).toBeGreaterThanOrEqual(500);
      expect(dataset.metadata.counts.val).toBeGreaterThanOrEqual(50);
    }
  });

  test("cells fade at rates of their own, with a knee, recoveries and an end of life", async () => {
    const { cells } = describeTables(await loadTables("dummy", { generator_seed: 11, cells: 40, cycles: 150 }));
    const lost = cells.map(({ fade }) => (fade[0] as number) - (fade.at(-1) as number));
    expect(Math.max(...lost) / Math.min(...lost)).toBeGreaterThan(1.3);
    const mean = (from: number): number =>
      cells.reduce((sum, { fade }) => sum + (fade[from] as number) - (fade[from + 20] as number), 0) /
      cells.length /
      20;
    expect(mean(100)).toBeGreaterThan(1.5 * mean(5));
    const rises = cells.flatMap(({ fade }) => fade.slice(1).filter((s, i) => s - (fade[i] as number) > 0.005));
    expect(rises.length).toBeGreaterThan(40);
    expect(cells.filter((cell) => cell.end_of_life_cycle !== null).length).toBeGreaterThan(20);
    for (const { soh_min, soh_max } of cells) {
      expect(soh_min).toBeGreaterThan(0);
      expect(soh_max).toBeLessThan(1.1);
    }
  });

  test("can be learned: what a window shows tells much more of the path than the mean change, in 5 of 5 seeds", async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const metrics = baselines(await buildDataset("dummy", {}, { seed }), "val");
      expect(metrics["ridge_rmse"]).toBeLessThan(0.7 * (metrics["mean_change_rmse"] as number));
    }
  });

  test("is sized from tens to 100,000s of windows", async () => {
    const small = await buildDataset("dummy", { cells: 2, cycles: 30, window: 5 });
    expect(small.metadata.counts).toMatchObject({ train: 16, val: 16 });
    const large = await buildDataset("dummy", { cells: 600, cycles: 400, window: 5, split: "by-time" });
    expect(large.metadata.counts.train).toBeGreaterThan(170_000);
  });
});

test("describeTables counts, ranges, gaps and the end of life", async () => {
  const tables = await loadTables("dummy", { generator_seed: 2, cells: 3, cycles: 100 });
  const shown = describeTables(tables, 0.8);
  expect(shown).toMatchObject({ source: "dummy", rows: 300, eol: 0.8, warnings: [] });
  expect(JSON.parse(JSON.stringify(shown))).toEqual(shown);
  for (const [i, cell] of shown.cells.entries()) {
    const soh = [...(tables.cells[i]?.soh ?? [])];
    expect(cell).toMatchObject({ rows: 100, first_cycle: 1, last_cycle: 100, missing_cycles: 0, fade: soh });
    expect(cell.soh_max).toBe(Math.max(...soh));
    expect(cell.capacity_min).toBe(2 * Math.min(...soh));
    const end = soh.findIndex((s) => s <= 0.8);
    expect(cell.end_of_life_cycle).toBe(end < 0 ? null : end + 1);
  }
});
