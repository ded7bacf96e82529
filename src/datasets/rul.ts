/** The remaining useful life: ends of life and the errors of predicted ones. */
import type { Batch, CellTable, CellTables, Metrics } from "../core/index.js";

/** Whether life has ended at a SOH. Compared as float32, which paths are: the float32 nearest to 0.8 lies above 0.8. */
function isEnd(soh: number, eol: number): boolean {
  return Math.fround(soh) <= Math.fround(eol);
}

/** A cell's end of life: the first cycle whose SOH is at or below `eol`, or null where none is. */
export function endOfLifeCycle({ soh, cycles }: Pick<CellTable, "soh" | "cycles">, eol: number): number | null {
  const row = soh.findIndex((value) => isEnd(value, eol));
  return row < 0 ? null : (cycles[row] as number);
}

/** Each cell's {@link endOfLifeCycle}. */
export function endOfLifeCycles(tables: CellTables, eol: number): (number | null)[] {
  return tables.cells.map((cell) => endOfLifeCycle(cell, eol));
}

/** Steps until a path is at or below `eol` for the first time: 1 … H, or null when it is not within the path. */
export function stepsWithin(path: ArrayLike<number>, eol: number, from = 0, horizon = path.length): number | null {
  for (let h = 0; h < horizon; h++) if (isEnd(path[from + h] as number, eol)) return h + 1;
  return null;
}

/** {@link stepsWithin} as it is scored: H when it is not within the path. */
export function stepsToEndOfLife(path: ArrayLike<number>, eol: number, from = 0, horizon = path.length): number {
  return stepsWithin(path, eol, from, horizon) ?? horizon;
}

/**
 * Where the line from the last SOH through the path's points first meets `eol`, in cycles after the last one: at most the
 * whole cycle of {@link stepsWithin}, and more than the one before. Null when it is not within the path.
 */
export function crossingOf(path: ArrayLike<number>, eol: number, lastSoh: number): number | null {
  const steps = stepsWithin(path, eol);
  if (steps === null) return null;
  const before = steps === 1 ? lastSoh : (path[steps - 2] as number);
  const fall = before - (path[steps - 1] as number);
  return fall > 0 ? steps - 1 + Math.min(1, Math.max(0, (before - eol) / fall)) : steps;
}

/** Of windows: what their remaining useful life is scored by. */
export type AgedWindows = Pick<Batch, "size" | "window" | "horizon" | "cell" | "cycles">;

/**
 * Errors of the remaining useful life, in cycles, over the windows whose cell ends its life within their horizon. Windows
 * that begin after it, or too early to see it, are not scored; nor are cells that never end theirs (censored), which are
 * counted.
 */
export class RulScore {
  readonly #ends: readonly (number | null)[];
  readonly #eol: number;
  readonly #censored = new Set<number>();
  #windows = 0;
  #absolute = 0;
  #squares = 0;

  /** @param ends each cell's end of life: {@link endOfLifeCycles} */
  constructor(ends: readonly (number | null)[], eol: number) {
    this.#ends = ends;
    this.#eol = eol;
  }

  /** @param predicted [B,H] SOH */
  add(batch: AgedWindows, predicted: ArrayLike<number>): void {
    const { size, window, horizon } = batch;
    for (let b = 0; b < size; b++) {
      const cell = batch.cell[b] as number;
      const end = this.#ends[cell] ?? null;
      if (end === null) {
        this.#censored.add(cell);
        continue;
      }
      const left = end - (batch.cycles[(b + 1) * window - 1] as number);
      if (left < 1 || left > horizon) continue;
      const error = stepsToEndOfLife(predicted, this.#eol, b * horizon, horizon) - left;
      this.#windows++;
      this.#absolute += Math.abs(error);
      this.#squares += error * error;
    }
  }

  /** `rul_mae`, `rul_rmse` (cycles; absent when nothing could be scored), `rul_windows`, `rul_censored_cells`. */
  metrics(): Metrics {
    const counts = { rul_windows: this.#windows, rul_censored_cells: this.#censored.size };
    if (this.#windows === 0) return counts;
    return {
      rul_mae: this.#absolute / this.#windows,
      rul_rmse: Math.sqrt(this.#squares / this.#windows),
      ...counts,
    };
  }
}
