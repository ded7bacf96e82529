import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { CellTables } from "../../../src/core/index.js";
import { tableCache } from "../../../src/datasets/cache.js";
import { loadTables } from "../../../src/datasets/index.js";

const folder = mkdtempSync(join(tmpdir(), "mlbench-csv-"));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => tableCache.clear());

function load(text: string | Buffer, params: Record<string, unknown> = {}): Promise<CellTables> {
  writeFileSync(join(folder, "t.csv"), text);
  return loadTables("csv", { path: "t.csv", ...params }, { baseDir: folder });
}

const rows = (tables: CellTables, cell = 0): unknown => {
  const table = tables.cells[cell];
  const width = tables.featureNames.length;
  return Array.from(table?.cycles ?? [], (cycle, i) => [
    cycle,
    table?.soh[i],
    ...[...(table?.features.subarray(i * width + 1, (i + 1) * width) ?? [])],
  ]);
};

describe("reads", () => {
  test("a plain table: SOH first, then the other numeric columns; text columns are left out and named", async () => {
    const tables = await load(
      "cell,cycle,soh,temp,note,voltage\nB,1,1,25,new,3.7\nA,1,0.99,24.5,,3.6\nA,2,.98,-1e1,x,3.5\n",
    );
    expect(tables.featureNames).toEqual(["soh", "temp", "voltage"]);
    expect(tables.cells.map((c) => c.cell)).toEqual(["A", "B"]);
    expect(rows(tables)).toEqual([
      [1, 0.99, 24.5, 3.6],
      [2, 0.98, -10, 3.5],
    ]);
    expect([...(tables.cells[0]?.capacity ?? [])]).toEqual([NaN, NaN]);
    expect(tables.warnings).toEqual(['columns without numbers are left out: "note"']);
    expect(tables.provenance).toMatch(/^table t\.csv, SHA-256 [0-9a-f]{64}$/);
  });

  test("rows in any order, empty cells, missing SOH, CRLF, a byte-order mark, quotes, blank lines and spaces", async () => {
    const text =
      '\ufeff"cell", "cycle" ,soh,"a ""b"", c"\r\n"x, y",3,0.97,\r\n\r\n"x, y",1,0.99,5\r\n"x, y",2,,NaN\r\n';
    const tables = await load(text);
    expect(tables.featureNames).toEqual(["soh", 'a "b", c']);
    expect(tables.cells[0]?.cell).toBe("x, y");
    expect(rows(tables)).toEqual([
      [1, 0.99, 5],
      [2, NaN, NaN],
      [3, 0.97, NaN],
    ]);
  });

  test.each([
    [";", "A;1;0,95;1,5\nA;2;0.94;2"],
    ["\t", "A\t1\t0.95\t1.5\nA\t2\t0,94\t2"],
    ["|", "A|1|0.95|1.5\nA|2|0.94|2"],
  ])("columns separated by %j, decimal commas too", async (delimiter, body) => {
    const tables = await load(`cell,cycle,soh,v\n`.replaceAll(",", delimiter) + body);
    expect(rows(tables)).toEqual([
      [1, 0.95, 1.5],
      [2, 0.94, 2],
    ]);
  });

  test("other column names, as parameters", async () => {
    const params = { cell_column: "battery", cycle_column: "n", soh_column: "health" };
    const tables = await load("battery,n,health,soh\nA,1,0.9,7\nA,2,0.8,7", params);
    // A further column named soh could not be told from the target.
    expect(tables.featureNames).toEqual(["soh"]);
    expect(rows(tables)).toEqual([
      [1, 0.9],
      [2, 0.8],
    ]);
  });

  test("capacity over the first one, or over the nominal one", async () => {
    const text = "cell,cycle,capacity,v\nA,2,1.8,1\nA,1,1.9,1\nB,1,,2\nB,2,2.1,2\n";
    const first = await load(text);
    expect(first.featureNames).toEqual(["soh", "v"]);
    expect([...(first.cells[0]?.soh ?? [])]).toEqual([1, 1.8 / 1.9]);
    expect([...(first.cells[0]?.capacity ?? [])]).toEqual([1.9, 1.8]);
    expect([...(first.cells[1]?.soh ?? [])]).toEqual([NaN, 1]);
    const nominal = await load(text, { nominal_capacity: 2 });
    expect([...(nominal.cells[0]?.soh ?? [])]).toEqual([0.95, 0.9]);
    const forced = await load(text, { nominal_capacity: 2, soh_reference: "first" });
    expect(forced.hash).toBe(first.hash);
    const chosen = await load(text.replace("v", "soh"), { capacity_column: "capacity" });
    expect(chosen.featureNames).toEqual(["soh"]);
  });

  test("a percentage is warned about", async () => {
    const { warnings } = await load("cell,cycle,soh\nA,1,99.5\nA,2,98");
    expect(warnings).toEqual([
      "the highest SOH is 99.5 (cell A, cycle 1): SOH is 1 as new, not a percentage (data.soh_unit percent reads one)",
    ]);
  });

  test("100,000s of rows", async () => {
    const lines = ["cell,cycle,soh,v"];
    for (let i = 0; i < 200_000; i++) lines.push(`C${i % 40},${Math.floor(i / 40) + 1},${1 - i * 1e-6},${i}`);
    const tables = await load(lines.join("\n"));
    expect(tables.cells).toHaveLength(40);
    expect(tables.cells.every((cell) => cell.cycles.length === 5000)).toBe(true);
    expect(tables.cells.find((cell) => cell.cell === "C39")?.features.at(-1)).toBe(199_999);
  });
});

