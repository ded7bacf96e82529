/** A CSV file's rows gathered as numbers, with complaints that name line and column. */
import { UsageError } from "../../core/index.js";
import type { CsvRoles } from "./columns.js";

/** Numbers appended one by one, without a box for each. */
export class NumberColumn {
  #values = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = new Float64Array(this.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length++] = value;
  }

  get(index: number): number {
    return this.#values[index] as number;
  }
}

const MISSING = new Set(["", "na", "n/a", "nan", "null", "none", "-", "?"]);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** What a spreadsheet writes for a formula that failed, in any language: `#N/A`, `#DIV/0!`, `#WERT!`. */
const ERROR_VALUE = /^#\p{Lu}[\p{Lu}\d/ _]*[!?]?$/u;

/** A field that holds a text, and where. */
interface Place {
  readonly line: number;
  readonly text: string;
}

/** One column that is a feature if it holds numbers. */
interface Candidate {
  readonly index: number;
  readonly name: string;
  readonly values: NumberColumn;
  firstText: Place | null;
  /** The line of its first number; 0 before there is any. */
  firstNumber: number;
}

/** A column that is a feature. */
export interface FeatureColumn {
  readonly name: string;
  readonly values: NumberColumn;
}

/** Collects a table's rows as numbers. Every complaint names the line and the column. */
export class CsvRows {
  readonly file: string;
  readonly roles: CsvRoles;
  /** The row numbers of each cell, in file order. */
  readonly cells = new Map<string, number[]>();
  readonly cycles = new NumberColumn();
  /** SOH or capacity as written; NaN where it is missing. */
  readonly target = new NumberColumn();
  readonly #header: readonly string[];
  readonly #decimalComma: boolean;
  readonly #candidates: Candidate[];
  /** The line of each row. */
  readonly #lines = new NumberColumn();
  /** Of each cell the last cycle while they ascend; where they do not, the lines of its cycles. */
  readonly #seen = new Map<string, number | Map<number, number>>();
  readonly #unnamedUsed = new Set<number>();
  readonly #errorValues = new Map<string, number>();

