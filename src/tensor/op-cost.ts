/** What a piece of work is made of: how many ops on the active backend, and how large they are. */
import { fusedNames } from "./kernels/registration.js";
import * as tf from "./tf.js";

export interface OpCost {
  readonly ops: number;
  /** Numbers in the results of TensorFlow.js's own ops; this package's fused ones count as ops without any. */
  readonly elements: number;
}

/** Runs the work and counts. @throws what the work throws */
export async function opCostOf(work: () => void): Promise<OpCost> {
  const { kernels } = await tf.profile(work);
  const fused = fusedNames();
  let elements = 0;
  for (const { name, outputShapes } of kernels)
    if (!fused.has(name))
      for (const shape of outputShapes) elements += shape.reduce((product, length) => product * length, 1);
  return { ops: kernels.length, elements };
}

/** Whether an error says that the active backend has no such op: TensorFlow.js's wasm lacks some gradients. */
export function isMissingOp(error: unknown): boolean {
  return error instanceof Error && /^Kernel '\w+' not registered for backend/.test(error.message);
}
