/** Tables, numbers and durations as text. */
import { oneLine, stringifyJson } from "../core/index.js";
import { printJson, printLine } from "./io.js";
import type { CliIo, OutputFormat } from "./io.js";

export interface Column<Row> {
  readonly title: string;
  readonly align?: "left" | "right";
  readonly text: (row: Row) => string;
}

/** A table for people, a line a row, without borders that get in the way of copying. */
export async function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Promise<string> {
  const { default: Table } = await import("cli-table3");
  const table = new Table({
    head: columns.map((column) => column.title),
    colAligns: columns.map((column) => column.align ?? "left"),
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
    chars: {
      ...{ top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "", "bottom-left": "" },
      ...{ "bottom-right": "", left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "" },
      middle: "",
    },
  });
  for (const row of rows) table.push(columns.map((column) => oneLine(column.text(row))));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Data in the format that was asked for; `table` and `value` come from the command. */
export async function printData(
  io: CliIo,
  format: OutputFormat,
  data: unknown,
  forPeople: { table: () => Promise<string> | string; value?: () => string },
): Promise<void> {
  switch (format) {
    case "json":
      return printJson(io.stdout, data, 2);
    case "yaml": {
      const { stringify } = await import("yaml");
      const text = stringify(JSON.parse(stringifyJson(data)));
      io.stdout.write(text);
      return;
    }
    case "value":
      return forPeople.value ? printLine(io.stdout, forPeople.value()) : printJson(io.stdout, data);
    case "table":
      return printLine(io.stdout, await forPeople.table());
  }
}

/** A number with as many digits as people compare. */
export function shortNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return "-";
  if (!Number.isFinite(value)) return String(value);
  if (value === 0 || Number.isInteger(value)) return String(value);
  const magnitude = Math.abs(value);
  return magnitude >= 1e-4 && magnitude < 1e6 ? String(Number(value.toPrecision(digits))) : value.toExponential(2);
}

/** `1:02:03`, `2:03`, `4.5 s`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "-";
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const s = Math.round(seconds);
  const two = (n: number): string => String(n).padStart(2, "0");
  return s < 3600
    ? `${Math.floor(s / 60)}:${two(s % 60)}`
    : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** `2026-01-02 03:04 UTC`: a stored time (ISO 8601, UTC) to the minute. */
export function timeText(iso: string): string {
  return `${iso.slice(0, 16).replace("T", " ")} UTC`;
}
