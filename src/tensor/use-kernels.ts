/** The choice of the ops that this thread runs. */
import type { KernelsName } from "../core/run.js";
import { opsFor, resolveKernels } from "./kernels/index.js";
import { installOps } from "./ops/index.js";

/**
 * Chooses the ops of this thread: those asked for, or for `auto` what `resolveKernels` says.
 * @returns those in force, to be recorded with the result
 * @throws UsageError `kernels-unavailable` for kernels that this machine can't run
 */
export async function useKernels(name: KernelsName | "auto" = "auto"): Promise<KernelsName> {
  const resolved = resolveKernels(name);
  installOps(opsFor(resolved));
  return resolved;
}
