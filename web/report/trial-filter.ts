/** What rows a filter's text lets through: comparisons such as `val_rmse < 0.02`, and words that a row has. */
import type { TrialColumn } from "../../src/app/report/report-data.js";

/** A cell of a table; numbers that are not finite are texts. */
export type Cell = string | number | boolean | null;

/** Whether a row stays. */
export type RowTest = (row: readonly Cell[]) => boolean;

/** A filter's text, read: a test, or what is wrong with it. */
export type ReadFilter = { readonly test: RowTest } | { readonly problem: string };

const TERM = /("[^"]*"|[^\s"<>=!]+)\s*(!=|<=|>=|==?|<|>)\s*("[^"]*"|[^\s"]+)|"([^"]*)"|(\S+)/g;

const operators: Readonly<Record<string, (order: number) => boolean>> = {
  "=": (order) => order === 0,
  "==": (order) => order === 0,
  "!=": (order) => order !== 0,
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

const unquoted = (text: string): string => (/^".*"$/.test(text) ? text.slice(1, -1) : text);

/** The column that a name means: by its whole name, its heading, or the end of its name behind a point. */
export function columnNamed(columns: readonly TrialColumn[], name: string): number {
  const wanted = name.toLowerCase();
  const same = (text: string): boolean => text.toLowerCase() === wanted;
  const tries = [
    ({ name: own }: TrialColumn) => same(own),
    ({ title }: TrialColumn) => same(title),
    ({ name: own }: TrialColumn) => own.toLowerCase().endsWith(`.${wanted}`),
  ];
  for (const fits of tries) {
    const found = columns.findIndex(fits);
    if (found >= 0) return found;
  }
  return -1;
}

function comparison(column: number, operator: string, wanted: string): RowTest {
  const decide = operators[operator] as (order: number) => boolean;
  const number = wanted.trim() === "" ? NaN : Number(wanted);
  const text = wanted.toLowerCase();
  return (row) => {
    const value = row[column] ?? null;
    if (value === null) return operator === "!=" ? text !== "null" : operator.startsWith("=") && text === "null";
    if (typeof value === "number" && !Number.isNaN(number)) return decide(value - number);
    const own = String(value).toLowerCase();
    return decide(own < text ? -1 : own > text ? 1 : 0);
  };
}

function containing(word: string): RowTest {
  const wanted = word.toLowerCase();
  return (row) => row.some((cell) => cell !== null && String(cell).toLowerCase().includes(wanted));
}

/** Reads a filter; all of its terms must hold. An empty one lets every row through. */
export function readFilter(text: string, columns: readonly TrialColumn[]): ReadFilter {
  const tests: RowTest[] = [];
  for (const [whole, name, operator, value, quoted, word] of text.matchAll(TERM)) {
    if (operator === undefined) {
      const plain = quoted ?? word ?? "";
      if (plain.toLowerCase() === "and") continue;
      if (/[<>=!]/.test(plain) && quoted === undefined)
        return { problem: `“${plain}”: expected a column, one of = != < <= > >=, and a value` };
      tests.push(containing(plain));
      continue;
    }
    const column = columnNamed(columns, unquoted(name ?? ""));
    if (column < 0) return { problem: `“${whole}”: there is no column “${unquoted(name ?? "")}”` };
    const wanted = unquoted(value ?? "");
    if (columns[column]?.kind === "number" && Number.isNaN(Number(wanted)) && !/^(nan|null)$/i.test(wanted))
      return { problem: `“${whole}”: ${columns[column]?.title} is a number` };
    tests.push(comparison(column, operator, wanted));
  }
  return { test: (row) => tests.every((holds) => holds(row)) };
}

/** The order of two cells: numbers by size, texts by letters; what is missing or no number comes last either way. */
export function compareCells(a: Cell, b: Cell, descending: boolean): number {
  const missing = (cell: Cell): boolean => cell === null || cell === "NaN";
  if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b));
  const number = (cell: Cell): number =>
    cell === "Infinity" ? Infinity : cell === "-Infinity" ? -Infinity : Number(cell);
  const [x, y] = [number(a), number(b)];
  const areNumbers = typeof a !== "boolean" && typeof b !== "boolean" && !Number.isNaN(x) && !Number.isNaN(y);
  const [s, t] = [String(a), String(b)];
  const order = areNumbers ? (x < y ? -1 : x > y ? 1 : 0) : s < t ? -1 : s > t ? 1 : 0;
  return descending ? -order : order;
}
