import { describe, expect, test } from "vitest";
import type { Batch, CellTables, Dataset, SplitName } from "../../src/core/index.js";
import { baselines } from "../../src/datasets/baselines/index.js";
import type { BuildOptions } from "../../src/datasets/index.js";
import { tableCache } from "../../src/datasets/cache.js";
import { buildDataset, dataParameters, loadTables } from "../../src/datasets/index.js";

export interface DatasetCase {
  /** The registered name. */
  readonly name: string;
  /** Parameters under which every part of the suite has windows: at least two cells, `window` 4 or less. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly options?: BuildOptions;
}

const parts: readonly SplitName[] = ["train", "val", "test"];

function expectTables(tables: CellTables): void {
  expect(tables.featureNames).toContain("soh");
  expect(new Set(tables.featureNames).size).toBe(tables.featureNames.length);
  expect(tables.featureUnits).toHaveLength(tables.featureNames.length);
  expect(tables.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(tables.cells.map((c) => c.cell)).toEqual(tables.cells.map((c) => c.cell).sort());
  const sohColumn = tables.featureNames.indexOf("soh");
  for (const { cycles, capacity, soh, features } of tables.cells) {
    for (const numbers of [cycles, capacity, soh, features]) expect(numbers.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect([soh.length, capacity.length, features.length / tables.featureNames.length]).toEqual(
      new Array(3).fill(cycles.length),
    );
    for (let i = 0; i < cycles.length; i++) {
      if (i > 0) expect(cycles[i]).toBeGreaterThan(cycles[i - 1] as number);
      const fed = features[i * tables.featureNames.length + sohColumn] as number;
      expect(Object.is(fed, soh[i])).toBe(true);
    }
  }
}

/** Every entry of a batch against the tables that it came from. */
function expectBatch(dataset: Dataset, batch: Batch): void {
  const { window: T, horizon: H, features: F } = batch;
  const { normalisation, metadata, tables } = dataset;
  for (let b = 0; b < batch.size; b++) {
    const table = tables.cells[batch.cell[b] as number];
    const soh = new Map(Array.from(table?.cycles ?? [], (cycle, i) => [cycle, table?.soh[i] as number]));
    const observed = [...batch.cycles.subarray(b * T, (b + 1) * T)];
    const last = observed[T - 1] as number;
    expect([...batch.windowSoh.subarray(b * T, (b + 1) * T)]).toEqual(
      observed.map((c) => Math.fround(soh.get(c) as number)),
    );
    expect(batch.lastSoh[b]).toBe(batch.windowSoh[(b + 1) * T - 1]);
    for (let h = 0; h < H; h++) expect(batch.target[b * H + h]).toBe(Math.fround(soh.get(last + h + 1) as number));
    const f = metadata.featureNames.indexOf("soh");
    for (let t = 0; t < T && f >= 0; t++) {
      const fed =
        (batch.x[(b * T + t) * F + f] as number) * (normalisation.xStd[f] as number) +
        (normalisation.xMean[f] as number);
      expect(fed).toBeCloseTo(batch.windowSoh[b * T + t] as number, 5);
    }
  }
  expect(batch.x.every(Number.isFinite)).toBe(true);
}

/** What every dataset promises, whatever its source: tables, windows, parts, normalisation, determinism, mistakes. */
export function datasetConformance({ name, params, options = {} }: DatasetCase): void {
  const build = (more: Record<string, unknown> = {}, other: BuildOptions = {}): Promise<Dataset> =>
    buildDataset(name, { ...params, ...more }, { ...options, ...other });

  describe(`dataset ${name}`, () => {
    test("its tables are sorted, hashed, in shared memory, and SOH is among the features", async () => {
      expectTables(await loadTables(name, params, options));
    });

    test("loading again gives the same numbers; a second build reads nothing", async () => {
      const first = await loadTables(name, params, options);
      expect(await loadTables(name, params, options)).toBe(first);
      tableCache.clear();
      const again = await loadTables(name, params, options);
      expect(again).not.toBe(first);
      expect(again.hash).toBe(first.hash);
    });

    test.each(["by-cell", "by-time", "random"])("split %s: batches are what the tables say", async (split) => {
      const dataset = await build({ split });
      const { metadata, normalisation } = dataset;
      expect(metadata.name).toBe(name);
      expect(metadata.counts.train).toBeGreaterThan(0);
      expect(metadata.counts.val).toBeGreaterThan(0);
      expect(metadata.warnings.some((w) => w.startsWith("split random"))).toBe(split === "random");
      for (const numbers of [normalisation.xMean, normalisation.xStd])
        expect(numbers).toHaveLength(metadata.featureNames.length);
      for (const numbers of [normalisation.sohStd, normalisation.deltaMean])
        expect(numbers).toHaveLength(metadata.horizon);
      for (const part of parts) {
        expect(dataset.split(part).windows).toBe(metadata.counts[part]);
        expectBatch(dataset, dataset.split(part).all());
      }
    });

    test("inputs of the training part have mean 0 and deviation 1 over the rows it sees, each once", async () => {
      const dataset = await build();
      const batch = dataset.split("train").all();
      const seen = new Map<string, Float32Array>();
      for (let b = 0; b < batch.size; b++)
        for (let t = 0; t < batch.window; t++) {
          const at = b * batch.window + t;
          seen.set(
            `${batch.cell[b]}:${batch.cycles[at]}`,
            batch.x.subarray(at * batch.features, (at + 1) * batch.features),
          );
        }
      for (let f = 0; f < batch.features; f++) {
        const values = [...seen.values()].map((row) => row[f] as number);
        const mean = values.reduce((a, v) => a + v, 0) / values.length;
        const variance = values.reduce((a, v) => a + (v - mean) ** 2, 0) / values.length;
        expect(Math.abs(mean)).toBeLessThan(1e-4);
        // A feature that does not vary stays 0.
        expect(Math.min(Math.abs(variance - 1), variance)).toBeLessThan(1e-3);
      }
    });

    test("tables posted to a thread give the same dataset", async () => {
      const dataset = await build();
      const posted = await build({}, { tables: structuredClone(dataset.tables) });
      expect(posted.metadata).toEqual(dataset.metadata);
      expect(posted.split("val").all()).toEqual(dataset.split("val").all());
    });

    test("the four baselines have finite errors", async () => {
      const metrics = baselines(await build(), "val");
      expect(Object.keys(metrics)).toHaveLength(12);
      expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
    });

    test("every parameter says what it means; nothing that defines the task can be searched", () => {
      for (const { qualified, info } of dataParameters(name)) {
        expect(info.meta.description, qualified).not.toBe("");
        if (info.meta.search) expect(["data.window", "data.features"]).toContain(qualified);
      }
    });

    test.each([
      [{ no_such_parameter: 1 }, "unknown-parameter"],
      [{ window: 0 }, "invalid-value"],
      [{ features: ["no_such_feature"] }, "unknown-feature"],
      [{ val_cells: ["no_such_cell"] }, "invalid-split"],
    ])("a mistake is told in one line: %j", async (mistake, code) => {
      await expect(build(mistake)).rejects.toMatchObject({
        code,
        exitCode: 2,
        message: expect.not.stringContaining("\n") as string,
      });
    });
  });
}
