import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { CellTables } from "../../../src/core/index.js";
import { baselines } from "../../../src/datasets/baselines/index.js";
import { tableCache } from "../../../src/datasets/cache.js";
import type { DatasetSource } from "../../../src/datasets/index.js";
import { buildDataset, createTables, dataParameters, datasets, loadTables } from "../../../src/datasets/index.js";
import { parameter } from "../../../src/registry/index.js";
import { series, tablesOf } from "./tables.js";

const tables = tablesOf([0, 1, 2].map((i) => ({ cell: `C${i}`, soh: series(60 + i, i) })));

const calls: unknown[] = [];
let failNext = false;
const probe: DatasetSource<{ readonly length: number; readonly generator_seed: number }> = {
  featureSets: { only_twice: ["twice"] },
  async load(params): Promise<CellTables> {
    calls.push(params);
    await Promise.resolve();
    if (failNext) {
      failNext = false;
      throw new Error("disk on fire");
    }
    return tablesOf(
      [
        { cell: "A", soh: series(params.length) },
        { cell: "B", soh: series(params.length, 1 + (params.generator_seed % 7)) },
      ],
      "probe",
    );
  },
};
datasets.register("probe", {
  summary: "counts its loads",
  parameters: z.object({
    length: parameter(z.number().int().default(50), { description: "rows a cell" }),
    horizon: parameter(z.number().int().min(1).default(4), { description: "another default" }),
    generator_seed: parameter(z.number().int().nullable().default(null), { description: "seed" }),
  }),
})(probe);

afterEach(() => {
  tableCache.clear();
  calls.length = 0;
});

describe("parameters", () => {
  test("are the source's own, then the task's; only window and features can be searched", () => {
    const parameters = dataParameters("dummy");
    expect(parameters.map((p) => p.qualified)).toEqual(
      ["cells", "cycles", "noise", "missing_cycles", "generator_seed", "window", "horizon", "stride", "drop_cycles"]
        .concat(["features", "split", "val_cells", "val_split", "val_part", "test_cells", "test_split", "eol"])
        .concat(["drop_seed", "split_seed"])
        .map((name) => `data.${name}`),
    );
    const searched = parameters
      .filter((p) => p.info.meta.search)
      .map((p) => [p.qualified, p.info.meta.search?.default]);
    expect(searched).toEqual([
      ["data.window", true],
      ["data.features", "on request"],
    ]);
    expect(parameters.every((p) => p.info.meta.description !== "")).toBe(true);
  });

  test("a source may declare a task parameter again; it is still the task's and not handed to load", async () => {
    expect(dataParameters("probe").find((p) => p.qualified === "data.horizon")?.info.default).toBe(4);
    const dataset = await buildDataset("probe", { "data.window": 5 });
    expect(dataset.metadata).toMatchObject({ horizon: 4, window: 5 });
    expect(Object.keys(calls[0] as object)).toEqual(["length", "generator_seed"]);
  });

  test.each([
    [{ window: 0 }, 'invalid value "0" for data.window: expected a whole number, 1 to 1000'],
    [{ "data.windw": 3 }, /^unknown parameter "data.windw": did you mean "data.window"\? known: data.length, /],
    [{ split: "by-sell" }, 'invalid value "by-sell" for data.split: expected one of by-cell, by-time, random'],
    [{ features: ["sooh"] }, 'unknown feature "sooh" of dataset "probe": did you mean "soh"? known: all, soh, twice'],
    [{ features: "" }, "data.features is empty: name at least one"],
    [
      { window: 47 },
      /^the training part has no windows: a cell needs 47 \+ 4 cycles for one window \(cycles: A 50, B 50\)$/,
    ],
  ])("mistakes are told in one line: %j", async (params, message) => {
    await expect(buildDataset("probe", params)).rejects.toMatchObject({
      exitCode: 2,
      message: typeof message === "string" ? message : (expect.stringMatching(message) as string),
    });
  });

  test("an unknown dataset is told with the known ones", async () => {
    await expect(buildDataset("dumy")).rejects.toThrow(/^unknown dataset "dumy": did you mean "dummy"\? known: /);
  });

  test("features are chosen by name, in the order given, by a source's set or by a caller's", async () => {
    const names = async (features: string | string[]): Promise<readonly string[]> =>
      (await buildDataset("probe", { features }, { featureSets: { both: ["twice", "soh"] } })).metadata.featureNames;
    expect(await names("all")).toEqual(["soh", "twice"]);
    expect(await names("twice, soh")).toEqual(["twice", "soh"]);
    expect(await names(["soh"])).toEqual(["soh"]);
    expect(await names("only_twice")).toEqual(["twice"]);
    expect(await names("both")).toEqual(["twice", "soh"]);
  });
});

