import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CellTable, CellTables } from "../../../../src/core/index.js";
import { buildDataset, datasets, loadTables } from "../../../../src/datasets/index.js";
import { sha256OfFile } from "../../../../src/io/sha256.js";
import { realDir, realDirMissing, syntheticDir } from "../../../fixtures/nasa/nasa-cells.js";

type Name = "nasa" | "nasa_cc" | "nasa_cc_discharge";
type ExpectedRow = { cycle: number; capacity: number } & Record<Name, (number | null)[]>;

const names: readonly Name[] = ["nasa", "nasa_cc", "nasa_cc_discharge"];

async function json<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(join(syntheticDir, file), "utf8")) as T;
}

function cellOf(tables: CellTables, cell: string): CellTable {
  const found = tables.cells.find((table) => table.cell === cell);
  if (!found) throw new Error(`no cell ${cell}`);
  return found;
}

/** The row of a discharge without its SOH: what the reference computes. */
function features(tables: CellTables, table: CellTable, cycle: number): number[] {
  const width = tables.featureNames.length;
  const row = table.cycles.indexOf(cycle);
  return [...table.features.subarray(row * width + 1, (row + 1) * width)];
}

function expectRow(tables: CellTables, cell: string, expected: ExpectedRow, name: Name): void {
  const table = cellOf(tables, cell);
  const found = features(tables, table, expected.cycle);
  expect(found.length).toBe(expected[name].length);
  for (const [i, value] of expected[name].entries()) {
    const where = `${cell} discharge ${expected.cycle} ${tables.featureNames[i + 1]}`;
    if (value === null) expect(found[i], where).toBeNaN();
    else expect(Math.abs((found[i] as number) - value), where).toBeLessThanOrEqual(1e-7 * Math.max(1, Math.abs(value)));
  }
}

describe.each(names)("%s on the synthetic cells", (name) => {
  let tables: CellTables;
  beforeAll(async () => {
    tables = await loadTables(name, { data_dir: syntheticDir });
  });

  test("every row equals NumPy's reckoning from SciPy's reading", async () => {
    const expected = await json<Record<string, ExpectedRow[]>>("expected.json");
    expect(tables.cells.map((table) => table.cell)).toEqual(["SYN01", "SYN02"]);
    for (const [cell, rows] of Object.entries(expected)) {
      const table = cellOf(tables, cell);
      expect([...table.cycles]).toEqual(rows.map((row) => row.cycle));
      expect([...table.capacity]).toEqual(rows.map((row) => row.capacity));
      for (const row of rows) expectRow(tables, cell, row, name);
    }
  });

  test("the first feature is SOH, every feature has a name of its own and the counts are the documented ones", () => {
    expect(tables.featureNames[0]).toBe("soh");
    expect(tables.featureNames.length).toBe({ nasa: 17, nasa_cc: 20, nasa_cc_discharge: 20 }[name]);
    expect(new Set(tables.featureNames).size).toBe(tables.featureNames.length);
    expect(tables.featureUnits.length).toBe(tables.featureNames.length);
    for (const table of tables.cells)
      for (let row = 0; row < table.soh.length; row++)
        expect(table.features[row * tables.featureNames.length]).toBe(table.soh[row]);
  });
});

describe("the cells' oddities", () => {
  test("discharges without capacity or measurements are gaps in the numbering, and reported", async () => {
    const tables = await loadTables("nasa", { data_dir: syntheticDir });
    const [first, second] = tables.cells.map((table) => [...table.cycles]);
    expect(first).toEqual(Array.from({ length: 80 }, (_, i) => i + 1).filter((n) => n !== 20 && n !== 33));
    expect(second).toEqual(Array.from({ length: 70 }, (_, i) => i + 1).filter((n) => n !== 33));
    expect(tables.warnings).toEqual([
      "SYN01: 2 discharges without a capacity of at least 0.1 Ah are missing cycles",
      "SYN02: 1 discharges without a capacity of at least 0.1 Ah are missing cycles",
    ]);
  });

  test("one cell reaches 0.7 of the nominal capacity, the other never does", async () => {
    const tables = await loadTables("nasa", { data_dir: syntheticDir });
    expect(Math.min(...cellOf(tables, "SYN01").soh)).toBeLessThan(0.7);
    expect(Math.min(...cellOf(tables, "SYN02").soh)).toBeGreaterThan(0.7);
  });

  test("an aborted top-up does not stand in for the charge before it", async () => {
    const tables = await loadTables("nasa_cc", { data_dir: syntheticDir });
    const times = features(tables, cellOf(tables, "SYN01"), 11);
    expect(times.at(-1)).toBeGreaterThan(0.4);
    for (let i = 1; i < times.length; i++) expect(times[i]).toBeGreaterThan(times[i - 1] as number);
  });
});

