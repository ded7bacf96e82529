/** Gradients inside of whatever TensorFlow.js is doing: it has one tape, and a gradient within a gradient would take it away. */
import * as tf from "./tf.js";
import type { Tensor } from "./tf.js";

/** The parts of the engine's state that decide what is recorded. */
interface TapeState {
  /** What was computed, and the tensors that its gradients want. */
  activeTape: { readonly saved: readonly Tensor[] }[] | null;
  gradientDepth: number;
  kernelDepth: number;
}

const stateOf = (): TapeState => (tf.engine() as unknown as { state: TapeState }).state;

/**
 * Runs `body`; where it throws, what it left on the tape goes, as after a gradient that was taken. TensorFlow.js keeps the
 * tensors that a tape saved until then, for ever where there is none.
 */
export function untapedIfThrown<T>(body: () => T): T {
  const state = stateOf();
  const before = state.activeTape;
  const length = before?.length ?? 0;
  try {
    return body();
  } catch (error) {
    // A gradient that began within the body began a tape of its own.
    const own = state.activeTape === before ? length : 0;
    for (const { saved } of state.activeTape?.splice(own) ?? []) for (const tensor of saved) tensor.dispose();
    throw error;
  }
}

/** Runs `body` as if no gradient were being taken; what it computes is on nobody's tape. */
export function onOwnTape<T>(body: () => T): T {
  const state = stateOf();
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
    const { value, grads } = untapedIfThrown(() => tf.engine().gradients(f, inputs as Tensor[], dy as Tensor, true));
    return { value, gradients: grads.map((gradient: Tensor | undefined) => gradient ?? null) };
  });
}
