/** Tables as their owners publish them: shown, searched on, scored, forecast and drawn, or refused in one line. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Row } from "../fixtures/csv/battery-tables.js";
import {
  abortedRows,
  csvText,
  europeanSheet,
  fadingRows,
  formationRows,
  sohAt,
} from "../fixtures/csv/battery-tables.js";
import type { CliResult } from "./cli.js";
import { emptyFolder, jsonLines, runHere } from "./cli.js";

const names = ["1-1", "1-2", "1-3"];
const CYCLES = 70;
const [WINDOW, HORIZON] = [10, 8];
/** The cell that the models never see is the fixtures' fourth; its life ends (SOH 0.7) soon after the cut. */
const CUT = 50;
const onlyNew = (rows: readonly Row[]): Row[] => rows.filter(({ cell }) => cell === "N");
const capacities = (rows: readonly Row[]): string => csvText(rows, ["cell", "cycle", "capacity"]);
/** A capacity of 1100 mAh cells, which the fixtures write with one decimal of a mAh. */
const bySoh = (cell: number, cycle: number): number => Math.round(sohAt(cell, cycle) * 11_000) / 11_000;

interface OwnData {
  readonly table: string;
  readonly newCell: string;
  readonly options: readonly string[];
  readonly warnings: readonly string[];
  /** The new cell's. */
  readonly newWarnings: readonly string[];
  readonly cells: readonly string[];
  /** The first discharge that counts. */
  readonly first: number;
  /** The truth at a cycle, from the generator's curve. */
  readonly soh: (cell: number, cycle: number) => number;
}

const aborted = (count: number, cells: string): string =>
  count === 1
    ? `1 discharge below a tenth of their cell's median is left out, as a missing cycle (data.min_capacity): ${cells}`
    : `${count} discharges below a tenth of their cell's median are left out, as missing cycles (data.min_capacity): ${cells}`;
const unnamed = "columns without a name are left out: column 1";
const european = ["Zelle ä", "Zelle ö", "Zelle ü"];

const sets: readonly (readonly [string, OwnData])[] = [
  [
    "HUST's: mAh, two formation cycles",
    {
      table: capacities(formationRows(names, CYCLES, 2)),
      newCell: capacities(onlyNew(formationRows(["a", "b", "c", "N"], CUT, 2))),
      options: ["--capacity-unit", "mAh", "--nominal-capacity", "1100"],
      warnings: [aborted(6, "1-1 2, 1-2 2, 1-3 2")],
      newWarnings: [aborted(2, "N 2")],
      cells: names,
      first: 3,
      soh: (cell, cycle) => bySoh(cell, cycle - 2),
    },
  ],
  [
    "MATR's: aborted first cycles, a total at the end",
    {
      table: capacities(abortedRows(names, CYCLES)),
      newCell: capacities(onlyNew(abortedRows(["a", "b", "c", "N"], CUT))),
      options: ["--nominal-capacity", "1.1"],
      warnings: ["cells without capacity above 0 are left out: Total", aborted(3, "1-1 1, 1-2 1, 1-3 1")],
      newWarnings: [aborted(1, "N 1")],
      cells: names,
      first: 2,
      soh: (cell, cycle) => bySoh(cell, cycle - 1),
    },
  ],
  [
    "a European spreadsheet, saved as UTF-8",
    {
      table: `sep=;\r\n${europeanSheet(european, CYCLES)}`,
      newCell: csvText(onlyNew(fadingRows(["a", "b", "c", "N"], CUT)), ["cell", "cycle", "soh", "ir", "temp"]),
      options: [],
      warnings: [unnamed],
      newWarnings: [],
      cells: european,
      first: 1,
      soh: sohAt,
    },
  ],
];

const told = ({ stderr }: CliResult): string[] =>
  stderr.split("\n").flatMap((line) => /^warning: (.*)/.exec(line)?.slice(1) ?? []);

interface Shown {
  readonly warnings: readonly string[];
  readonly cells: readonly {
    readonly cell: string;
    readonly rows: number;
    readonly end_of_life_cycle: number | null;
  }[];
}
interface Predicted {
  readonly warnings: readonly string[];
  readonly predictions: readonly {
    readonly cell: string;
    readonly cycle: number;
    readonly step: number;
    readonly soh_true: number | null;
    readonly soh_pred: number;
  }[];
  readonly forecasts: readonly Record<string, unknown>[];
}

