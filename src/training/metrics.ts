import type { Batch, Metrics, PartMetrics } from "../core/index.js";
import * as tf from "../tensor/tf.js";
import type { Scalar, Tensor1D } from "../tensor/tf.js";

/** Where a loss first stopped being a finite number. */
export interface Divergence {
  /** The batch, from 1. */
  readonly batch: number;
  readonly loss: number;
}

export interface PassResult {
  readonly metrics: PartMetrics;
  readonly divergence: Divergence | null;
}

/**
 * Gathers what a pass's metrics are made of. Each batch leaves two small tensors, read together in f64 at the end; what
 * depends on the targets alone is summed at once.
 */
export class MetricSums {
  readonly #kept: { readonly size: number; readonly loss: Scalar; readonly sums: Tensor1D }[] = [];
  #steps = 0;
  #targets = 0;
  #targetSquares = 0;
  #entries = 0;

  /** Takes over `loss` and `sums` (of `pathLoss`), which the caller must have kept from a tidy. */
  add(batch: Batch, loss: Scalar, sums: Tensor1D): void {
    this.#kept.push({ size: batch.size, loss, sums });
    this.#steps = batch.horizon;
    const { target } = batch;
    for (let i = 0; i < target.length; i++) {
      const value = target[i] as number;
      this.#targets += value;
      this.#targetSquares += value * value;
    }
    this.#entries += target.length;
  }

  /** The metrics of all that was added, in SOH units; frees the tensors. */
  finish(): PassResult {
    let [windows, loss, squares, magnitudes, endSquares, largest] = [0, 0, 0, 0, 0, 0];
    let divergence: Divergence | null = null;
    this.#kept.forEach((kept, i) => {
      const batchLoss = kept.loss.dataSync()[0] as number;
      const [s, m, e, x] = kept.sums.dataSync() as unknown as [number, number, number, number];
      if (!Number.isFinite(batchLoss)) divergence ??= { batch: i + 1, loss: batchLoss };
      windows += kept.size;
      loss += batchLoss * kept.size;
      squares += s;
      magnitudes += m;
      endSquares += e;
      largest = Math.max(largest, x);
    });
    this.dispose();
    const entries = windows * this.#steps;
    const spread = this.#targetSquares - this.#targets ** 2 / this.#entries;
    const metrics: PartMetrics = {
      loss: loss / windows,
      rmse: Math.sqrt(squares / entries),
      rmse_end: Math.sqrt(endSquares / windows),
      mae: magnitudes / entries,
      r2: 1 - squares / spread,
      max_error: largest,
    };
    return { metrics, divergence };
  }

  dispose(): void {
    for (const { loss, sums } of this.#kept) tf.dispose([loss, sums]);
    this.#kept.length = 0;
  }
}

/** `rmse` -> `val_rmse`, … */
export function prefixed(part: string, metrics: PartMetrics): Metrics {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`${part}_${name}`, value as number]));
}
