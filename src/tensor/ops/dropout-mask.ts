/** The dropout masks, the same in every set of ops. */
import * as tf from "../tf.js";
import type { Tensor } from "../tf.js";
import type { DropoutOptions } from "./ops.js";

/** MurmurHash3's 32-bit finaliser (Appleby): every input bit reaches every output bit. */
function mix32(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The 32-bit key of one mask: seed (low and high words), step and layer folded in turn. */
export function dropoutKey(seed: number, step: number, layer: number): number {
  let key = 0;
  for (const word of [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, step >>> 0, layer >>> 0])
    key = mix32((key ^ word) + 0x9e3779b9);
  return key;
}

/**
 * The mask of inverted dropout: element i is 0 when `mix32(i * 0x9e3779b9 + key) >>> 8` is below `round(rate * 2^24)`,
 * else 1 / (1 - rate) in float32. A function of (seed, step, layer, i) alone, so that every implementation gives the
 * same mask and a resumed run goes on with the masks it would have had.
 */
export function fillDropoutMask(out: Float32Array, layer: number, { rate, seed, step }: DropoutOptions): Float32Array {
  const key = dropoutKey(seed, step, layer);
  const threshold = Math.round(rate * 2 ** 24);
  const kept = 1 / (1 - rate);
  for (let i = 0; i < out.length; i++)
    out[i] = mix32((Math.imul(i, 0x9e3779b9) + key) | 0) >>> 8 < threshold ? 0 : kept;
  return out;
}

/** A dropout mask as a tensor: 0, or 1 / (1 - rate), the same for the same seed, step and layer. */
export function dropoutMask(shape: readonly number[], layer: number, options: DropoutOptions): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(fillDropoutMask(new Float32Array(size), layer, options), [...shape], "float32");
}
