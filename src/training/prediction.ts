/** Predictions for windows: rows, CSV, JSON, forecasts of the end of life, tensors for other programs. */
import type { Batch, CellTable, SplitName } from "../core/index.js";
import { UsageError, defined, quantile, stringifyJson } from "../core/index.js";
import { crossingOf, stepsWithin } from "../datasets/index.js";
import { writeFileAtomically } from "../io/atomic-write.js";
import { csvLine } from "../io/csv.js";
import type { PassOptions, PredictedBatch, PredictionMember } from "./prediction-passes.js";
import { predictedBatches } from "./prediction-passes.js";
import { safetensorsHeader } from "./safetensors.js";

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
  /** The last observed discharge (no dropped one), and its SOH. */
  readonly last_cycle: number;
  readonly last_soh: number;
  /** The first discharge at or below the end of life: measured, or predicted; null: not within the horizon. */
  readonly end_of_life_cycle: number | null;
  /** Discharges from the last observed one until then; 0 where it is measured. */
  readonly remaining_life: number | null;
  /**
   * Where the line through the last measured and the predicted points meets the end of life: a fraction of a cycle at or
   * before `end_of_life_cycle`; null: measured, or not within the horizon.
   */
  readonly end_of_life_at: number | null;
}

/** A cell's predictions as they are plotted. */
export interface CellEndPoints {
  readonly cell: string;
  /** Each path's last step, in the order of cycles. */
  readonly points: readonly {
    readonly cycle: number;
    readonly true: number;
    readonly predicted: number;
    /** Of several checkpoints: the 5 and 95 % quantiles over them. */
    readonly low?: number;
    readonly high?: number;
  }[];
}

/** What a prediction is made of. */
export interface PredictionParts {
  readonly cells: readonly CellTable[];
  /** By cell: the first measured discharge at or below the end of life. */
  readonly ends: readonly (number | null)[];
  /** SOH. */
  readonly eol: number;
  readonly dataset: string;
  /** Null: every window of the cells that are not the model's own. */
  readonly part: SplitName | null;
  readonly warnings: readonly string[];
  readonly horizon: number;
  /** One a checkpoint. */
  readonly members: readonly PredictionMember[];
  /** Windows that are predicted at a time. */
  readonly batchSize: number;
}

/** What the members say of one step: their mean (float32), and of several the quantiles over them. */
export function summary(
  paths: readonly Float32Array[],
  at: number,
): Pick<PredictionRow, "soh_pred" | "soh_low" | "soh_high"> {
  const [first] = paths;
  if (first && paths.length === 1) return { soh_pred: first[at] as number };
  const values = paths.map((path) => path[at] as number);
  const soh_pred = Math.fround(values.reduce((sum, value) => sum + value, 0) / values.length);
  values.sort((a, b) => a - b);
  return { soh_pred, soh_low: quantile(values, 0.05), soh_high: quantile(values, 0.95) };
}

/** The last observed discharge of a batch's window. */
function lastCycle({ cycles, window }: Batch, b: number): number {
  return cycles[(b + 1) * window - 1] as number;
}

/** The bytes of a batch's numbers, of their own: the next batch overwrites the arrays. */
function copiedBytes(numbers: Float32Array | Int32Array): Uint8Array {
  const copy = numbers.slice();
  return new Uint8Array(copy.buffer);
}

/**
 * A model's predictions for windows, or the mean of several models'. Nothing is kept but the data: each pass over rows,
 * lines or bytes predicts anew, a batch of windows at a time, so that memory does not grow with the windows, and what
 * is read of a pass is all that is predicted.
 */
export class Prediction {
  readonly #parts: PredictionParts;
  readonly #first: PredictionMember;
  #soh: Float32Array | undefined;

  constructor(parts: PredictionParts) {
    const [first] = parts.members;
    if (first === undefined) throw new UsageError("invalid-checkpoint", "predict needs a checkpoint, none is given");
    this.#parts = parts;
    this.#first = first;
  }

