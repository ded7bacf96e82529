/** Predictions for windows: rows, CSV, forecasts of the end of life, tensors for other programs. */
import type { Batch, SplitName } from "../core/index.js";
import { stepsToEndOfLife } from "../datasets/index.js";
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
  /** NaN where it lies ahead of the data. */
  readonly soh_true: number;
  /** Of several checkpoints: their mean. */
  readonly soh_pred: number;
  /** Of several checkpoints: the 5 % quantile over them (linear between them). */
  readonly soh_low?: number;
  /** Of several checkpoints: the 95 % quantile over them. */
  readonly soh_high?: number;
}

/** What a cell's newest window says of its end of life. */
export interface CellForecast {
  readonly cell: string;
  /** The last measured discharge, and its SOH. */
  readonly last_cycle: number;
  readonly last_soh: number;
  /** The first discharge at or below the end of life: measured, or predicted; null: not within the horizon. */
  readonly end_of_life_cycle: number | null;
  /** Discharges from the last measured one until then; 0 where it is measured. */
  readonly remaining_life: number | null;
}

/** A cell's predictions as they are plotted. */
export interface CellEndPoints {
  readonly cell: string;
  /** Each path's last step, in the order of cycles. */
  readonly points: readonly { readonly cycle: number; readonly true: number; readonly predicted: number }[];
}

/** What a prediction is made of. */
export interface PredictionParts {
  readonly cells: readonly string[];
  /** By cell: the first measured discharge at or below the end of life. */
  readonly ends: readonly (number | null)[];
  /** SOH. */
  readonly eol: number;
  readonly dataset: string;
  /** Null: every window of the cells that are not the model's own. */
  readonly part: SplitName | null;
  readonly warnings: readonly string[];
  /** Windows whose whole truth is known. */
  readonly known: Batch;
  /** Each cell's newest window; null where no forecast is asked for. */
  readonly newest: Batch | null;
  /** One a checkpoint: [known + newest, H], SOH units. */
  readonly members: readonly Float32Array[];
}

/** The quantile of ascending values, linear between them (NumPy's default). */
function quantile(ascending: readonly number[], share: number): number {
  const at = share * (ascending.length - 1);
  const low = Math.floor(at);
  const [below, above] = [ascending[low] as number, ascending[Math.min(low + 1, ascending.length - 1)] as number];
  return below + (at - low) * (above - below);
}

function meanOf(members: readonly Float32Array[]): Float32Array {
  const [first] = members;
  if (first && members.length === 1) return first;
  const length = first?.length ?? 0;
  return Float32Array.from({ length }, (_, i) => {
    let sum = 0;
    for (const member of members) sum += member[i] as number;
    return sum / members.length;
  });
}

/** A model's predictions for windows, or the mean of several models', row-major. */
export class Prediction {
  readonly #parts: PredictionParts;
  /** [N,H], SOH units: windows whose truth is known, then newest ones. */
  readonly soh: Float32Array;

  constructor(parts: PredictionParts) {
    this.#parts = parts;
    this.soh = meanOf(parts.members);
  }

  /** All of them, newest ones included. */
  get windows(): number {
    return this.#parts.known.size + (this.#parts.newest?.size ?? 0);
  }
  get horizon(): number {
    return this.#parts.known.horizon;
  }
  get dataset(): string {
    return this.#parts.dataset;
  }
  /** Null: every window of the cells that are not the model's own. */
  get part(): SplitName | null {
    return this.#parts.part;
  }
  /** The end of life, SOH. */
  get eol(): number {
    return this.#parts.eol;
  }
  get warnings(): readonly string[] {
    return this.#parts.warnings;
  }