describe("refuses, in one line with file, line and column", () => {
  const ok = "cell,cycle,soh,v\nA,1,0.9,1\n";
  test.each([
    ["", {}, "t.csv: the file is empty"],
    ["\ufeff\n \n", {}, "t.csv: the file is empty"],
    ["cell,cycle,soh\n", {}, "t.csv: there are no rows"],
    [
      "cel,cycle,soh\nA,1,1",
      {},
      't.csv: no column "cell" (data.cell_column): did you mean "cel"? columns: "cel", "cycle", "soh"',
    ],
    ["cell,soh\nA,1", {}, 't.csv: no column "cycle" (data.cycle_column): columns: "cell", "soh"'],
    [
      ok,
      { soh_column: "SOH_x" },
      't.csv: no column "SOH_x" (data.soh_column): did you mean "soh"? columns: "cell", "cycle", "soh", "v"',
    ],
    [
      "cell,cycle,q\nA,1,1",
      {},
      't.csv: which column holds SOH? give data.soh_column or data.capacity_column: columns: "cell", "cycle", "q"',
    ],
    [
      ok,
      { soh_column: "soh", capacity_column: "v" },
      "t.csv: data.soh_column and data.capacity_column exclude each other",
    ],
    [ok, { soh_column: "cycle" }, 't.csv: column "cycle" has two roles: give each role a column of its own'],
    ["cell,cycle,soh,soh\nA,1,1,1", {}, 't.csv: two columns are named "soh"'],
    [`${ok}A,2,0.8x,1`, {}, 't.csv, line 3, column "soh": "0.8x" is not a number'],
    [`${ok}A,2,0.8,abc`, {}, 't.csv, line 3, column "v": "abc" is not a number'],
    [`${ok}A,2,1e999,1`, {}, 't.csv, line 3, column "soh": "1e999" is not a number'],
    [`${ok}A,2,-0.8,1`, {}, 't.csv, line 3, column "soh": -0.8 is below 0'],
    [
      `${ok}A,2.5,0.8,1`,
      {},
      't.csv, line 3, column "cycle": "2.5" is not a cycle number (0, 1, 2 …; data.cycle_column names the column that has them)',
    ],
    [
      `${ok}A,,0.8,1`,
      {},
      't.csv, line 3, column "cycle": "" is not a cycle number (0, 1, 2 …; data.cycle_column names the column that has them)',
    ],
    [`${ok},2,0.8,1`, {}, 't.csv, line 3, column "cell": the cell\'s name is missing'],
    [`${ok}A,2,0.8,1\nA,1,0.7,1`, {}, 't.csv, line 4, column "cycle": cell "A" has cycle 1 already on line 2'],
    [`${ok}A,2,0.8`, {}, "t.csv, line 3: expected 4 fields, got 3"],
    [`${ok}A,2,"0.8,1\n`, {}, "t.csv, line 3: a quote is opened and never closed"],
    [
      "cell,cycle,capacity\nA,1,1",
      { soh_reference: "nominal" },
      "data.soh_reference nominal needs data.nominal_capacity",
    ],
    ["cell,cycle,capacity\nA,1,0", {}, 't.csv: cell "A" has no capacity above 0'],
    [Buffer.from("cell,cycle,soh\nA,1,1", "utf16le"), {}, "t.csv: not a text file in UTF-8"],
  ])("%j %j", async (text, params, message) => {
    await expect(load(text, params)).rejects.toMatchObject({ message, exitCode: 2 });
  });

  test("a file that is not there, and a folder", async () => {
    const at = (path: string): Promise<CellTables> => loadTables("csv", { path }, { baseDir: folder });
    await expect(at("no.csv")).rejects.toMatchObject({ message: "no.csv: no such file (data.path)", exitCode: 2 });
    await expect(at(".")).rejects.toMatchObject({ message: ".: is a folder (data.path)", exitCode: 2 });
    await expect(loadTables("csv")).rejects.toMatchObject({
      message: /^data\.path is required by dataset "csv"/,
      exitCode: 2,
    });
  });

  test("an unclosed quote in a long file is given up after a megabyte", async () => {
    const text = `${ok}"A,2,0.8,1\n${"A,3,0.8,1\n".repeat(300_000)}`;
    await expect(load(text)).rejects.toMatchObject({
      message: expect.stringContaining("a quote not closed") as string,
    });
  });

  test("a mended file is read by the next call", async () => {
    await expect(load("cell,cycle\n")).rejects.toThrow("which column holds SOH?");
    await expect(load(ok)).resolves.toMatchObject({ source: "csv" });
  });
});
