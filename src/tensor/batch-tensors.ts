/** Batches as tensors. */
import type { Batch } from "../core/batch.js";
import * as tf from "./tf.js";
import type { Tensor1D, Tensor2D, Tensor3D } from "./tf.js";

/** A batch as tensors: B windows, T cycles, F features, H horizon steps; float32. */
export interface BatchTensors {
  readonly size: number;
  /** [B,T,F], normalised as fed. */
  readonly x: Tensor3D;
  /** [B,T], SOH units. */
  readonly windowSoh: Tensor2D;
  /** [B,1], SOH units: the SOH of each window's last cycle. */
  readonly lastSoh: Tensor2D;
  /** [B,H], SOH units. */
  readonly target: Tensor2D;
  /** [H] = 1 … H. */
  readonly tEval: Tensor1D;
  /** `[B,T]`: the observed cycles' numbers, whose differences are the gaps. No tensor: it costs models without use for it nothing. */
  readonly cycles: Int32Array;
}

/**
 * The one function that turns a batch into tensors. They may share memory with the batch's arrays, which are only valid
 * until the loader's next batch: dispose of them (`tf.dispose`, or a surrounding `tf.tidy`) before that.
 */
export function batchToTensors(batch: Batch): BatchTensors {
  const { size, window, features, horizon } = batch;
  return {
    size,
    x: tf.tensor3d(batch.x, [size, window, features], "float32"),
    windowSoh: tf.tensor2d(batch.windowSoh, [size, window], "float32"),
    lastSoh: tf.tensor2d(batch.lastSoh, [size, 1], "float32"),
    target: tf.tensor2d(batch.target, [size, horizon], "float32"),
    tEval: tf.tensor1d(batch.tEval, "float32"),
    cycles: batch.cycles,
  };
}