  /** @param decimalComma whether `0,95` is a number (columns are not separated by commas) */
  constructor(file: string, header: readonly string[], roles: CsvRoles, decimalComma: boolean) {
    this.file = file;
    this.roles = roles;
    this.#header = header;
    this.#decimalComma = decimalComma;
    this.#candidates = roles.others.map((index) => ({
      ...{ index, name: header[index] as string, values: new NumberColumn() },
      ...{ firstText: null, firstNumber: 0 },
    }));
  }

  /** What a field that is no number could be, where that can be told, and what would be right. */
  #hint(text: string, column: number): string {
    if (/\d\s*%$/.test(text))
      return `: write it without the %${column === this.roles.target ? " (data.soh_unit percent reads a percentage)" : ""}`;
    if (/^[+-]?\d{1,3}(?:[.,'\u2019\s]\d{3})+(?:[.,]\d+)?$/.test(text))
      return ": write it without separators of thousands";
    if (!this.#decimalComma && /^[+-]?\d*,\d+$/.test(text))
      return ": a decimal comma is read where columns are not separated by commas (save with ; between them)";
    if (/^[+-]?[\d.,]+(?:\s+[\p{L}°µΩ]+|(?:m?Ah|°C|m?V|m?Ω))$/u.test(text)) return ": write it without its unit";
    return "";
  }

  #notANumber(text: string, column: number): string {
    return `"${text}" is not a number${this.#hint(text, column)}`;
  }

  #fail(line: number, column: number, message: string): UsageError {
    return new UsageError("csv-value", `${this.file}, line ${line}, column "${this.#header[column]}": ${message}`);
  }

  /** The number that a field spells; NaN for a missing value; undefined for anything else. */
  #number(text: string): number | undefined {
    const point = this.#decimalComma && /^[^.,]*,[^.,]*$/.test(text) ? text.replace(",", ".") : text;
    if (NUMBER.test(point)) {
      const value = Number(point);
      return Number.isFinite(value) ? value : undefined;
    }
    if (MISSING.has(text.toLowerCase())) return NaN;
    if (!ERROR_VALUE.test(text)) return undefined;
    this.#errorValues.set(text, (this.#errorValues.get(text) ?? 0) + 1);
    return NaN;
  }

  /** @param line where the row ends in the file, from 1 */
  add(record: readonly string[], line: number): void {
    const { cell: cellColumn, cycle: cycleColumn, target: targetColumn } = this.roles;
    if (record.length !== this.#header.length)
      throw new UsageError(
        "csv-syntax",
        `${this.file}, line ${line}: expected ${this.#header.length} fields, got ${record.length}`,
      );
    const cell = record[cellColumn] as string;
    if (cell === "") throw this.#fail(line, cellColumn, "the cell's name is missing");
    const cycle = this.#number(record[cycleColumn] as string);
    if (cycle === undefined || !Number.isInteger(cycle) || cycle < 0 || cycle > 0x7fffffff)
      throw this.#fail(
        line,
        cycleColumn,
        `"${record[cycleColumn]}" is not a cycle number (0, 1, 2 …; data.cycle_column names the column that has them)`,
      );
    const target = this.#number(record[targetColumn] as string);
    if (target === undefined)
      throw this.#fail(line, targetColumn, this.#notANumber(record[targetColumn] as string, targetColumn));
    if (target < 0) throw this.#fail(line, targetColumn, `${target} is below 0`);
    this.#place(cell, cycle, line);
    this.cycles.push(cycle);
    this.target.push(target);
    for (const candidate of this.#candidates) this.#addFeature(candidate, record[candidate.index] as string, line);
    for (const index of this.roles.unnamed) if (record[index] !== "") this.#unnamedUsed.add(index);
  }

  #place(cell: string, cycle: number, line: number): void {
    const before = this.#lineOf(cell, cycle);
    if (before !== undefined)
      throw this.#fail(line, this.roles.cycle, `cell "${cell}" has cycle ${cycle} already on line ${before}`);
    const rows = this.cells.get(cell);
    if (rows) rows.push(this.cycles.length);
    else this.cells.set(cell, [this.cycles.length]);
    this.#lines.push(line);
    const seen = this.#seen.get(cell);
    if (typeof seen === "object") seen.set(cycle, line);
    else this.#seen.set(cell, cycle);
  }

  /** The line of a cell's cycle. Cycles that ascend, as they mostly do, are told apart without a list of them. */
  #lineOf(cell: string, cycle: number): number | undefined {
    const seen = this.#seen.get(cell);
    if (seen === undefined) return undefined;
    if (typeof seen === "object") return seen.get(cycle);
    if (cycle > seen) return undefined;
    const rows = this.cells.get(cell) ?? [];
    const lines = new Map(rows.map((row) => [this.cycles.get(row), this.#lines.get(row)] as const));
    this.#seen.set(cell, lines);
    return lines.get(cycle);
  }

  /** Texts alone make a column that is no feature, numbers alone one that is; both are a mistake, in any order. */
  #addFeature(candidate: Candidate, text: string, line: number): void {
    const value = this.#number(text);
    candidate.values.push(value ?? NaN);
    if (value === undefined) candidate.firstText ??= { line, text };
    else if (!Number.isNaN(value) && candidate.firstNumber === 0) candidate.firstNumber = line;
    const { firstText, firstNumber } = candidate;
    if (firstText === null || firstNumber === 0) return;
    const other = firstText.line < firstNumber ? ` (line ${firstNumber} has one)` : "";
    throw this.#fail(firstText.line, candidate.index, `${this.#notANumber(firstText.text, candidate.index)}${other}`);
  }

  /** The columns that hold numbers, in the file's order. */
  features(): FeatureColumn[] {
    return this.#candidates.filter(({ firstNumber }) => firstNumber > 0);
  }

  /** What is left out of the file, in words. */
  warnings(): string[] {
    const unused = this.#candidates.filter(({ firstNumber }) => firstNumber === 0).map(({ name }) => `"${name}"`);
    const unnamed = [...this.#unnamedUsed].map((index) => this.#header[index] || `column ${index + 1}`);
    const errors = [...this.#errorValues].map(([text, count]) => `${text} ${count}`);
    return [
      ...(unused.length > 0 ? [`columns without numbers are left out: ${unused.join(", ")}`] : []),
      ...(unnamed.length > 0 ? [`columns without a name are left out: ${unnamed.join(", ")}`] : []),
      ...(errors.length > 0 ? [`error values are taken as missing: ${errors.join(", ")}`] : []),
    ];
  }
}
