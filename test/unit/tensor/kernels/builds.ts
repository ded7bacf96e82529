import type { Ops } from "../../../../src/tensor/index.js";
import * as tf from "../../../../src/tensor/tf.js";
import { createFusedOps, KernelMemory, kernelsWork } from "../../../../src/tensor/kernels/index.js";

/** The builds that this Node runs: `relaxed` from Node 22 on. */
export const builds = (["plain", "relaxed"] as const).filter(kernelsWork);
export const backends = ["cpu", "wasm"] as const;
export const settings = backends.flatMap((backend) => builds.map((build) => [backend, build] as const));

export function freshOps(build: (typeof builds)[number]): { memory: KernelMemory; ops: Ops } {
  const memory = new KernelMemory(build);
  return { memory, ops: createFusedOps(memory) };
}

/** Largest difference relative to the reference's largest magnitude; NaN and infinities must agree in their places. */
export function relative(found: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (found.length !== reference.length) return Infinity;
  let [difference, largest] = [0, 0];
  for (let i = 0; i < found.length; i++) {
    const [a, b] = [found[i] as number, reference[i] as number];
    if (Object.is(a, b)) continue;
    if (!Number.isFinite(a) || !Number.isFinite(b)) return Infinity;
    difference = Math.max(difference, Math.abs(a - b));
  }
  for (let i = 0; i < reference.length; i++)
    if (Number.isFinite(reference[i])) largest = Math.max(largest, Math.abs(reference[i] as number));
  return difference === 0 ? 0 : difference / (largest || 1);
}

/** `tf.tidy` for results that hold no tensors. */
export function tidied<T>(action: () => T): T {
  const results: T[] = [];
  tf.tidy(() => {
    results.push(action());
  });
  return results[0] as T;
}
