/** The choice of the ops that this thread runs. */
import type { KernelsName } from "../core/run.js";
import { opsFor, resolveKernels } from "./kernels/index.js";
import { installOps } from "./ops/index.js";

/**
 * Chooses the ops of this thread: the relaxed-SIMD build where it validates, else the plain one, else op by op (`auto`),
 * or the one asked for.
 * @returns the one in force, to be recorded with the result
 * @throws UsageError `kernels-unavailable` for a build that this engine can't run
 */
export async function useKernels(name: KernelsName | "auto" = "auto"): Promise<KernelsName> {
  const resolved = resolveKernels(name);
  installOps(opsFor(resolved));
  return resolved;
}