describe("parameters", () => {
  test("soh_reference first divides by the cell's own first capacity; nominal by nominal_capacity", async () => {
    const first = await loadTables("nasa", { data_dir: syntheticDir, soh_reference: "first" });
    const nominal = await loadTables("nasa", { data_dir: syntheticDir, nominal_capacity: 4 });
    for (const [i, table] of first.cells.entries()) {
      expect(table.soh[0]).toBe(1);
      expect(table.soh[5]).toBe((table.capacity[5] as number) / (table.capacity[0] as number));
      expect(nominal.cells[i]?.soh[5]).toBe((table.capacity[5] as number) / 4);
    }
    expect(first.provenance).toContain("first capacity");
    expect(first.hash).not.toBe(nominal.hash);
  });

  test("min_capacity turns weak discharges into missing cycles", async () => {
    const tables = await loadTables("nasa", { data_dir: syntheticDir, cells: "SYN01", min_capacity: 1.5 });
    const [table] = tables.cells;
    expect(Math.min(...(table?.capacity ?? []))).toBeGreaterThanOrEqual(1.5);
    expect(table?.cycles.length).toBeLessThan(70);
    await expect(loadTables("nasa", { data_dir: syntheticDir, min_capacity: 5 })).rejects.toMatchObject({
      code: "no-discharges",
      exitCode: 2,
    });
  });

  test("the hash is that of the numbers: the same for the same files, another for other cells", async () => {
    const again = await datasets.get("nasa").load();
    const parameters = datasets.get("nasa").parameters.parse({ data_dir: syntheticDir, cells: "SYN01" });
    const one = await again.load(parameters, { baseDir: "." });
    const two = await again.load(parameters, { baseDir: "." });
    expect(one.hash).toBe(two.hash);
    expect(one).not.toBe(two);
    expect(one.hash).not.toBe((await loadTables("nasa", { data_dir: syntheticDir, cells: "SYN02" })).hash);
    for (const table of one.cells) expect(table.features.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  test("they become windows like any other dataset", async () => {
    const dataset = await buildDataset("nasa", { data_dir: syntheticDir, window: 10, horizon: 5, features: "compact" });
    expect(dataset.metadata.featureNames).toEqual([
      "soh",
      "duration",
      "voltage_mean",
      "voltage_slope",
      "temperature_mean",
    ]);
    const batch = dataset.split("train").all();
    expect([...batch.x].every(Number.isFinite)).toBe(true);
    expect(batch.size).toBeGreaterThan(40);
  });
});

describe("mistakes are one clear line", () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "mlbench-nasa-"));
  });
  afterAll(() => rm(dir, { recursive: true }));

  async function messageOf(params: Record<string, unknown>): Promise<{ code: string; message: string }> {
    const error: unknown = await loadTables("nasa", params).then(
      () => new Error("loaded"),
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ exitCode: 2 });
    const { code, message } = error as Error & { code: string };
    expect(message).not.toContain("\n");
    return { code, message };
  }

  test("a missing folder", async () => {
    const { code, message } = await messageOf({ data_dir: join(dir, "nowhere") });
    expect(code).toBe("data-dir-unreadable");
    expect(message).toContain(join(dir, "nowhere"));
    expect(message).toContain("datasets download nasa");
  });

  test("a folder without cells", async () => {
    expect(await messageOf({ data_dir: dir })).toMatchObject({ code: "no-cells" });
  });

  test("a missing cell, naming those that are there", async () => {
    const { code, message } = await messageOf({ data_dir: syntheticDir, cells: ["SYN01", "SYN03"] });
    expect(code).toBe("unknown-cell");
    expect(message).toContain('did you mean "SYN01"?');
    expect(message).toContain("it has SYN01, SYN02");
  });

  test("a truncated file, naming it and the byte", async () => {
    const folder = join(dir, "truncated");
    await mkdir(folder);
    const bytes = await readFile(join(syntheticDir, "SYN01.mat"));
    await writeFile(join(folder, "SYN01.mat"), bytes.subarray(0, 40_000));
    const { code, message } = await messageOf({ data_dir: folder });
    expect(code).toBe("mat-truncated");
    expect(message).toContain(join(folder, "SYN01.mat"));
    expect(message).toMatch(/at byte \d+/);
  });

  test("the first of several that cannot be read, whichever is found out first", async () => {
    const folder = join(dir, "several");
    await mkdir(folder);
    const bytes = await readFile(join(syntheticDir, "SYN01.mat"));
    await copyFile(join(syntheticDir, "SYN01.mat"), join(folder, "A.mat"));
    await writeFile(join(folder, "B.mat"), bytes.subarray(0, 40_000));
    for (const cell of ["C", "D"]) await writeFile(join(folder, `${cell}.mat`), "no MATLAB file");
    const { code, message } = await messageOf({ data_dir: folder });
    expect(code).toBe("mat-truncated");
    expect(message).toContain(join(folder, "B.mat"));
  });

  test("a MATLAB file of something else", async () => {
    const folder = join(dir, "other");
    await mkdir(folder);
    const other = new URL("../../../fixtures/matlab/scipy/testdouble_7.4_GLNX86.mat", import.meta.url);
    await copyFile(other, join(folder, "B0005.mat"));
    const { code, message } = await messageOf({ data_dir: folder });
    expect(code).toBe("not-a-nasa-cell");
    expect(message).toContain("the file has testdouble");
  });
});

