import type { Ops } from "../../../../src/tensor/index.js";
import * as tf from "../../../../src/tensor/tf.js";
import { backends } from "../backends.js";
import type { IsaName } from "../../../../src/core/run.js";
import { createFusedOps, KernelMemory, kernelsWork } from "../../../../src/tensor/kernels/index.js";
import { nativeAddon } from "../../../../src/tensor/kernels/native.js";

/** The instruction sets of the native kernels that this machine runs; none where they are not built. */
const addon = nativeAddon();
export const isas: readonly IsaName[] = "reason" in addon ? [] : addon.addon.isas;
/** Why there are no native kernels here; empty where there are. */
export const missing = "reason" in addon ? addon.reason : "";

export type Build = "plain" | "relaxed" | `native ${IsaName}`;
/** The builds that this machine runs: `relaxed` from Node 22 on, `native` where there was a C compiler. */
export const builds: readonly Build[] = [
  ...(["plain", "relaxed"] as const).filter(kernelsWork),
  ...isas.map((isa) => `native ${isa}` as const),
];
/** Of several instruction sets the first alone but on cpu: the backend only changes where tensors lie. */
export const settings = backends.flatMap((backend) =>
  builds
    .filter((build) => backend === "cpu" || !isas.slice(1).some((isa) => build === `native ${isa}`))
    .map((build) => [backend, build] as const),
);

export function memoryOf(build: Build): KernelMemory {
  const [name, isa] = build.split(" ") as ["plain" | "relaxed" | "native", IsaName | undefined];
  return new KernelMemory(name, isa);
}

export function freshOps(build: Build): { memory: KernelMemory; ops: Ops } {
  const memory = memoryOf(build);
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
