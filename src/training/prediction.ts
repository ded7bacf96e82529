/** A model's predictions for every window of a part: rows, CSV, tensors for other programs. */
import type { Batch } from "../core/index.js";
import { writeFileAtomically } from "../io/atomic-write.js";
import { csvLine } from "../io/csv.js";
import { encodeSafetensors } from "./safetensors.js";

/** One predicted step. */
export interface PredictionRow {
  readonly cell: string;
  /** The target's discharge, from 1 in its cell: the window's last one + `step`. */
  readonly cycle: number;
  /** From 1 to the horizon. */
  readonly step: number;
  readonly soh_true: number;
  readonly soh_pred: number;
}

export interface CellEndPoints {
  readonly cell: string;
  /** Each path's last step, in the order of cycles. */
  readonly points: readonly { readonly cycle: number; readonly true: number; readonly predicted: number }[];
}

/** A model's predictions for every window of a part, row-major. */
export class Prediction {
  readonly #cells: readonly string[];
  readonly #batch: Batch;
  /** [N,H], SOH units. */
  readonly soh: Float32Array;

  constructor(cells: readonly string[], batch: Batch, soh: Float32Array) {
    this.#cells = cells;
    this.#batch = batch;
    this.soh = soh;
  }

  get windows(): number {
    return this.#batch.size;
  }
  get horizon(): number {
    return this.#batch.horizon;
  }

  #row(n: number, h: number): PredictionRow {
    const { window, horizon, cycles, cell, target } = this.#batch;
    const at = n * horizon + h;
    return {
      cell: this.#cells[cell[n] as number] as string,
      cycle: (cycles[(n + 1) * window - 1] as number) + h + 1,
      step: h + 1,
      soh_true: target[at] as number,
      soh_pred: this.soh[at] as number,
    };
  }

  /** Windows in the part's order, steps ascending. */
  *rows(): Generator<PredictionRow> {
    for (let n = 0; n < this.windows; n++) for (let h = 0; h < this.horizon; h++) yield this.#row(n, h);
  }

  /** `cell,cycle,step,soh_true,soh_pred` and a line a row, each with its newline. */
  *csvLines(): Generator<string> {
    yield csvLine(["cell", "cycle", "step", "soh_true", "soh_pred"]);
    for (const { cell, cycle, step, soh_true, soh_pred } of this.rows())
      yield csvLine([cell, cycle, step, soh_true, soh_pred]);
  }

  /** For plots: each path's last step, by cell. */
  endPoints(): CellEndPoints[] {
    const byCell = new Map<string, { cycle: number; true: number; predicted: number }[]>();
    for (let n = 0; n < this.windows; n++) {
      const { cell, cycle, soh_true, soh_pred } = this.#row(n, this.horizon - 1);
      const points = byCell.get(cell) ?? [];
      points.push({ cycle, true: soh_true, predicted: soh_pred });
      byCell.set(cell, points);
    }
    return [...byCell].map(([cell, points]) => ({ cell, points: points.sort((a, b) => a.cycle - b.cycle) }));
  }

  /** Writes `x` [N,T,F] as fed, `last_soh` [N], `t_eval` [H], `y_true` and `soh_r` [N,H] as safetensors. */
  async dump(path: string): Promise<void> {
    const { size, window, features, horizon, x, lastSoh, tEval, target } = this.#batch;
    const bytes = encodeSafetensors({
      metadata: {},
      tensors: new Map([
        ["x", { shape: [size, window, features], data: x }],
        ["last_soh", { shape: [size], data: lastSoh }],
        ["t_eval", { shape: [horizon], data: tEval }],
        ["y_true", { shape: [size, horizon], data: target }],
        ["soh_r", { shape: [size, horizon], data: this.soh }],
      ]),
    });
    await writeFileAtomically(path, bytes);
  }
}