  /** All of them, newest ones included. */
  get windows(): number {
    return this.#first.known.windows + (this.#first.newest?.windows ?? 0);
  }
  get horizon(): number {
    return this.#parts.horizon;
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
  /** Checkpoints that are taken together. */
  get members(): number {
    return this.#parts.members.length;
  }
  /** The tables' cells, by the index that {@link predictedCells} gives. */
  get cells(): readonly CellTable[] {
    return this.#parts.cells;
  }

  /**
   * [N,H], SOH units: windows whose truth is known, then newest ones. All in one array, which is made when it is first
   * asked for; `rows` and `csvLines` do without.
   */
  get soh(): Float32Array {
    return (this.#soh ??= this.#all());
  }

  #all(): Float32Array {
    const soh = new Float32Array(this.windows * this.horizon);
    let at = 0;
    for (const { paths } of this.#batches()) {
      const [first] = paths;
      for (let i = 0; i < (first?.length ?? 0); i++) soh[at++] = summary(paths, i).soh_pred;
    }
    return soh;
  }

  #batches(options: Omit<PassOptions, "batchSize"> = {}): Generator<PredictedBatch> {
    return predictedBatches(this.#parts.members, { batchSize: this.#parts.batchSize, ...options });
  }

  #row({ batch, paths }: PredictedBatch, b: number, h: number): PredictionRow {
    const at = b * batch.horizon + h;
    return {
      cell: (this.#parts.cells[batch.cell[b] as number] as CellTable).cell,
      cycle: lastCycle(batch, b) + h + 1,
      step: h + 1,
      soh_true: batch.target[at] as number,
      ...summary(paths, at),
    };
  }

  /** The cells (by index) that have windows here: whose truth is known, or newest ones. */
  predictedCells(): number[] {
    const { known, newest } = this.#first;
    return [...new Set([...known.cells(), ...(newest?.cells() ?? [])])].sort((a, b) => a - b);
  }

  /** Windows in the part's order, newest ones last; steps ascending. */
  *rows(): Generator<PredictionRow> {
    for (const predicted of this.#batches())
      for (let b = 0; b < predicted.batch.size; b++)
        for (let h = 0; h < this.horizon; h++) yield this.#row(predicted, b, h);
  }

  /**
   * `cell,cycle,step,soh_true,soh_pred` (and `soh_low,soh_high` of several checkpoints) and a line a row, each with its
   * newline.
   */
  *csvLines(): Generator<string> {
    const range = this.#parts.members.length > 1;
    yield csvLine(["cell", "cycle", "step", "soh_true", "soh_pred", ...(range ? ["soh_low", "soh_high"] : [])]);
    // Quoted once a cell: numbers need no quotes, and there may be millions of lines.
    const names = this.#parts.cells.map(({ cell }) => csvLine([cell]).slice(0, -1));
    for (const predicted of this.#batches()) {
      const { batch, paths } = predicted;
      for (let b = 0; b < batch.size; b++) {
        const name = names[batch.cell[b] as number] as string;
        const last = lastCycle(batch, b);
        for (let h = 0; h < batch.horizon; h++) {
          const at = b * batch.horizon + h;
          const truth = batch.target[at] as number;
          const { soh_pred, soh_low, soh_high } = summary(paths, at);
          const ends = range ? `,${soh_low},${soh_high}` : "";
          yield `${name},${last + h + 1},${h + 1},${Number.isNaN(truth) ? "" : truth},${soh_pred}${ends}\n`;
        }
      }
    }
  }

  /** One JSON document in pieces: what is said of the whole, then the rows, then {@link forecasts}. */
  *jsonPieces(): Generator<string> {
    const { dataset, part, windows, horizon, eol, warnings } = this;
    const head = stringifyJson({ dataset, part, windows, horizon, eol, warnings });
    yield `${head.slice(0, -1)},"predictions":[`;
    let separator = "";
    for (const row of this.rows()) {
      yield separator + stringifyJson(Number.isNaN(row.soh_true) ? { ...row, soh_true: null } : row);
      separator = ",";
    }
    yield `],"forecasts":${stringifyJson(this.forecasts())}}\n`;
  }

  /**
   * For each newest window the end of life that it implies; none where no forecast was asked for.
   * @param cells by index: theirs alone. @default all
   */
  forecasts(cells?: ReadonlySet<number>): CellForecast[] {
    const { ends, eol } = this.#parts;
    const forecasts: CellForecast[] = [];
    for (const { batch, paths } of this.#batches({ kinds: ["newest"], ...defined({ cells }) })) {
      for (let b = 0; b < batch.size; b++) {
        const c = batch.cell[b] as number;
        const path = Array.from({ length: batch.horizon }, (_, h) => summary(paths, b * batch.horizon + h).soh_pred);
        const last = lastCycle(batch, b);
        // Of a cell whose last cycles were dropped the truth may know an end that lies ahead of the forecast.
        const end = ends[c] ?? null;
        const measured = end !== null && end <= last ? end : null;
        const steps = stepsWithin(path, eol);
        const lastSoh = batch.lastSoh[b] as number;
        const crossing = measured === null ? crossingOf(path, eol, lastSoh) : null;
        forecasts.push({
          cell: (this.#parts.cells[c] as CellTable).cell,
          last_cycle: last,
          last_soh: lastSoh,
          end_of_life_cycle: measured ?? (steps === null ? null : last + steps),
          remaining_life: measured === null ? steps : 0,
          end_of_life_at: crossing === null ? null : last + crossing,
        });
      }
    }
    return forecasts;
  }

  /**
   * For plots: each path's last step whose truth is known, by cell.
   * @param cells by index: theirs alone, and nothing else is predicted. @default all
   */
  endPoints(cells?: ReadonlySet<number>): CellEndPoints[] {
    const byCell = new Map<string, CellEndPoints["points"][number][]>();
    for (const predicted of this.#batches({ kinds: ["known"], ...defined({ cells }) }))
      for (let b = 0; b < predicted.batch.size; b++) {
        const { cell, cycle, soh_true, soh_pred, soh_low, soh_high } = this.#row(predicted, b, this.horizon - 1);
        const points = byCell.get(cell) ?? [];
        const range = soh_low === undefined || soh_high === undefined ? {} : { low: soh_low, high: soh_high };
        points.push({ cycle, true: soh_true, predicted: soh_pred, ...range });
        byCell.set(cell, points);
      }
    return [...byCell].map(([cell, points]) => ({ cell, points: points.sort((a, b) => a.cycle - b.cycle) }));
  }

  /**
   * The paths of newest windows, ahead of the data; none where no forecast was asked for.
   * @param cells by index: theirs alone. @default all
   */
  *ahead(cells?: ReadonlySet<number>): Generator<PredictionRow> {
    for (const predicted of this.#batches({ kinds: ["newest"], ...defined({ cells }) }))
      for (let b = 0; b < predicted.batch.size; b++)
        for (let h = 0; h < this.horizon; h++) yield this.#row(predicted, b, h);
  }

  /**
   * Writes `x` [N,T,F] as fed (the first checkpoint's), its observed `cycles` [N,T], `last_soh` [N], `t_eval` [H], `y_true`
   * (NaN ahead of the data) and `soh_r` [N,H] as safetensors, batch by batch.
   */
  async dump(path: string): Promise<void> {
    await writeFileAtomically(path, this.#dumpPieces());
  }

  *#dumpPieces(): Generator<Uint8Array> {
    const { windows, horizon } = this;
    const { window, features } = this.#first.known.shape;
    yield safetensorsHeader(
      {},
      new Map([
        ["x", { dtype: "F32", shape: [windows, window, features] }],
        ["cycles", { dtype: "I32", shape: [windows, window] }],
        ["last_soh", { dtype: "F32", shape: [windows] }],
        ["t_eval", { dtype: "F32", shape: [horizon] }],
        ["y_true", { dtype: "F32", shape: [windows, horizon] }],
        ["soh_r", { dtype: "F32", shape: [windows, horizon] }],
      ]),
    );
    yield* this.#fed(({ x }) => x);
    yield* this.#fed(({ cycles }) => cycles);
    yield* this.#fed(({ lastSoh }) => lastSoh);
    yield copiedBytes(Float32Array.from({ length: horizon }, (_, h) => h + 1));
    yield* this.#fed(({ target }) => target);
    for (const { paths } of this.#batches())
      yield copiedBytes(Float32Array.from({ length: paths[0]?.length ?? 0 }, (_, i) => summary(paths, i).soh_pred));
  }

  /** One array of every batch, as the first checkpoint is fed it. */
  *#fed(pick: (batch: Batch) => Float32Array | Int32Array): Generator<Uint8Array> {
    const { batchSize } = this.#parts;
    for (const split of [this.#first.known, this.#first.newest])
      for (const batch of split?.loader({ batchSize }).epoch(0) ?? []) yield copiedBytes(pick(batch));
  }
}
