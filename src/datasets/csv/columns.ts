/** The binding of a CSV file's columns to their roles (cell, cycle, SOH or capacity), and the guess of the delimiter. */
import { UsageError } from "../../core/index.js";
import { didYouMean } from "../../core/nearest.js";
import type { CsvParameters } from "./parameters.js";

/** The columns' roles, by index in the header. */
export interface CsvRoles {
  readonly cell: number;
  readonly cycle: number;
  /** SOH, or the capacity that SOH is made of. */
  readonly target: number;
  readonly targetIs: "soh" | "capacity";
  /** Columns that may turn out to be features. */
  readonly others: readonly number[];
  /** Columns without a name: an index that pandas or a spreadsheet wrote, or delimiters at a line's end. */
  readonly unnamed: readonly number[];
}

/** No name, or what pandas calls a column that has none. */
function isUnnamed(name: string): boolean {
  return name === "" || /^Unnamed: \d+$/.test(name);
}

function find(file: string, header: readonly string[], option: string, name: string): number {
  const index = header.indexOf(name);
  if (index >= 0) return index;
  const hint = didYouMean(name, header);
  throw new UsageError(
    "csv-column",
    `${file}: no column "${name}" (${option}):${hint} columns: ${header.map((h) => `"${h}"`).join(", ")}`,
  );
}

/** @returns the target column's name and what it holds */
function targetOf(file: string, header: readonly string[], params: CsvParameters): [string, "soh" | "capacity"] {
  const { soh_column: soh, capacity_column: capacity } = params;
  if (soh !== null && capacity !== null)
    throw new UsageError("csv-column", `${file}: data.soh_column and data.capacity_column exclude each other`);
  if (soh !== null) return [soh, "soh"];
  if (capacity !== null) return [capacity, "capacity"];
  if (header.includes("soh")) return ["soh", "soh"];
  if (header.includes("capacity")) return ["capacity", "capacity"];
  throw new UsageError(
    "csv-column",
    `${file}: which column holds SOH? give data.soh_column or data.capacity_column: columns: ` +
      header.map((h) => `"${h}"`).join(", "),
  );
}

/**
 * Finds the columns that the parameters name.
 * @throws UsageError `csv-column` naming the column, its parameter and what the header has
 */
export function csvRoles(file: string, header: readonly string[], params: CsvParameters): CsvRoles {
  const twice = header.find((name, i) => name !== "" && header.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError("csv-column", `${file}: two columns are named "${twice}"`);
  const cell = find(file, header, "data.cell_column", params.cell_column);
  const cycle = find(file, header, "data.cycle_column", params.cycle_column);
  const [name, targetIs] = targetOf(file, header, params);
  const target = find(file, header, `data.${targetIs}_column`, name);
  const clash = [cell, cycle, target].find((index, i, all) => all.indexOf(index) !== i);
  if (clash !== undefined)
    throw new UsageError(
      "csv-column",
      `${file}: column "${header[clash]}" has two roles: give each role a column of its own`,
    );
  // SOH is the feature "soh"; a further column of that name could not be told from it.
  const others = header.map((_, i) => i).filter((i) => ![cell, cycle, target].includes(i) && header[i] !== "soh");
  const unnamed = others.filter((i) => isUnnamed(header[i] as string));
  return { cell, cycle, target, targetIs, others: others.filter((i) => !unnamed.includes(i)), unnamed };
}

/** A line that tells a spreadsheet the delimiter: `sep=;`. @returns the delimiter, or null */
export function declaredDelimiter(line: string): "," | ";" | "\t" | "|" | null {
  const declared = /^"?sep=([,;\t|])"?[,;\t|]*\s*$/i.exec(line)?.[1];
  return (declared as "," | ";" | "\t" | "|" | undefined) ?? null;
}

/** The delimiter that stands most often in a header line, outside quotes; a comma when there is none. */
export function guessDelimiter(line: string): "," | ";" | "\t" | "|" {
  const bare = line.replace(/"(?:[^"]|"")*"/g, "");
  const candidates = [",", ";", "\t", "|"] as const;
  const counts = candidates.map((c) => bare.split(c).length);
  return candidates[counts.indexOf(Math.max(...counts))] ?? ",";
}
