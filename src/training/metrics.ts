/** The metrics of a pass, gathered batch by batch. */
import type { Batch, Metrics, PartMetrics } from "../core/index.js";
import { requireOwnMetricName } from "../core/index.js";
import type { BatchScores } from "../tensor/index.js";
import * as tf from "../tensor/tf.js";
import type { Scalar, Tensor1D } from "../tensor/tf.js";

/** The first batch whose loss was no finite number. */
export interface Divergence {
  /** The batch, from 1. */
  readonly batch: number;
  readonly loss: number;
}

/** The metrics of one pass over a split. */
export interface PassResult {
  readonly metrics: PartMetrics;
  /** The model's own metrics: means over the windows of the batches that have them. */
  readonly own: Metrics;
  readonly divergence: Divergence | null;
}

/** A batch's loss, the sums of `pathLoss` and the model's own metrics. */
export type Scored = {
  readonly loss: Scalar;
  readonly sums: Tensor1D;
  readonly own: Readonly<Record<string, Scalar | number>>;
};

/** The sums of a pass over the batches' own, as numbers in f64. */
export class ScoreSums {
  #batches = 0;
  #windows = 0;
  #loss = 0;
  #squares = 0;
  #magnitudes = 0;
  #endSquares = 0;
  #largest = 0;
  #divergence: Divergence | null = null;

  add(size: number, { loss, squares, magnitudes, lastSquares, largest }: BatchScores): void {
    this.#batches++;
    if (!Number.isFinite(loss)) this.#divergence ??= { batch: this.#batches, loss };
    this.#windows += size;
    this.#loss += loss * size;
    this.#squares += squares;
    this.#magnitudes += magnitudes;
    this.#endSquares += lastSquares;
    this.#largest = Math.max(this.#largest, largest);
  }

  /**
   * @param horizon H
   * @param targets the sum of all targets, and of their squares
   */
  finish(horizon: number, [targets, targetSquares]: readonly [number, number]): Omit<PassResult, "own"> {
    const windows = this.#windows;
    const entries = windows * horizon;
    const spread = targetSquares - targets ** 2 / entries;
    const metrics: PartMetrics = {
      loss: this.#loss / windows,
      rmse: Math.sqrt(this.#squares / entries),
      rmse_end: Math.sqrt(this.#endSquares / windows),
      mae: this.#magnitudes / entries,
      r2: 1 - this.#squares / spread,
      max_error: this.#largest,
    };
    return { metrics, divergence: this.#divergence };
  }
}

type FourSums = [squares: number, magnitudes: number, lastSquares: number, largest: number];

/**
 * Gathers what a pass's metrics are made of. Each batch leaves two small tensors, read together in f64 at the end; what
 * depends on the targets alone is summed at once.
 */
export class MetricSums {
  readonly #kept: (Scored & { readonly size: number })[] = [];
  #steps = 0;
  #targets = 0;
  #targetSquares = 0;

  /** Takes over the tensors of `scored`, which the caller must have kept from a tidy. */
  add(batch: Batch, scored: Scored): void {
    this.#kept.push({ ...scored, size: batch.size });
    this.#steps = batch.horizon;
    const { target } = batch;
    for (let i = 0; i < target.length; i++) {
      const value = target[i] as number;
      this.#targets += value;
      this.#targetSquares += value * value;
    }
  }

  /**
   * The metrics of all that was added, in SOH units; frees the tensors.
   * @throws UsageError `invalid-metric` for a name that a model's own metric cannot have
   */
  finish(): PassResult {
    const sums = new ScoreSums();
    for (const kept of this.#kept) {
      const loss = kept.loss.dataSync()[0] as number;
      const [squares, magnitudes, lastSquares, largest] = kept.sums.dataSync() as unknown as FourSums;
      sums.add(kept.size, { loss, squares, magnitudes, lastSquares, largest });
    }
    const means = new OwnMeans();
    for (const { own, size } of this.#kept) means.add(size, numbersOf(own));
    const own = means.finish();
    this.dispose();
    for (const name of Object.keys(own)) requireOwnMetricName("the model's own metric", name);
    return { ...sums.finish(this.#steps, [this.#targets, this.#targetSquares]), own };
  }

  dispose(): void {
    for (const { loss, sums, own } of this.#kept)
      tf.dispose([loss, sums, ...Object.values(own).filter((value) => typeof value !== "number")]);
    this.#kept.length = 0;
  }
}

/** The means of the model's own metrics, each over the windows of the batches that have it. */
export class OwnMeans {
  readonly #totals = new Map<string, { sum: number; windows: number }>();

  add(size: number, own: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(own)) {
      const total = this.#totals.get(name) ?? { sum: 0, windows: 0 };
      total.sum += value * size;
      total.windows += size;
      this.#totals.set(name, total);
    }
  }

  finish(): Metrics {
    return Object.fromEntries([...this.#totals].map(([name, { sum, windows }]) => [name, sum / windows]));
  }
}

function numbersOf(own: Scored["own"]): Record<string, number> {
  const read = (value: Scalar | number): number =>
    typeof value === "number" ? value : (value.dataSync()[0] as number);
  return Object.fromEntries(Object.entries(own).map(([name, value]) => [name, read(value)]));
}

/** A pass's metrics under the names of events and records: `rmse` -> `val_rmse`, …, the model's own among them. */
export function prefixed(part: string, { metrics, own }: Pick<PassResult, "metrics" | "own">): Metrics {
  return ofPart(part, { ...metrics, ...own });
}

/** Metrics under the part's name: `knee_error` -> `val_knee_error`. */
export function ofPart(part: string, metrics: Metrics): Metrics {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`${part}_${name}`, value]));
}
