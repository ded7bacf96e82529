/** Tensors as rows of systems, and the Jacobians of all rows at once, by one gradient a component. */
import { UsageError } from "../core/errors.js";
import { valueAndGradients } from "../tensor/own-tape.js";
import * as tf from "../tensor/tf.js";
import type { Scalar, Tensor, Tensor2D } from "../tensor/tf.js";
import { requireStateSize } from "./linearize.js";
import { type Parts, scalarOf } from "./tensor-vectors.js";
import type { Time } from "./time.js";

/** [B, n, n] of the rows of a state: row i of each has the derivatives of the i-th slope. */
export interface RowJacobians {
  readonly jacobians: Float64Array;
  /** n */
  readonly size: number;
}

/** A state's last axis is the system, of which the axes before it are rows that do not see each other. */
const widthOf = (part: Tensor): number => part.shape[part.rank - 1] ?? 1;

export function rowsOf(parts: Parts): Tensor2D {
  const flat = parts.map((part) => tf.reshape<tf.Rank.R2>(part, [-1, widthOf(part)]));
  return flat.length === 1 ? (flat[0] as Tensor2D) : tf.concat2d(flat, 1);
}

export function partsOfRows(rows: Tensor2D, like: Parts): Tensor[] {
  const split = like.length === 1 ? [rows] : tf.split(rows, like.map(widthOf), 1);
  return split.map((part, p) => tf.reshape(part, (like[p] as Tensor).shape));
}

/** dyᵀ J for every row: the gradient of a sum of slopes, weighed by dy [B, n]. */
export function rowGradients(call: (now: Scalar, y: Parts) => Parts, now: Scalar, y: Parts, dy: Tensor2D): Tensor2D {
  const { gradients } = valueAndGradients(() => rowsOf(call(now, y)), y, dy);
  return rowsOf(gradients.map((gradient, p) => gradient ?? tf.zerosLike(y[p] as Tensor)));
}

/**
 * The Jacobians of all rows, by as many gradients as a row has numbers.
 * @param call func at a time and a state
 * @param onSize is told n before there are any
 * @throws UsageError `invalid-ode`
 */
export function rowJacobians(
  call: (now: Scalar, y: Parts) => Parts,
  t: Time,
  y: Parts,
  onSize?: (size: number) => void,
): RowJacobians {
  const rows = y.map((part) => part.size / widthOf(part));
  const [batch] = rows as [number];
  if (rows.some((count) => count !== batch))
    throw new UsageError("invalid-ode", `an implicit method takes parts of as many rows each, not ${rows.join(", ")}`);
  const size = y.reduce((sum, part) => sum + widthOf(part), 0);
  requireStateSize(size);
  onSize?.(size);
  const jacobians = new Float64Array(batch * size * size);
  for (let i = 0; i < size; i++)
    tf.tidy(() => {
      const now = scalarOf(t, null);
      const one = tf.tensor2d(
        Float32Array.from({ length: batch * size }, (_, at) => (at % size === i ? 1 : 0)),
        [batch, size],
      );
      const found = rowGradients(call, now, y, one).dataSync();
      for (let b = 0; b < batch; b++) jacobians.set(found.subarray(b * size, (b + 1) * size), (b * size + i) * size);
    });
  return { jacobians, size };
}
