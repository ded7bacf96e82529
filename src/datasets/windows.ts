/** The windows cut from a dataset's rows. */
import type { CellTables } from "../core/index.js";

/**
 * The rows that windows are cut from: every cell's rows whose SOH is known, one cell after the other, so that a row is
 * one global index and a window is a contiguous range.
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
}

/** Windows by cell and time: parallel arrays. */
export interface Windows {
  /** The row of each window's last observed cycle. */
  readonly end: Int32Array;
  /** The cell's index. */
  readonly cell: Int32Array;
  /** 0, 1, 2 … within the cell: the same number is the same target path, whatever the window's length. */
  readonly position: Int32Array;
}

/** Gathers the chosen columns of all cells. */
export function gatherRows(tables: CellTables, columns: readonly number[]): Rows {
  const total = tables.cells.reduce((n, cell) => n + cell.cycles.length, 0);
  const all = tables.featureNames.length;
  const width = columns.length;
  const cellStart = new Int32Array(tables.cells.length + 1);
  const cycles = new Int32Array(total);
  const soh = new Float64Array(total);
  const features = new Float64Array(total * width);
  let row = 0;
  let filled = 0;
  for (const [c, table] of tables.cells.entries()) {
    cellStart[c] = row;
    for (let i = 0; i < table.cycles.length; i++) {
      if (!Number.isFinite(table.soh[i])) continue;
      cycles[row] = table.cycles[i] as number;
      soh[row] = table.soh[i] as number;
      for (let f = 0; f < width; f++) {
        let value = table.features[i * all + (columns[f] as number)] as number;
        if (!Number.isFinite(value)) {
          value = row > cellStart[c] ? (features[(row - 1) * width + f] as number) : NaN;
          filled++;
        }
        features[row * width + f] = value;
      }
      row++;
    }
  }
  cellStart[tables.cells.length] = row;
  return {
    cellStart,
    cycles: cycles.subarray(0, row),
    soh: soh.subarray(0, row),
    width,
    features: features.subarray(0, row * width),
    filled,
  };
}

export interface WindowShape {
  /** T */
  readonly window: number;
  /** H */
  readonly horizon: number;
  readonly stride: number;
  /** Windows shorter than this are cut at the ends that exist for this one. */
  readonly alignWindow: number;
}

/**
 * Cuts windows. A window is T consecutive rows of one cell: a cycle that is missing from the files is a gap in
 * `Batch.cycles`, not a reason to leave the window out. Its target are the next H discharges, counted by their numbers:
 * where one of those H is missing there is no target and no window.
 */
export function cutWindows(rows: Rows, shape: WindowShape): Windows {
  const { horizon, stride } = shape;
  const first = Math.max(shape.window, shape.alignWindow) - 1;
  const list = new WindowList(rows.soh.length);
  for (let c = 0; c + 1 < rows.cellStart.length; c++) {
    const start = rows.cellStart[c] as number;
    const stop = rows.cellStart[c + 1] as number;
    for (let k = 0, e = start + first; e + horizon < stop; k++, e += stride) {
      if ((rows.cycles[e + horizon] as number) - (rows.cycles[e] as number) !== horizon) continue;
      list.add(e, c, k);
    }
  }
  return list.windows();
}

/** Windows gathered as numbers: there may be millions. No row ends more than one. */
class WindowList {
  readonly #end: Int32Array;
  readonly #cell: Int32Array;
  readonly #position: Int32Array;
  #length = 0;

  constructor(most: number) {
    this.#end = new Int32Array(most);
    this.#cell = new Int32Array(most);
    this.#position = new Int32Array(most);
  }

  add(end: number, cell: number, position: number): void {
    this.#end[this.#length] = end;
    this.#cell[this.#length] = cell;
    this.#position[this.#length++] = position;
  }

  windows(): Windows {
    const own = (numbers: Int32Array): Int32Array =>
      2 * this.#length < numbers.length ? numbers.slice(0, this.#length) : numbers.subarray(0, this.#length);
    return { end: own(this.#end), cell: own(this.#cell), position: own(this.#position) };
  }
}

/**
 * The newest window of every cell of at least `length` rows: it ends at the cell's last row, and its targets lie ahead of
 * the data. In a window's position stands the number of whole windows that could end before.
 */
export function newestWindows(rows: Rows, length: number): Windows {
  const list = new WindowList(rows.cellStart.length - 1);
  for (let c = 0; c + 1 < rows.cellStart.length; c++) {
    const start = rows.cellStart[c] as number;
    const last = (rows.cellStart[c + 1] as number) - 1;
    if (last - start + 1 < length) continue;
    list.add(last, c, last - start + 1 - length);
  }
  return list.windows();
}