  #row(n: number, h: number): PredictionRow {
    const { known, newest, cells, members } = this.#parts;
    const [batch, w] = n < known.size ? [known, n] : [newest as Batch, n - known.size];
    const { window, horizon, cycles, cell, target } = batch;
    const at = n * horizon + h;
    const row = {
      cell: cells[cell[w] as number] as string,
      cycle: (cycles[(w + 1) * window - 1] as number) + h + 1,
      step: h + 1,
      soh_true: target[w * horizon + h] as number,
      soh_pred: this.soh[at] as number,
    };
    if (members.length === 1) return row;
    const values = members.map((member) => member[at] as number).sort((a, b) => a - b);
    return { ...row, soh_low: quantile(values, 0.05), soh_high: quantile(values, 0.95) };
  }

  /** Windows in the part's order, newest ones last; steps ascending. */
  *rows(): Generator<PredictionRow> {
    for (let n = 0; n < this.windows; n++) for (let h = 0; h < this.horizon; h++) yield this.#row(n, h);
  }

  /**
   * `cell,cycle,step,soh_true,soh_pred` (and `soh_low,soh_high` of several checkpoints) and a line a row, each with its
   * newline.
   */
  *csvLines(): Generator<string> {
    const range = this.#parts.members.length > 1;
    yield csvLine(["cell", "cycle", "step", "soh_true", "soh_pred", ...(range ? ["soh_low", "soh_high"] : [])]);
    for (const { cell, cycle, step, soh_true, soh_pred, soh_low, soh_high } of this.rows())
      yield csvLine([
        cell,
        cycle,
        step,
        Number.isNaN(soh_true) ? "" : soh_true,
        soh_pred,
        ...(range ? [soh_low ?? "", soh_high ?? ""] : []),
      ]);
  }

  /** For each newest window the end of life that it implies; none where no forecast was asked for. */
  forecasts(): CellForecast[] {
    const { known, newest, cells, ends, eol } = this.#parts;
    if (!newest) return [];
    return Array.from({ length: newest.size }, (_, w): CellForecast => {
      const c = newest.cell[w] as number;
      const last = newest.cycles[(w + 1) * newest.window - 1] as number;
      const from = (known.size + w) * this.horizon;
      const path = this.soh.subarray(from, from + this.horizon);
      const measured = ends[c] ?? null;
      const steps = path.some((soh) => soh <= eol) ? stepsToEndOfLife(path, eol) : null;
      return {
        cell: cells[c] as string,
        last_cycle: last,
        last_soh: newest.lastSoh[w] as number,
        end_of_life_cycle: measured ?? (steps === null ? null : last + steps),
        remaining_life: measured === null ? steps : 0,
      };
    });
  }

  /** For plots: each path's last step whose truth is known, by cell. */
  endPoints(): CellEndPoints[] {
    const byCell = new Map<string, { cycle: number; true: number; predicted: number }[]>();
    for (let n = 0; n < this.#parts.known.size; n++) {
      const { cell, cycle, soh_true, soh_pred } = this.#row(n, this.horizon - 1);
      const points = byCell.get(cell) ?? [];
      points.push({ cycle, true: soh_true, predicted: soh_pred });
      byCell.set(cell, points);
    }
    return [...byCell].map(([cell, points]) => ({ cell, points: points.sort((a, b) => a.cycle - b.cycle) }));
  }

  /**
   * Writes `x` [N,T,F] as fed (the first checkpoint's), `last_soh` [N], `t_eval` [H], `y_true` (NaN ahead of the data)
   * and `soh_r` [N,H] as safetensors.
   */
  async dump(path: string): Promise<void> {
    const { known, newest } = this.#parts;
    const { window, features, horizon, tEval } = known;
    const joined = (pick: (batch: Batch) => Float32Array): Float32Array => {
      if (!newest) return pick(known);
      const both = new Float32Array(pick(known).length + pick(newest).length);
      both.set(pick(known));
      both.set(pick(newest), pick(known).length);
      return both;
    };
    const bytes = encodeSafetensors({
      metadata: {},
      tensors: new Map([
        ["x", { shape: [this.windows, window, features], data: joined(({ x }) => x) }],
        ["last_soh", { shape: [this.windows], data: joined(({ lastSoh }) => lastSoh) }],
        ["t_eval", { shape: [horizon], data: tEval }],
        ["y_true", { shape: [this.windows, horizon], data: joined(({ target }) => target) }],
        ["soh_r", { shape: [this.windows, horizon], data: this.soh }],
      ]),
    });
    await writeFileAtomically(path, bytes);
  }
}
