/** The contract of an optimizer, and the registry of optimizers. */
import type { Registry } from "../../registry/index.js";
import { registryOf } from "../../registry/index.js";
import type { Tensor, Variable } from "../../tensor/tf.js";

/** The numbers of a step, beside the gradients. */
export interface StepNumbers {
  readonly lr: number;
  readonly weightDecay: number;
  /** The step's number, from 1. */
  readonly t: number;
  /** Clip the gradients' global norm to this first; 0: don't. */
  readonly maxNorm: number;
}

/** An optimizer: changes a model's variables by their gradients. */
export interface Optimizer {
  /** Changes the variables in place. Variables without a gradient stay as they are. */
  step(gradients: ReadonlyMap<string, Tensor>, numbers: StepNumbers): void;
  /** Copies of what it remembers, by `<variable>.<slot>`. */
  state(): Map<string, Float32Array>;
  /** The inverse of `state`. */
  restore(state: ReadonlyMap<string, Float32Array>): void;
  /** Frees the memory of its state. */
  dispose(): void;
}

/** Makes an optimizer for a fixed set of variables; `params` are the validated ones of group `train`, by bare name. */
export type OptimizerFactory = (
  variables: ReadonlyMap<string, Variable>,
  params: Readonly<Record<string, unknown>>,
) => Optimizer;

/** The optimizers by name; the built-in ones are registered by this folder's index. */
export const optimizers: Registry<OptimizerFactory> = registryOf<OptimizerFactory>("optimizer");
