/** Tables as they are found: aborted and formation cycles, units, spreadsheet leftovers, encodings, twins. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { CellTables } from "../../../src/core/index.js";
import { describeTables, loadTables } from "../../../src/datasets/index.js";
import {
  abortedRows,
  csvText,
  europeanSheet,
  fadingRows,
  formationRows,
  sohAt,
} from "../../fixtures/csv/battery-tables.js";
import { syntheticDir } from "../../fixtures/nasa/nasa-cells.js";

const folder = mkdtempSync(join(tmpdir(), "mlbench-found-"));
afterAll(() => rmSync(folder, { recursive: true }));

function load(text: string | Uint8Array, params: Record<string, unknown> = {}): Promise<CellTables> {
  writeFileSync(join(folder, "t.csv"), text);
  return loadTables("csv", { path: "t.csv", ...params }, { baseDir: folder });
}

const names = ["cell", "cycle", "soh", "temp", "ir"];
const capacity = ["cell", "cycle", "capacity"];

describe("aborted and formation cycles", () => {
  test("a capacity of 0 is a missing cycle, and said; a row of totals is no cell", async () => {
    const tables = await load(csvText(abortedRows(["A", "B"], 60), capacity));
    expect(tables.cells.map(({ cell, cycles }) => [cell, cycles[0], cycles.length])).toEqual([
      ["A", 2, 59],
      ["B", 2, 59],
    ]);
    expect(tables.warnings).toEqual([
      "cells without capacity above 0 are left out: Total",
      "2 discharges below a tenth of their cell's median are left out, as missing cycles (data.min_capacity): A 1, B 1",
    ]);
    // The first capacity is that of cycle 2, of which the fixture has SOH(1).
    expect(tables.cells[0]?.soh[0]).toBe(1);
    const { cells } = describeTables(tables, 0.8);
    const due = Array.from({ length: 59 }, (_, i) => i + 2).find((n) => sohAt(0, n - 1) / sohAt(0, 1) <= 0.8);
    expect(cells[0]?.end_of_life_cycle).toBe(due);
  });

  test("so it is in a column of SOH; 0 keeps them, and their jump is told", async () => {
    const rows = fadingRows(["A"], 30).map((row) =>
      row["cycle"] === 1 || row["cycle"] === 9 ? { ...row, soh: 0 } : row,
    );
    const left = await load(csvText(rows, names));
    expect(left.cells[0]?.cycles.length).toBe(28);
    expect(left.warnings).toEqual([expect.stringMatching(/^2 discharges below a tenth .*: A 2$/)]);
    const kept = await load(csvText(rows, names), { min_capacity: 0 });
    expect(kept.cells[0]?.cycles.length).toBe(30);
    expect(kept.warnings).toEqual([expect.stringMatching(/jumps by more than a factor of 10: A from 0 at cycle 1 to/)]);
    const half = await load(csvText(rows, names), { min_capacity: 0.95 });
    expect(Math.min(...(half.cells[0]?.soh ?? []))).toBeGreaterThanOrEqual(0.95);
  });

  test("a formation cycle is not what SOH refers to", async () => {
    const tables = await load(csvText(formationRows(["A", "B"], 40), capacity), { capacity_unit: "mAh" });
    expect(tables.cells.map(({ cycles }) => cycles[0])).toEqual([2, 2]);
    const rounded = (cell: number, cycle: number): number => Math.round(sohAt(cell, cycle) * 11_000) / 10;
    expect(tables.cells[1]?.soh[4]).toBeCloseTo(rounded(1, 5) / rounded(1, 1), 12);
    expect(tables.cells[1]?.capacity[4]).toBeCloseTo(rounded(1, 5) / 1000, 12);
  });

  test("one that stays is named as the cause", async () => {
    const { warnings } = await load("cell,cycle,capacity\nA,1,0.05\nA,2,1.1\nA,3,1.09\n", { min_capacity: 0.01 });
    expect(warnings).toEqual([
      "the highest SOH is 22 (cell A, cycle 2): SOH is 1 as new, and the cell's first capacity is taken for new: " +
        "give data.nominal_capacity where that is a formation cycle",
      "SOH jumps by more than a factor of 10: A from 1 at cycle 1 to 22 at cycle 2: a formation or aborted cycle, a row of totals, another unit, or separators of thousands?",
    ]);
  });
});

describe("units", () => {
  const text = "cell,cycle,capacity\nA,1,1.1\nA,2,1.08\n";

  test.each([
    [
      1100,
      "no SOH is above 0.2 in 1 cells (highest: A 0.001): SOH is 1 as new: does data.nominal_capacity 1100 Ah fit",
    ],
    [0.0011, "the highest SOH is 1000 (cell A, cycle 1): SOH is 1 as new: does data.nominal_capacity 0.0011 Ah fit"],
  ])("a nominal capacity of %d that does not fit is told, upwards and downwards", async (nominal, begins) => {
    const { warnings } = await load(text, { nominal_capacity: nominal });
    expect(warnings).toEqual([expect.stringContaining(begins)]);
  });

  test("of the files of NASA, too", async () => {
    const { warnings } = await loadTables("nasa", { data_dir: syntheticDir, nominal_capacity: 1000 });
    expect(warnings).toContainEqual(
      expect.stringMatching(/^no SOH is above 0.2 in 2 cells .*does data.nominal_capacity 1000 Ah fit these cells/),
    );
  });

  test("percent and mAh are read as what they are", async () => {
    const percent = await load("cell,cycle,soh\nA,1,99.5\nA,2,98\n", { soh_unit: "percent" });
    expect([...(percent.cells[0]?.soh ?? [])]).toEqual([0.995, 0.98]);
    expect(percent.warnings).toEqual([]);
    const milli = await load("cell,cycle,capacity\nA,1,1100\nA,2,1080\n", {
      capacity_unit: "mAh",
      nominal_capacity: 1200,
    });
    expect([...(milli.cells[0]?.soh ?? [])]).toEqual([1100 / 1200, 0.9]);
    expect([...(milli.cells[0]?.capacity ?? [])]).toEqual([1.1, 1.08]);
    expect(milli.warnings).toEqual([]);
  });

  test("mAh taken for Ah are told even where SOH comes out right", async () => {
    const { warnings } = await load("cell,cycle,capacity\nA,1,1100\nA,2,1080\n");
    expect(warnings).toEqual(["the largest capacity is 1100 Ah: is the column in mAh? (data.capacity_unit mAh)"]);
  });

  test.each([
    [
      text,
      { soh_unit: "percent" },
      "t.csv: data.soh_unit percent is for an SOH column, but SOH is computed from capacity",
    ],
    ["cell,cycle,soh\nA,1,1\n", { capacity_unit: "mAh" }, "t.csv: data.capacity_unit mAh is for a capacity column"],
  ])("a unit of what the table has not is refused", async (table, params, message) => {
    await expect(load(table, params)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(message) as string,
    });
  });

  test("a unit that changes within a cell is told, and nothing left out", async () => {
    const rows = fadingRows(["A"], 30).map((row, i) => ({ ...row, soh: (row["soh"] as number) * (i < 12 ? 1 : 1000) }));
    const tables = await load(csvText(rows, names));
    expect(tables.cells[0]?.cycles.length).toBe(30);
    expect(tables.warnings).toEqual([
      expect.stringMatching(/^the highest SOH is \d+/),
      expect.stringMatching(/^SOH jumps by more than a factor of 10: A from 0\.9\d+ at cycle 12 to 9\d\d/),
    ]);
  });

  test("numbers are compared within a cell: one in another unit is told", async () => {
    const { warnings } = await load("cell,cycle,soh\nA,1,1\nA,2,.9\nB,1,.011\nB,2,.010\n");
    expect(warnings).toEqual([expect.stringMatching(/^no SOH is above 0.2 in 1 cells \(highest: B 0.011\)/)]);
  });
});

describe("what spreadsheets leave", () => {
  const same = async (text: string, params: Record<string, unknown> = {}): Promise<CellTables> => {
    const plain = await load(csvText(fadingRows(["A", "B"], 12), names));
    const tables = await load(text, params);
    expect(tables.cells).toEqual(plain.cells);
    expect(tables.featureNames).toEqual(plain.featureNames);
    return tables;
  };
  const plain = csvText(fadingRows(["A", "B"], 12), names);
  const lines = plain.trimEnd().split("\n");

  test("a European sheet: decimal commas, an index without a name, empty rows", async () => {
    const tables = await same(europeanSheet(["A", "B"], 12));
    expect(tables.warnings).toEqual(["columns without a name are left out: column 1"]);
  });

  test.each([
    ["rows of delimiters at the end", `${plain},,,,\n,,,,\n , ,,,\n`],
    ["rows of delimiters before the header", `,,,,\n,,\n${plain}`],
    ["sep=,", `sep=,\n${plain}`],
    ["sep=; before columns of ;", `sep=;\r\n${plain.replaceAll(",", ";")}`],
    ["a header ended by CRLF, rows by LF", `${lines[0]}\r\n${lines.slice(1).join("\n")}\n`],
    ["a header ended by LF, rows by CRLF", `${lines[0]}\n${lines.slice(1).join("\r\n")}`],
    ["rows ended by CR", lines.join("\r")],
    ["all three", lines.map((line, i) => line + ["\r\n", "\n", "\r"][i % 3]).join("")],
  ])("%s", async (_what, text) => {
    expect((await same(text)).warnings).toEqual([]);
  });

  test("lines are counted whatever ends them", async () => {
    for (const end of ["\r\n", "\n", "\r"])
      await expect(load(`cell,cycle,soh\r\nA,1,1${end}A,2,1${end}A,3,x${end}`)).rejects.toThrow("line 4, column");
  });

  test("the pandas index is no feature, however often it was written", async () => {
    const rows = fadingRows(["A"], 12).map((row, i) => ({ ...row, "": i, "Unnamed: 0": i }));
    const tables = await load(csvText(rows, ["", "Unnamed: 0", ...names]));
    expect(tables.featureNames).toEqual(["soh", "temp", "ir"]);
    expect(tables.warnings).toEqual(["columns without a name are left out: column 1, Unnamed: 0"]);
  });

  test("delimiters at the end of every line make no column", async () => {
    const tables = await load(lines.map((line) => `${line},,\n`).join(""));
    expect(tables.featureNames).toEqual(["soh", "temp", "ir"]);
    expect(tables.warnings).toEqual([]);
  });

  test.each([2, 11])("an error value is a missing value, in line %d too", async (line) => {
    const broken = lines.map((text, i) => (i + 1 === line ? text.replace(/,[^,]*,([^,]*)$/, ",#N/A,$1") : text));
    const tables = await load(broken.join("\n"));
    expect(tables.featureNames).toEqual(["soh", "temp", "ir"]);
    expect([...(tables.cells[0]?.features ?? [])].filter(Number.isNaN)).toHaveLength(1);
    expect(tables.warnings).toEqual(["error values are taken as missing: #N/A 1"]);
  });

  test("a failed SOH is a row without SOH", async () => {
    const tables = await load("cell,cycle,soh\nA,1,1\nA,2,#DIV/0!\nA,3,#WERT!\nA,4,.9\n");
    expect(tables.warnings).toEqual([
      "error values are taken as missing: #DIV/0! 1, #WERT! 1",
      "2 rows without SOH are left out, as missing cycles",
    ]);
  });

  test.each([
    ["A,1,1,abc\nA,2,1,\nA,3,1,5\n", 't.csv, line 2, column "v": "abc" is not a number (line 4 has one)'],
    ["A,1,1,5\nA,2,1,\nA,3,1,abc\n", 't.csv, line 4, column "v": "abc" is not a number'],
  ])("texts among numbers are refused in any order", async (body, message) => {
    await expect(load(`cell,cycle,soh,v\n${body}`)).rejects.toMatchObject({ message, exitCode: 2 });
  });
});

describe("encodings", () => {
  const windows1252 = (text: string): Uint8Array => Buffer.from(text, "latin1");

  test("Windows-1252 is refused with its line: read as UTF-8 its cells would be one", async () => {
    const rows = (cell: string, from: number): string =>
      Array.from({ length: 60 }, (_, i) => `${cell};${from + i};0,9\n`).join("");
    const text = `cell;cycle;soh\n${rows("ä", 1)}${rows("ö", 101)}`;
    await expect(load(windows1252(text))).rejects.toMatchObject({
      code: "csv-encoding",
      exitCode: 2,
      message: "t.csv: not a text file in UTF-8: line 2 has the byte 0xe4; save it as UTF-8 (it may be Windows-1252)",
    });
    const tables = await load(text);
    expect(tables.cells.map(({ cell, cycles }) => [cell, cycles.length])).toEqual([
      ["ä", 60],
      ["ö", 60],
    ]);
    await expect(load(windows1252(`cell,cycle,Kapazität\nA,1,1\n`))).rejects.toThrow("line 1 has the byte 0xe4");
  });

  test("characters across the reader's chunks are whole; a broken one far down is found", async () => {
    const lines = Array.from(
      { length: 40_000 },
      (_, i) => `Zelle-€-${"ä".repeat(i % 5)}${i % 7},${Math.floor(i / 7)},0.9`,
    );
    const text = `cell,cycle,soh\n${lines.join("\n")}\n`;
    expect((await load(text)).cells.length).toBe(35);
    const bytes = Buffer.concat([Buffer.from(text), Buffer.from("B,1,1\nB\xfc,1,1\n", "latin1")]);
    await expect(load(bytes)).rejects.toThrow("line 40003 has the byte 0xfc");
    await expect(
      load(Buffer.concat([Buffer.from("cell,cycle,soh\nB,1,1\nB"), Buffer.from([0xe2, 0x82])])),
    ).rejects.toThrow(/line 3 has the byte 0xe2/);
  });
});

describe("twins, gaps and empty cells", () => {
  test("the same numbers under two names, of the same length or longer, are told", async () => {
    const rows = fadingRows(["A", "B", "C"], 40);
    const copies = rows.filter(({ cell }) => cell === "B").map((row) => ({ ...row, cell: "copy" }));
    const warned = ["cells with the same numbers: B and copy: one in training tells of the other in validation"];
    expect((await load(csvText([...rows, ...copies], names))).warnings).toEqual(warned);
    expect((await load(csvText([...rows, ...copies.slice(0, 25)], names))).warnings).toEqual(warned);
    expect((await load(csvText(rows, names))).warnings).toEqual([]);
  });

  test("a copied NASA file is told by its numbers and by the name inside; hidden files are no cells", async () => {
    const dir = join(folder, "nasa");
    cpSync(join(syntheticDir, "SYN01.mat"), join(dir, "SYN01.mat"));
    cpSync(join(syntheticDir, "SYN02.mat"), join(dir, "SYN02.mat"));
    writeFileSync(join(dir, "._SYN01.mat"), Buffer.alloc(200));
    const plain = await loadTables("nasa", { data_dir: dir });
    expect(plain.cells.map(({ cell }) => cell)).toEqual(["SYN01", "SYN02"]);
    cpSync(join(dir, "SYN02.mat"), join(dir, "SYN02 (1).mat"));
    const { warnings } = await loadTables("nasa", { data_dir: dir });
    expect(warnings).toContain("SYN02 (1).mat holds the cell SYN02, which is there as well: a copy?");
    expect(warnings).toContainEqual(expect.stringMatching(/^cells with the same numbers: SYN02 and SYN02 \(1\)/));
  });

  test("a cell without a usable discharge is left out of NASA's folder, unless it is asked for", async () => {
    const least = Math.max(
      ...(await loadTables("nasa", { data_dir: syntheticDir, cells: "SYN01" })).cells.flatMap(({ capacity: ah }) => [
        ...ah,
      ]),
    );
    const other = Math.max(
      ...(await loadTables("nasa", { data_dir: syntheticDir, cells: "SYN02" })).cells.flatMap(({ capacity: ah }) => [
        ...ah,
      ]),
    );
    const [weak, strong] = least < other ? ["SYN01", "SYN02"] : ["SYN02", "SYN01"];
    const params = { data_dir: syntheticDir, min_capacity: Math.min(least, other) + 1e-9 };
    const tables = await loadTables("nasa", params);
    expect(tables.cells.map(({ cell }) => cell)).toEqual([strong]);
    expect(tables.warnings).toContainEqual(expect.stringMatching(new RegExp(`^${weak} is left out: no discharge of`)));
    await expect(loadTables("nasa", { ...params, cells: [weak, strong] })).rejects.toMatchObject({
      code: "no-discharges",
    });
  });

  test("a cell without any SOH is none; cycles without a row are counted", async () => {
    const rows = [
      ...fadingRows(["A", "B"], 30).filter(({ cell, cycle }) => cell !== "A" || (cycle !== 7 && cycle !== 8)),
      ...fadingRows(["C"], 10).map((row) => ({ ...row, soh: "" })),
    ];
    const tables = await load(csvText(rows, names));
    expect(tables.cells.map(({ cell }) => cell)).toEqual(["A", "B"]);
    expect(tables.warnings).toEqual([
      "cells without SOH are left out: C",
      "2 cycles between a cell's first and last one have no row (A 2)",
    ]);
    await expect(load("cell,cycle,soh\nA,1,\n")).rejects.toThrow('t.csv: cell "A" has no SOH');
  });

  test("the synthetic cells look right", async () => {
    expect((await loadTables("dummy", { cells: 20, cycles: 600 })).warnings).toEqual([]);
  });
});
