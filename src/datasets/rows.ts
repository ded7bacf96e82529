/** The rows that windows are cut from: what of the tables is observed, and the truth behind it. */
import type { CellTable, CellTables } from "../core/index.js";
import { createRng, shuffle } from "../core/index.js";

/** What targets are read from: the SOH of every discharge that the tables know, dropped ones among them. */
export interface Truth {
  /** [cells + 1]: the cell's discharges are `cellStart[c] … cellStart[c + 1] - 1`. */
  readonly cellStart: Int32Array;
  /** [M] */
  readonly cycles: Int32Array;
  /** [M] */
  readonly soh: Float64Array;
  /** [N]: where each row stands among them. Null: nothing was dropped, these are the rows. */
  readonly ofRow: Int32Array | null;
}

/**
 * The rows that windows are cut from: every cell's observed rows whose SOH is known, one cell after the other, so that a
 * row is one global index and a window is a contiguous range.
 */
export interface Rows {
  /** [cells + 1]: the cell's rows are `cellStart[c] … cellStart[c + 1] - 1`. */
  readonly cellStart: Int32Array;
  /** [N] */
  readonly cycles: Int32Array;
  /** [N] */
  readonly soh: Float64Array;
  /** F: the chosen features. */
  readonly width: number;
  /** [N, F], raw units. A missing value is the cell's last known one, NaN before there is any. */
  readonly features: Float64Array;
  /** Values filled in from an earlier row. */
  readonly filled: number;
  readonly truth: Truth;
}

/** The cycles that are not observed. */
export interface Dropping {
  /** Of each cell's rows, rounded down to whole rows. */
  readonly share: number;
  readonly seed: number;
}

/**
 * Whether each of a cell's known rows is observed. A stream for every cell by its name, so that other cells do not change
 * it; a larger share drops what a smaller one does, and more.
 */
function observedRows(cell: string, known: number, { share, seed }: Dropping): Uint8Array {
  const observed = new Uint8Array(known).fill(1);
  const order = shuffle(
    Int32Array.from({ length: known }, (_, i) => i),
    createRng(seed, "drop", cell),
  );
  for (const row of order.subarray(0, Math.floor(share * known))) observed[row] = 0;
  return observed;
}

function countKnown({ soh }: CellTable): number {
  let known = 0;
  for (const value of soh) if (Number.isFinite(value)) known++;
  return known;
}

/** Fills in the rows one by one. */
class RowList {
  readonly #columns: readonly number[];
  readonly #all: number;
  readonly cycles: Int32Array;
  readonly soh: Float64Array;
  readonly features: Float64Array;
  length = 0;
  filled = 0;
  #cellStart = 0;

  /** @param all the tables' features; `columns` of them are kept */
  constructor(most: number, all: number, columns: readonly number[]) {
    this.#all = all;
    this.#columns = columns;
    this.cycles = new Int32Array(most);
    this.soh = new Float64Array(most);
    this.features = new Float64Array(most * columns.length);
  }

  startCell(): number {
    return (this.#cellStart = this.length);
  }

  add(table: CellTable, i: number): void {
    const { features, length: row } = this;
    const width = this.#columns.length;
    this.cycles[row] = table.cycles[i] as number;
    this.soh[row] = table.soh[i] as number;
    for (let f = 0; f < width; f++) {
      let value = table.features[i * this.#all + (this.#columns[f] as number)] as number;
      if (!Number.isFinite(value)) {
        value = row > this.#cellStart ? (features[(row - 1) * width + f] as number) : NaN;
        this.filled++;
      }
      features[row * width + f] = value;
    }
    this.length++;
  }

  rows(cellStart: Int32Array): Omit<Rows, "truth"> {
    const { length, filled } = this;
    const width = this.#columns.length;
    const [cycles, soh] = [this.cycles.subarray(0, length), this.soh.subarray(0, length)];
    return { cellStart, cycles, soh, width, features: this.features.subarray(0, length * width), filled };
  }
}

/**
 * Gathers the chosen columns of all cells.
 * @param dropping what is not observed: no row, but part of the truth. Null: nothing
 */
export function gatherRows(tables: CellTables, columns: readonly number[], dropping: Dropping | null = null): Rows {
  const total = tables.cells.reduce((n, cell) => n + cell.cycles.length, 0);
  const cellStart = new Int32Array(tables.cells.length + 1);
  const list = new RowList(total, tables.featureNames.length, columns);
  const everything = dropping === null ? null : new TruthList(total, tables.cells.length);
  for (const [c, table] of tables.cells.entries()) {
    cellStart[c] = list.startCell();
    const observed = dropping && observedRows(table.cell, countKnown(table), dropping);
    for (let i = 0, k = 0; i < table.soh.length; i++) {
      if (!Number.isFinite(table.soh[i])) continue;
      if (observed?.[k++] !== 0) {
        everything?.mark(list.length);
        list.add(table, i);
      }
      everything?.add(table, i);
    }
    everything?.endCell(c);
  }
  cellStart[tables.cells.length] = list.length;
  const rows = list.rows(cellStart);
  const { cycles, soh } = rows;
  return { ...rows, truth: everything?.truth(list.length) ?? { cellStart, cycles, soh, ofRow: null } };
}

/** The truth beside rows of which some were dropped, gathered one by one. */
class TruthList {
  readonly #cellStart: Int32Array;
  readonly #cycles: Int32Array;
  readonly #soh: Float64Array;
  readonly #ofRow: Int32Array;
  #length = 0;

  constructor(most: number, cells: number) {
    this.#cellStart = new Int32Array(cells + 1);
    this.#cycles = new Int32Array(most);
    this.#soh = new Float64Array(most);
    this.#ofRow = new Int32Array(most);
  }

  /** The next one added is observed as `row`. */
  mark(row: number): void {
    this.#ofRow[row] = this.#length;
  }

  add({ cycles, soh }: CellTable, i: number): void {
    this.#cycles[this.#length] = cycles[i] as number;
    this.#soh[this.#length++] = soh[i] as number;
  }

  endCell(c: number): void {
    this.#cellStart[c + 1] = this.#length;
  }

  truth(rows: number): Truth {
    const [cycles, soh] = [this.#cycles.subarray(0, this.#length), this.#soh.subarray(0, this.#length)];
    return { cellStart: this.#cellStart, cycles, soh, ofRow: this.#ofRow.subarray(0, rows) };
  }
}
