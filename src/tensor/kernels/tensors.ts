/** Tensors read and written without TensorFlow.js's own copies, per backend. */
import type { DataId, KernelBackend, TensorInfo } from "../tf.js";
import { isPacked } from "./packed-weights.js";

/** The insides of the three backends, beyond the public type. */
interface BackendInside extends KernelBackend {
  /** cpu: the values themselves. */
  data?: { get(id: DataId): { values: Float32Array } };
  /** wasm: a view of the values in its heap. */
  typedArrayFromHeap?(info: TensorInfo): Float32Array;
  makeOutput?(shape: number[], dtype: "float32"): TensorInfo;
  write(values: Float32Array, shape: number[], dtype: "float32"): DataId;
}

export const backendNames = ["cpu", "wasm", "tensorflow"] as const;

/** A tensor's values: a view where the backend has one (cpu, wasm), a copy else. Read it at once, never write. */
export function valuesOf(backend: KernelBackend, info: TensorInfo): Float32Array {
  const inside = backend as BackendInside;
  if (inside.typedArrayFromHeap) return inside.typedArrayFromHeap(info);
  if (inside.data) return inside.data.get(info.dataId).values;
  return backend.readSync(info.dataId) as Float32Array;
}

/** A new tensor holding a copy of `values`. */
export function tensorOf(backend: KernelBackend, shape: readonly number[], values: Float32Array): TensorInfo {
  const inside = backend as BackendInside;
  const size = [...shape];
  // The cpu backend has a `makeOutput` too, with other arguments.
  if (inside.typedArrayFromHeap && inside.makeOutput) {
    const info = inside.makeOutput(size, "float32");
    inside.typedArrayFromHeap(info).set(values);
    return info;
  }
  return { dataId: inside.write(values.slice(), size, "float32"), shape: size, dtype: "float32" };
}

/**
 * Replaces the values of a tensor that nothing else refers to. Returns false (and does nothing) where that is not safe
 * or not possible. On cpu the array is replaced, not overwritten: `dataSync` hands out the array itself.
 */
export function replaceValues(backend: KernelBackend, info: TensorInfo, values: Float32Array): boolean {
  const inside = backend as BackendInside;
  if (backend.refCount(info.dataId) !== 1) return false;
  if (inside.typedArrayFromHeap) {
    // A matrix product or a convolution of the backend's own goes on with the values that it packed.
    if (isPacked(info.dataId)) return false;
    inside.typedArrayFromHeap(info).set(values);
  } else if (inside.data) inside.data.get(info.dataId).values = values.slice();
  else return false;
  return true;
}