describe.each(sets)("%s", (_what, own) => {
  const { options, warnings, cells, first, soh } = own;
  /** The generator's own end of life: the first cycle at or below 0.7, or null within so many. */
  const endOfLife = (cell: number, cycles = Infinity): number | null => {
    for (let cycle = first; cycle <= Math.min(cycles, 500); cycle++) if (soh(cell, cycle) <= 0.7) return cycle;
    return null;
  };

  test("is shown, searched on, scored, forecast and drawn, and what is left out is said by each", async () => {
    const cwd = await emptyFolder();
    await writeFile(join(cwd, "t.csv"), own.table);
    await writeFile(join(cwd, "new.csv"), own.newCell);
    const run = async (...args: string[]): Promise<CliResult> => {
      const result = await runHere(args, cwd);
      expect(result.code, result.stderr).toBe(0);
      return result;
    };
    const data = ["--path", "t.csv", ...options];

    const shown = await run("datasets", "show", "csv", ...data);
    expect(told(shown)).toEqual(warnings);
    const description = JSON.parse((await run("datasets", "show", "csv", ...data, "--format", "json")).stdout) as Shown;
    expect(description.warnings).toEqual(warnings);
    expect(description.cells.map(({ cell, rows, end_of_life_cycle }) => [cell, rows, end_of_life_cycle])).toEqual(
      cells.map((cell, c) => [cell, CYCLES + 1 - first, endOfLife(c, CYCLES)]),
    );

    const task = ["--window", String(WINDOW), "--horizon", String(HORIZON), "--seed", "1"];
    const study = ["--name", "s", "--model", "mlp", "--dataset", "csv", ...data, ...task, "--fix", "train.epochs=8"];
    expect(told(await run("create-study", ...study))).toEqual(warnings);
    const again = JSON.parse((await run("create-study", ...study, "--format", "json")).stdout) as Shown;
    expect(again.warnings).toEqual(warnings);
    // To people `optimize` says it in found-tables.test.ts.
    const trials = ["--trials", "2", "--workers", "1", "--isolation", "thread"];
    const finish = jsonLines((await run("optimize", "s", ...trials, "--format", "json")).stdout).at(-1);
    expect(finish).toMatchObject({ event: "finish", finished: 2, warnings });
    await run("best-trial", "s", "--checkpoint", "-o", "best.safetensors");

    const scored = await run("evaluate", "best.safetensors", "--format", "json");
    const windows = CYCLES + 1 - first - WINDOW - HORIZON + 1;
    expect(JSON.parse(scored.stdout)).toMatchObject({ split: "val", windows, warnings });
    expect(told(await run("evaluate", "best.safetensors"))).toEqual(warnings);

    // The default validation cell is the last one; every truth is the generator's curve.
    const predicted = JSON.parse((await run("predict", "best.safetensors", "--format", "json")).stdout) as Predicted;
    expect(predicted.warnings).toEqual(warnings);
    expect(predicted.predictions).toHaveLength(windows * HORIZON);
    for (const row of predicted.predictions) {
      expect(row.cell).toBe(cells.at(-1));
      expect(row.soh_true).toBeCloseTo(soh(2, row.cycle), 6);
    }

    const ahead = await run(
      ...["predict", "best.safetensors", "--path", "new.csv", "--delimiter", ",", "--forecast"],
      ...["--plot", "new.svg", "--format", "json"],
    );
    const forecast = JSON.parse(ahead.stdout) as Predicted;
    expect(told(ahead)).toEqual(own.newWarnings);
    expect(ahead.stderr).toContain("plot: new.svg");
    expect(forecast.warnings).toEqual(own.newWarnings);
    const newest = forecast.predictions.slice(-HORIZON);
    expect(newest.map(({ cell, cycle, step, soh_true }) => [cell, cycle, step, soh_true])).toEqual(
      Array.from({ length: HORIZON }, (_, h) => ["N", CUT + h + 1, h + 1, null]),
    );
    for (const { cycle, soh_pred } of newest) expect(Math.abs(soh_pred - soh(3, cycle))).toBeLessThan(0.02);
    const [result] = forecast.forecasts as [{ end_of_life_cycle: number; remaining_life: number; last_soh: number }];
    expect(forecast.forecasts).toHaveLength(1);
    expect(result).toMatchObject({ cell: "N", last_cycle: CUT });
    expect(result.last_soh).toBeCloseTo(soh(3, CUT), 6);
    expect(result.remaining_life).toBe(result.end_of_life_cycle - CUT);
    expect(Math.abs(result.end_of_life_cycle - (endOfLife(3) as number))).toBeLessThanOrEqual(3);
    const svg = await readFile(join(cwd, "new.svg"), "utf8");
    expect(svg).toContain(
      `N: end of life forecast at cycle ${result.end_of_life_cycle}, ${result.remaining_life} after`,
    );

    // Far from its end the same cell has none within the horizon.
    const lines = own.newCell.split("\n");
    await writeFile(join(cwd, "young.csv"), lines.slice(0, 31).join("\n"));
    const young = await run(
      ...["predict", "best.safetensors", "--path", "young.csv", "--delimiter", ",", "--forecast", "--format", "json"],
    );
    expect((JSON.parse(young.stdout) as Predicted).forecasts).toMatchObject([
      { cell: "N", last_cycle: 30, end_of_life_cycle: null, remaining_life: null },
    ]);
  });
});

