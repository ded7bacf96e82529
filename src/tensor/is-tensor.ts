/** Whether something is a tensor, for the checks of what callers hand over. */
import * as tf from "./tf.js";
import type { Tensor } from "./tf.js";

/** `instanceof` would make shapes `any`. */
export function isTensor(given: unknown): given is Tensor {
  return given instanceof tf.Tensor;
}
