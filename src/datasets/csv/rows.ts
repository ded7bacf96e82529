/** A CSV file's rows gathered as numbers, with complaints that name line and column; which columns are features. */
import { UsageError, defined } from "../../core/index.js";
import type { CsvRoles } from "./columns.js";
import type { CsvParameters } from "./parameters.js";
import type { CellRows, TableParts } from "../tables.js";

/** Numbers appended one by one, without a box for each. */
class NumberColumn {
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

/** One column that may be a feature. */
interface Candidate {
  readonly index: number;
  readonly name: string;
  readonly values: NumberColumn;
  /** Decided by its first value that is not missing. */
  kind: "undecided" | "numeric" | "text";
}

/** Collects a table's rows as numbers. Every complaint names the line and the column. */
export class CsvRows {
  readonly #file: string;
  readonly #header: readonly string[];
  readonly #roles: CsvRoles;
  readonly #decimalComma: boolean;
  readonly #candidates: Candidate[];
  /** Row numbers of each cell, and the line on which each of its cycles stands. */
  readonly #cells = new Map<string, { rows: number[]; lines: Map<number, number> }>();
  readonly #cycles = new NumberColumn();
  readonly #target = new NumberColumn();

  /** @param decimalComma whether `0,95` is a number (columns are not separated by commas) */
  constructor(file: string, header: readonly string[], roles: CsvRoles, decimalComma: boolean) {
    this.#file = file;
    this.#header = header;
    this.#roles = roles;
    this.#decimalComma = decimalComma;
    this.#candidates = roles.others.map((index) => ({
      index,
      name: header[index] as string,
      values: new NumberColumn(),
      kind: "undecided",
    }));
  }

  #fail(line: number, column: number, message: string): UsageError {
    return new UsageError("csv-value", `${this.#file}, line ${line}, column "${this.#header[column]}": ${message}`);
  }

  /** The number that a field spells; NaN for a missing value; undefined for anything else. */
  #number(text: string): number | undefined {
    const point = this.#decimalComma && /^[^.,]*,[^.,]*$/.test(text) ? text.replace(",", ".") : text;
    if (!NUMBER.test(point)) return MISSING.has(text.toLowerCase()) ? NaN : undefined;
    const value = Number(point);
    return Number.isFinite(value) ? value : undefined;
  }

  /** @param line where the row ends in the file, from 1 */
  add(record: readonly string[], line: number): void {
    const { cell: cellColumn, cycle: cycleColumn, target: targetColumn } = this.#roles;
    const cell = record[cellColumn] as string;
    if (cell === "") throw this.#fail(line, cellColumn, "no cell is named");
    const cycle = this.#number(record[cycleColumn] as string);
    if (cycle === undefined || !Number.isInteger(cycle) || cycle < 0 || cycle > 0x7fffffff)
      throw this.#fail(line, cycleColumn, `"${record[cycleColumn]}" is not a cycle's number (0, 1, 2 …)`);
    const target = this.#number(record[targetColumn] as string);
    if (target === undefined) throw this.#fail(line, targetColumn, `"${record[targetColumn]}" is not a number`);
    if (target < 0) throw this.#fail(line, targetColumn, `${target} is below 0`);
    const row = this.#cycles.length;
    const known = this.#cells.get(cell) ?? { rows: [], lines: new Map<number, number>() };
    const before = known.lines.get(cycle);
    if (before !== undefined)
      throw this.#fail(line, cycleColumn, `cell "${cell}" has cycle ${cycle} already on line ${before}`);
    known.rows.push(row);
    known.lines.set(cycle, line);
    this.#cells.set(cell, known);
    this.#cycles.push(cycle);
    this.#target.push(target);
    for (const candidate of this.#candidates) this.#addFeature(candidate, record[candidate.index] as string, line);
  }

  #addFeature(candidate: Candidate, text: string, line: number): void {
    if (candidate.kind === "text") return;
    const value = this.#number(text);
    if (value === undefined) {
      if (candidate.kind === "numeric") throw this.#fail(line, candidate.index, `"${text}" is not a number`);
      candidate.kind = "text";
      return;
    }
    if (!Number.isNaN(value)) candidate.kind = "numeric";
    candidate.values.push(value);
  }

  /** The reference capacity of a cell whose rows are in file order. */
  #reference(cell: string, rows: readonly number[], params: CsvParameters): number {
    if (this.#roles.targetIs === "soh") return 1;
    const rule = params.soh_reference ?? (params.nominal_capacity === null ? "first" : "nominal");
    if (rule === "nominal") {
      if (params.nominal_capacity === null)
        throw new UsageError("csv-reference", "data.soh_reference nominal needs data.nominal_capacity");
      return params.nominal_capacity;
    }
    let first = -1;
    for (const row of rows)
      if (this.#target.get(row) > 0 && (first < 0 || this.#cycles.get(row) < this.#cycles.get(first))) first = row;
    if (first < 0) throw new UsageError("csv-value", `${this.#file}: cell "${cell}" has no capacity above 0`);
    return this.#target.get(first);
  }

  #cell(cell: string, rows: readonly number[], used: readonly Candidate[], params: CsvParameters): CellRows {
    const reference = this.#reference(cell, rows, params);
    const soh = Float64Array.from(rows, (row) => this.#target.get(row) / reference);
    const width = used.length + 1;
    const features = new Float64Array(rows.length * width);
    for (const [i, row] of rows.entries()) {
      features[i * width] = soh[i] as number;
      for (const [f, { values }] of used.entries()) features[i * width + 1 + f] = values.get(row);
    }
    const capacity = Float64Array.from(rows, (row) => this.#target.get(row));
    return defined({
      cell,
      cycles: Int32Array.from(rows, (row) => this.#cycles.get(row)),
      capacity: this.#roles.targetIs === "capacity" ? capacity : undefined,
      soh,
      features,
    });
  }

  /** The tables' parts: `soh` first among the features, then the numeric columns in the file's order. */
  finish(params: CsvParameters): Omit<TableParts, "source" | "provenance"> {
    if (this.#cycles.length === 0) throw new UsageError("csv-empty", `${this.#file}: there are no rows`);
    const used = this.#candidates.filter((candidate) => candidate.kind === "numeric");
    const unused = this.#candidates.filter((candidate) => candidate.kind !== "numeric").map(({ name }) => `"${name}"`);
    const cells = [...this.#cells].map(([cell, { rows }]) => this.#cell(cell, rows, used, params));
    const highest = cells.reduce((high, { soh }) => (soh as Float64Array).reduce((a, b) => (b > a ? b : a), high), 0);
    const warnings = [
      ...(unused.length > 0 ? [`columns without numbers are left out: ${unused.join(", ")}`] : []),
      ...(highest > 2 ? [`the highest SOH is ${highest}: SOH is 1 as new, not a percentage`] : []),
    ];
    return {
      featureNames: ["soh", ...used.map(({ name }) => name)],
      featureUnits: ["SOH", ...used.map(() => "")],
      warnings,
      cells,
    };
  }
}
