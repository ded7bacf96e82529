/** Which tensors the wasm backend keeps a copy of: XNNPACK packs a layer's weights once and reads them no more. */
import * as tf from "../tf.js";
import type { DataId, KernelConfig } from "../tf.js";

/** The inputs that are packed when a kernel first sees them, and forgotten when their data is disposed. */
const packing: Readonly<Record<string, readonly string[]>> = {
  BatchMatMul: ["b"],
  _FusedMatMul: ["b", "bias"],
  Conv2D: ["filter"],
  FusedConv2D: ["filter", "bias"],
  DepthwiseConv2dNative: ["filter"],
  FusedDepthwiseConv2D: ["filter", "bias"],
  Prelu: ["alpha"],
};

/** On the process, as TensorFlow.js's registry of kernels is: copies of this package share both. */
const key = Symbol.for("mlbench-hpo.packed-weights");
type Shared = typeof globalThis & { [key]?: { readonly data: WeakSet<DataId>; isNoted: boolean } };
const packed = ((globalThis as Shared)[key] ??= { data: new WeakSet(), isNoted: false });

/** Whether the wasm backend may go on computing with the values that this data has now. */
export function isPacked(data: DataId): boolean {
  return packed.data.has(data);
}

/** Makes the wasm backend's kernels note whose values they keep; again is harmless. */
export function notePackedWeights(): void {
  if (packed.isNoted) return;
  packed.isNoted = true;
  for (const [name, inputsOf] of Object.entries(packing)) {
    const original = tf.getKernel(name, "wasm") as KernelConfig | undefined;
    if (!original) continue;
    const kernelFunc: KernelConfig["kernelFunc"] = (call) => {
      for (const input of inputsOf) {
        const info = call.inputs[input];
        if (info) packed.data.add(info.dataId);
      }
      return original.kernelFunc(call);
    };
    tf.unregisterKernel(name, "wasm");
    tf.registerKernel({ ...original, kernelFunc });
  }
}
