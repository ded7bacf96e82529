/** A faster matrix product of transposed operands on the wasm backend. */
import * as tf from "../tf.js";
import type { KernelBackend, KernelConfig, TensorInfo } from "../tf.js";

/** On the wrapped function, so that copies of this package wrap it once. */
const mark = Symbol.for("mlbench-hpo.explicit-transposes");

/**
 * Makes the wasm backend's matrix product transpose its operands first where it is asked for a transposed product. Its
 * own code for those is a plain triple loop; without flags it uses XNNPACK. Every gradient of a product is a transposed
 * product, so this halves a training step of models built from plain ops.
 */
export function useExplicitTransposes(): void {
  const original = tf.getKernel("BatchMatMul", "wasm") as KernelConfig | undefined;
  const transpose = tf.getKernel("Transpose", "wasm") as KernelConfig | undefined;
  if (!original || !transpose || mark in original.kernelFunc) return;
  const { kernelFunc } = original;
  const transposed = (x: TensorInfo, backend: KernelBackend): TensorInfo => {
    const perm = x.shape.map((_, axis) => axis);
    perm.splice(-2, 2, x.shape.length - 1, x.shape.length - 2);
    return transpose.kernelFunc({ inputs: { x }, attrs: { perm }, backend }) as TensorInfo;
  };
  const wrapped: KernelConfig["kernelFunc"] = ({ inputs, attrs, backend }) => {
    const { transposeA, transposeB } = attrs as unknown as { transposeA: boolean; transposeB: boolean };
    const { a, b } = inputs as unknown as { a: TensorInfo; b: TensorInfo };
    const on = backend as KernelBackend;
    if (!transposeA && !transposeB) return kernelFunc({ inputs, attrs: attrs ?? {}, backend });
    const [left, right] = [transposeA ? transposed(a, on) : a, transposeB ? transposed(b, on) : b];
    const flags = { transposeA: false, transposeB: false };
    const product = kernelFunc({ inputs: { a: left, b: right }, attrs: flags, backend });
    for (const [info, own] of [
      [left, a],
      [right, b],
    ] as const)
      if (info !== own) on.disposeData(info.dataId);
    return product;
  };
  tf.unregisterKernel("BatchMatMul", "wasm");
  tf.registerKernel({ ...original, kernelFunc: Object.assign(wrapped, { [mark]: true }) });
}
