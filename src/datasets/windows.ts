/** The windows cut from a dataset's rows. */
import type { Rows, Truth } from "./rows.js";

/** Windows by cell and time: parallel arrays. */
export interface Windows {
  /** The row of each window's last observed cycle. */
  readonly end: Int32Array;
  /** The same cycle's place in {@link Truth}: the target is what follows it there. */
  readonly target: Int32Array;
  /** The cell's index. */
  readonly cell: Int32Array;
  /** 0, 1, 2 … within the cell: the same number is the same target path, whatever the window's length. */
  readonly position: Int32Array;
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
 * Cuts windows. A window is T consecutive rows of one cell: a cycle that is missing from the files, or was dropped, is a
 * gap in `Batch.cycles`, not a reason to leave the window out. Its target are the next H discharges, counted by their
 * numbers, whether observed or dropped: where one of those H is missing there is no target and no window.
 */
export function cutWindows(rows: Rows, shape: WindowShape): Windows {
  const { horizon, stride } = shape;
  const { cycles, cellStart, ofRow } = rows.truth;
  const first = Math.max(shape.window, shape.alignWindow) - 1;
  const list = new WindowList(rows.soh.length);
  for (let c = 0; c + 1 < rows.cellStart.length; c++) {
    const start = rows.cellStart[c] as number;
    const stop = rows.cellStart[c + 1] as number;
    for (let k = 0, e = start + first; e < stop; k++, e += stride) {
      const last = ofRow ? (ofRow[e] as number) : e;
      if (last + horizon >= (cellStart[c + 1] as number)) break;
      if ((cycles[last + horizon] as number) - (cycles[last] as number) !== horizon) continue;
      list.add(e, c, k);
    }
  }
  return list.windows(rows.truth);
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

  windows({ ofRow }: Truth): Windows {
    const own = (numbers: Int32Array): Int32Array =>
      2 * this.#length < numbers.length ? numbers.slice(0, this.#length) : numbers.subarray(0, this.#length);
    const end = own(this.#end);
    const target = ofRow ? end.map((row) => ofRow[row] as number) : end;
    return { end, target, cell: own(this.#cell), position: own(this.#position) };
  }
}

/**
 * The newest window of every cell of at least `length` rows: it ends at the cell's last row, and its targets lie ahead of
 * what was observed. In a window's position stands the number of whole windows that could end before.
 */
export function newestWindows(rows: Rows, length: number): Windows {
  const list = new WindowList(rows.cellStart.length - 1);
  for (let c = 0; c + 1 < rows.cellStart.length; c++) {
    const start = rows.cellStart[c] as number;
    const last = (rows.cellStart[c + 1] as number) - 1;
    if (last - start + 1 < length) continue;
    list.add(last, c, last - start + 1 - length);
  }
  return list.windows(rows.truth);
}