test("cells are found in subfolders, as the official archive has them, the first of the same name winning", async () => {
  const dir = await mkdtemp(join(tmpdir(), "mlbench-nasa-"));
  try {
    for (const folder of ["1. First", "2. Second"]) {
      await mkdir(join(dir, "5. Battery Data Set", folder), { recursive: true });
      await copyFile(join(syntheticDir, "SYN01.mat"), join(dir, "5. Battery Data Set", folder, "SYN01.mat"));
    }
    const tables = await loadTables("nasa", { data_dir: dir });
    expect(tables.cells.map((table) => table.cell)).toEqual(["SYN01"]);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test("a source tells which files it reads", async () => {
  const source = await datasets.get("nasa_cc").load();
  const parameters = datasets.get("nasa_cc").parameters.parse({ data_dir: "nasa", cells: "SYN02" });
  const files = await source.files?.(parameters, { baseDir: join(syntheticDir, "..") });
  expect(files).toEqual([join(syntheticDir, "SYN02.mat")]);
});

test("sha256OfFile is the file's digest", async () => {
  const path = join(syntheticDir, "SYN01.mat");
  expect(await sha256OfFile(path)).toBe(
    createHash("sha256")
      .update(await readFile(path))
      .digest("hex"),
  );
});

describe("the real cells", () => {
  if (realDir === null) console.warn(`skipped: ${realDirMissing}`);

  test.skipIf(realDir === null).each(names)("%s: capacities and rows equal NumPy's reckoning", async (name) => {
    const tables = await loadTables(name, { data_dir: realDir });
    type Real = Record<string, { capacities: string; rows: ExpectedRow[] }>;
    const expected = await json<Real>("expected-real.json");
    expect(tables.cells.map((table) => table.cell)).toEqual(Object.keys(expected));
    for (const [cell, { capacities, rows }] of Object.entries(expected)) {
      const bytes = Buffer.from(Float64Array.from(cellOf(tables, cell).capacity).buffer);
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(capacities);
      for (const row of rows) expectRow(tables, cell, row, name);
    }
  });

  test.skipIf(realDir === null)("B0005: 168 discharges, 1.8565 -> 1.3251 Ah", async () => {
    const tables = await loadTables("nasa", { data_dir: realDir, cells: "B0005" });
    const [table] = tables.cells;
    expect(table?.cycles.length).toBe(168);
    expect(table?.capacity[0]).toBeCloseTo(1.8565, 4);
    expect(table?.capacity[167]).toBeCloseTo(1.3251, 4);
  });
});
