/** Gradients inside of whatever TensorFlow.js is doing: it has one tape, and a gradient within a gradient would take it away. */
import * as tf from "./tf.js";
import type { Tensor } from "./tf.js";

/** The parts of the engine's state that decide what is recorded. */
interface TapeState {
  activeTape: unknown;
  gradientDepth: number;
  kernelDepth: number;
}

/** Runs `body` as if no gradient were being taken; what it computes is on nobody's tape. */
export function onOwnTape<T>(body: () => T): T {
  const state = (tf.engine() as unknown as { state: TapeState }).state;
  const { activeTape, gradientDepth, kernelDepth } = state;
  Object.assign(state, { activeTape: null, gradientDepth: 0, kernelDepth: 0 });
  try {
    return body();
  } finally {
    Object.assign(state, { activeTape, gradientDepth, kernelDepth });
  }
}

/** Whether what is computed now is recorded for a gradient. */
export function tapeIsOn(): boolean {
  return (tf.engine() as unknown as { isTapeOn(): boolean }).isTapeOn();
}

/**
 * f() and the gradients of sum(f() * dy) by tensors that f computes with, variables among them; null where it does not depend
 * on one.
 */
export function valueAndGradients(
  f: () => Tensor,
  inputs: readonly Tensor[],
  dy: Tensor | null = null,
): { readonly value: Tensor; readonly gradients: (Tensor | null)[] } {
  return onOwnTape(() => {
    // The types know neither a dy that is absent nor gradients that are.
    const { value, grads } = tf.engine().gradients(f, inputs as Tensor[], dy as Tensor, true);
    return { value, gradients: grads.map((gradient: Tensor | undefined) => gradient ?? null) };
  });
}
