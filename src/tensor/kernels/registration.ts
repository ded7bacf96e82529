/**
 * The registration of kernels with TensorFlow.js. Its registries are global to the process and may be shared by copies of
 * this package, so a kernel keeps no state of its own: everything it needs comes with the call, in `attrs.call`.
 */
import * as tf from "../tf.js";
import type { KernelBackend, Tensor, TensorInfo } from "../tf.js";
import { backendNames } from "./tensors.js";

/** Input tensors in the order in which they were given. */
export type Infos = Record<string, TensorInfo>;

/** A kernel's work for a call of type C. */
export type KernelFunction<C> = (inputs: Infos, call: C, backend: KernelBackend) => TensorInfo | TensorInfo[];

/** The gradients of a call's inputs by name, each computed when asked for. */
export type GradientFunction<C> = (dys: Tensor[], call: C) => Record<string, () => Tensor>;

const registered = new Set<string>();

/** The names of the fused ops. */
export function fusedNames(): ReadonlySet<string> {
  return registered;
}

/** Registers a kernel for every backend, and its gradient when it has one; again is harmless. */
export function registerFused<C>(name: string, kernel: KernelFunction<C>, gradient?: GradientFunction<C>): void {
  if (registered.has(name)) return;
  registered.add(name);
  for (const backendName of backendNames) {
    if (tf.getKernel(name, backendName)) tf.unregisterKernel(name, backendName);
    tf.registerKernel({
      kernelName: name,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) =>
        kernel(inputs as Infos, (attrs as unknown as { call: C }).call, backend as KernelBackend),
    });
  }
  if (!gradient) return;
  if (tf.getGradient(name)) tf.unregisterGradient(name);
  tf.registerGradient({
    kernelName: name,
    inputsToSave: [],
    outputsToSave: [],
    gradFunc: (dy, _saved, attrs) => gradient(Array.isArray(dy) ? dy : [dy], (attrs as unknown as { call: C }).call),
  });
}

/** Runs a registered kernel on the active backend; on the tape when one is recording. */
export function runFused<C>(name: string, inputs: Record<string, Tensor>, call: C): Tensor[] {
  const out = tf.engine().runKernel<Tensor | Tensor[]>(name, inputs, { call } as never);
  return Array.isArray(out) ? out : [out];
}