describe("tables", () => {
  test("are parsed once for the same parameters, concurrent calls included, whatever the task", async () => {
    const [a, b] = await Promise.all([buildDataset("probe", { window: 5 }), buildDataset("probe", { window: 9 })]);
    await loadTables("probe", { horizon: 9 });
    expect(calls).toHaveLength(1);
    expect(a.tables).toBe(b.tables);
    await buildDataset("probe", { length: 51 });
    await buildDataset("probe", {}, { seed: 1 });
    expect(calls).toHaveLength(3);
  });

  test("a failed load is tried again", async () => {
    failNext = true;
    await expect(loadTables("probe")).rejects.toThrow("disk on fire");
    await expect(loadTables("probe")).resolves.toMatchObject({ source: "probe" });
  });

  test("the generator's seed comes from the run's unless it is given", async () => {
    await loadTables("probe", {}, { seed: 1 });
    await loadTables("probe", {}, { seed: 2 });
    await loadTables("probe", { generator_seed: 7 }, { seed: 2 });
    const seeds = calls.map((params) => (params as { generator_seed: number }).generator_seed);
    expect(new Set(seeds).size).toBe(3);
    expect(seeds[2]).toBe(7);
    expect(seeds.every((seed) => Number.isSafeInteger(seed))).toBe(true);
  });

  test("given tables are used as they are: shared memory, no load", async () => {
    const dataset = await buildDataset("probe", { window: 5 }, { tables });
    expect(calls).toEqual([]);
    expect(dataset.tables).toBe(tables);
    const first = tables.cells[0];
    for (const numbers of [first?.cycles, first?.capacity, first?.soh, first?.features])
      expect(numbers?.buffer).toBeInstanceOf(SharedArrayBuffer);
    const posted = structuredClone(tables);
    const clone = await buildDataset("probe", { window: 5 }, { tables: posted });
    expect(clone.metadata.hash).toBe(dataset.metadata.hash);
    expect(clone.split("train").all()).toEqual(dataset.split("train").all());
  });

  test("createTables sorts cells and rows, hashes content and refuses what cannot be right", () => {
    const parts = {
      source: "x",
      featureNames: ["soh"],
      featureUnits: ["SOH"],
      provenance: "",
      cells: [
        { cell: "B", cycles: [2, 1], soh: [0.8, 0.9], features: [0.8, 0.9] },
        { cell: "A", cycles: [1], soh: [1], features: [1] },
      ],
    };
    const made = createTables(parts);
    expect(made.cells.map((c) => c.cell)).toEqual(["A", "B"]);
    expect([...(made.cells[1]?.cycles ?? [])]).toEqual([1, 2]);
    expect([...(made.cells[1]?.features ?? [])]).toEqual([0.9, 0.8]);
    expect(createTables({ ...parts, cells: [...parts.cells].reverse() }).hash).toBe(made.hash);
    expect(createTables({ ...parts, featureNames: ["soh"], cells: parts.cells.slice(1) }).hash).not.toBe(made.hash);
    expect(() => createTables({ ...parts, featureNames: ["SOH"] })).toThrow('one feature must be named "soh"');
    const twice = { cell: "A", cycles: [1, 1], soh: [1, 1], features: [1, 1] };
    expect(() => createTables({ ...parts, cells: [twice] })).toThrow('dataset "x": cell A: cycle 1 occurs twice');
    const cell = parts.cells[1] as (typeof parts.cells)[number];
    expect(() => createTables({ ...parts, cells: [cell, cell] })).toThrow("cell A occurs twice");
    expect(() => createTables({ ...parts, cells: [{ ...cell, soh: [] }] })).toThrow("columns of other lengths");
    const unknown = { ...cell, soh: [NaN] };
    expect(
      createTables({ ...parts, cells: [unknown, parts.cells[0] as typeof cell] }).cells.map((c) => c.cell),
    ).toEqual(["B"]);
    expect(() => createTables({ ...parts, cells: [unknown] })).toThrow('dataset "x": no cell has any SOH');
  });
});

describe("the task", () => {
  test("windows of any length are scored on the same targets under alignWindow: window-free baselines agree", async () => {
    for (const split of ["by-cell", "by-time", "random"]) {
      const metrics = await Promise.all(
        [3, 10, 20].map(async (window) => {
          const dataset = await buildDataset("probe", { window, split }, { tables, alignWindow: 20, seed: 3 });
          const { target, cell, position } = dataset.split("val").all();
          const { persistence_rmse, mean_change_rmse, mean_change_rmse_end, mean_change_mae } = baselines(
            dataset,
            "val",
          );
          return { target, cell, position, persistence_rmse, mean_change_rmse, mean_change_rmse_end, mean_change_mae };
        }),
      );
      expect(metrics[1]).toEqual(metrics[0]);
      expect(metrics[2]).toEqual(metrics[0]);
    }
    const free = await buildDataset("probe", { window: 3 }, { tables });
    const aligned = await buildDataset("probe", { window: 3 }, { tables, alignWindow: 20 });
    expect(free.metadata.counts.val - aligned.metadata.counts.val).toBe(17);
  });

  test("the hash follows the numbers and the task as it came out, not how it was asked for", async () => {
    const hash = async (params: Record<string, unknown>, seed = 0): Promise<string> =>
      (await buildDataset("probe", params, { tables, seed })).metadata.hash;
    const base = await hash({});
    expect(await hash({}, 9)).toBe(base);
    expect(await hash({ val_cells: ["C2"] })).toBe(base);
    const others = [
      { window: 7 },
      { horizon: 3 },
      { val_cells: ["C1"] },
      { features: "soh" },
      { eol: 0.8 },
      { stride: 2 },
      { drop_cycles: 0.2 },
      { drop_cycles: 0.2, drop_seed: 4 },
    ];
    const hashes = await Promise.all(others.map((params) => hash(params)));
    expect(new Set([base, ...hashes]).size).toBe(others.length + 1);
  });

  test("metadata says what was built; random splits are warned about", async () => {
    const { metadata } = await buildDataset("probe", { test_cells: ["C0"], window: 10 }, { tables });
    expect(metadata).toMatchObject({
      name: "probe",
      cells: ["C0", "C1", "C2"],
      counts: { train: 61 - 13, val: 62 - 13, test: 60 - 13 },
      eol: 0.7,
      target: "SOH path over the next 4 cycles",
      warnings: [],
    });
    const random = await buildDataset("probe", { split: "random" }, { tables });
    expect(random.metadata.warnings).toEqual([
      "split random: windows overlap their neighbours in the other part, so validation errors are too small",
    ]);
  });
});
