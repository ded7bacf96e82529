/** States that are tensors in float32, of one part or several, with gradients through TensorFlow.js's tape. */
import { isTensor } from "../tensor/is-tensor.js";
import { onOwnTape } from "../tensor/own-tape.js";
import * as tf from "../tensor/tf.js";
import type { Scalar, Tensor, Tensor1D } from "../tensor/tf.js";
import type { Time } from "./time.js";
import type { Tolerance, Vectors } from "./vectors.js";

/** The parts of a state, of any shapes. */
export type Parts = readonly Tensor[];

export function partsOf(state: Tensor | readonly Tensor[]): Parts {
  return isTensor(state) ? [state] : state;
}

/**
 * A time as a scalar whose gradient goes to the times asked for.
 * @param value what the scalar is; its derivatives stay the time's
 */
export function scalarOf(time: Time, times: Tensor1D | null, value = time.value): Scalar {
  const { by } = time;
  if (!times || !by) return tf.scalar(value);
  const op = tf.customGrad((() => ({
    value: tf.scalar(value),
    gradFunc: (dy: Scalar) => tf.mul(dy, tf.tensor1d(Float32Array.from(by))),
  })) as unknown as Parameters<typeof tf.customGrad>[0]);
  return op(times) as Scalar;
}

/** All parts as one list of numbers; a single part as it is. */
export function packed(parts: Parts): Tensor {
  return parts.length === 1 ? (parts[0] as Tensor) : tf.concat(parts.map((part) => tf.reshape(part, [-1])));
}

/** The inverse of {@link packed}. */
export function unpacked(all: Tensor, like: Parts): Tensor[] {
  if (like.length === 1) return [all];
  const sizes = like.map((part) => part.size);
  return tf.split(all, sizes).map((part, p) => tf.reshape(part, (like[p] as Tensor).shape));
}

/** @param times the times asked for, where gradients go to them */
export function tensorVectors(times: Tensor1D | null): Vectors<Parts> {
  const weighted = (start: Tensor | null, k: readonly Tensor[], weights: readonly number[], h: Time): Tensor => {
    // A size that moves is a tensor, and weighs the sum; one that does not goes into the weights.
    const moves = times !== null && h.by !== null;
    let sum = moves ? null : start;
    k.forEach((slope, i) => {
      const weight = moves ? (weights[i] ?? 0) : h.value * (weights[i] ?? 0);
      if (weight === 0) return;
      const term = tf.mul(slope, weight);
      sum = sum ? tf.add(sum, term) : term;
    });
    if (moves && sum) sum = start ? tf.add(start, tf.mul(sum, scalarOf(h, times))) : tf.mul(sum, scalarOf(h, times));
    return sum && sum !== start ? sum : start ? tf.clone(start) : tf.zerosLike(k[0] as Tensor);
  };
  const ofPart = (k: readonly Parts[], p: number): Tensor[] => k.map((parts) => parts[p] as Tensor);
  return {
    combine: (y, k, weights, h) => y.map((part, p) => tf.tidy(() => weighted(part, ofPart(k, p), weights, h))),
    sum: (k, weights, h) => (k[0] as Parts).map((_, p) => tf.tidy(() => weighted(null, ofPart(k, p), weights, h))),
    moving: (y, slope, x) =>
      tf.tidy(() => {
        const none = scalarOf(x, times, 0);
        const by = slope();
        return y.map((part, p) => tf.add(part, tf.mul(by[p] as Tensor, none)));
      }),
    norm: (x, from, to, tolerance) => Math.max(...x.map((part, p) => partNorm(part, from[p], to[p], tolerance))),
    tidy: (body) => tf.tidy(body as () => tf.TensorContainer) as ReturnType<typeof body>,
    dispose: (y) => tf.dispose(y as Tensor[]),
    unrecorded: onOwnTape,
  };
}

function partNorm(x: Tensor, from: Tensor | undefined, to: Tensor | undefined, { rtol, atol }: Tolerance): number {
  const values = x.dataSync();
  const a = (from as Tensor).dataSync();
  const b = to === from ? a : (to as Tensor).dataSync();
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const scale = atol + rtol * Math.max(Math.abs(a[i] as number), Math.abs(b[i] as number));
    sum += ((values[i] as number) / scale) ** 2;
  }
  return Math.sqrt(sum / values.length);
}