describe("a table that cannot be read is refused in one line that helps, wherever it is used", () => {
  const columns = ["cell", "cycle", "soh", "temp", "ir"];
  const rows = fadingRows(names, 30);
  const changed = (name: string, change: (row: Row) => string | number): string =>
    csvText(
      rows.map((row) => ({ ...row, [name]: change(row) })),
      columns,
    );
  const mAh = (row: Row): string => Math.round((row["soh"] as number) * 11_000).toLocaleString("en-US");
  const refused: readonly (readonly [string, string | Buffer, string])[] = [
    [
      "Windows-1252",
      Buffer.from(europeanSheet(european, 30), "latin1"),
      "not a text file in UTF-8: line 2 has the byte 0xe4; save it as UTF-8 (it may be Windows-1252)",
    ],
    [
      "a % after each SOH",
      changed("soh", ({ soh }) => `${((soh as number) * 100).toFixed(2)}%`),
      'line 2, column "soh": "100.19%" is not a number: write it without the % (data.soh_unit percent reads a percentage)',
    ],
    [
      "thousands separated",
      csvText(
        rows.map((row) => ({ ...row, capacity: `"${mAh(row)}"` })),
        ["cell", "cycle", "capacity"],
      ),
      'line 2, column "capacity": "11,021" is not a number: write it without separators of thousands',
    ],
    [
      "decimal commas, quoted, between commas",
      changed("soh", ({ soh }) => `"${String(soh).replace(".", ",")}"`),
      'line 2, column "soh": "1,00193" is not a number: a decimal comma is read where columns are not separated by ' +
        "commas (save with ; between them)",
    ],
    [
      "units beside the numbers",
      changed("temp", ({ temp }) => `${temp} °C`).replace(/([\d.]+) °C/, "$1"),
      'line 3, column "temp": "25.714 °C" is not a number: write it without its unit',
    ],
    [
      "dates for cycles",
      changed("cycle", ({ cycle }) => `2024-01-${String(cycle).padStart(2, "0")}`),
      'line 2, column "cycle": "2024-01-01" is not a cycle number (0, 1, 2 …; data.cycle_column names the column that has them)',
    ],
  ];

  test.each(refused)("%s", async (_what, table, message) => {
    const cwd = await emptyFolder();
    await writeFile(join(cwd, "t.csv"), table);
    const at = message.startsWith("line") ? `t.csv, ${message}` : `t.csv: ${message}`;
    const data = ["--path", "t.csv"];
    for (const args of [
      ["datasets", "show", "csv", ...data],
      ["train", "--model", "mlp", "--dataset", "csv", ...data, "--no-checkpoint"],
    ])
      expect(await runHere(args, cwd), args[0]).toEqual({ code: 2, stdout: "", stderr: `error: ${at}\n` });
    const made = await runHere(["create-study", "--name", "s", "--model", "mlp", "--dataset", "csv", ...data], cwd);
    expect(made).toMatchObject({ code: 2, stdout: "" });
    expect(made.stderr).toContain(at);
  });

  test("thousands after a point, between semicolons, cannot be told from decimals: the jump is", async () => {
    const cwd = await emptyFolder();
    const german = rows.map((row) => ({ ...row, capacity: mAh(row).replace("11,", "1.").slice(0, 5) }));
    const mixed = german.map((row, i) => (i % 30 < 15 ? row : { ...row, capacity: "997" }));
    await writeFile(join(cwd, "t.csv"), csvText(mixed, ["cell", "cycle", "capacity"], { delimiter: ";" }));
    const shown = await runHere(["datasets", "show", "csv", "--path", "t.csv"], cwd);
    expect(shown.code).toBe(0);
    expect(told(shown).at(-1)).toMatch(/^SOH jumps by more than a factor of 10: .* or separators of thousands\?$/);
  });
});
