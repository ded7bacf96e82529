/** The kernels of a study's trials: those of its first one, unless it is told otherwise. */
import type { KernelsName, Trial } from "../core/index.js";
import { UsageError } from "../core/index.js";
import { kernelsReason, kernelsRemedy, resolveKernels } from "../tensor/kernels/select.js";
import { keptKernels } from "./ran-on.js";

/**
 * That kernels do not run here, to whom others are of no use; null: they do.
 * @param act what can be done elsewhere, as `replay it`
 */
export function withoutKernels(kernels: KernelsName, act: string): string | null {
  const reason = kernelsReason(kernels);
  if (reason === null) return null;
  const remedy = kernelsRemedy(kernels);
  return `which do not run here: ${reason}; ${remedy === null ? "" : `${remedy}, or `}${act} on a machine that has them`;
}

/**
 * The kernels that a study goes on with: what is asked for, else what it keeps, else what `auto` stands for here.
 * @param act what is done where no others can be asked for, as `retrain`. @default they can
 * @throws UsageError `kernels-unavailable`
 */
export function studyKernels(
  study: { readonly name: string; readonly trials: readonly Trial[] },
  asked: KernelsName | "auto" = "auto",
  act: string | null = null,
): KernelsName {
  const kept = asked === "auto" ? keptKernels(study.trials) : undefined;
  if (kept === undefined) return resolveKernels(asked);
  const reason = kernelsReason(kept);
  if (reason === null) return resolveKernels(kept);
  const others = (): string =>
    `which do not run here: ${reason}; --kernels ${resolveKernels("auto")} goes on with others, whose numbers differ in the last bits`;
  throw new UsageError(
    "kernels-unavailable",
    `study "${study.name}" keeps the kernels of its first trial, "${kept}", ` +
      (act === null ? others() : (withoutKernels(kept, act) ?? "")),
  );
}
