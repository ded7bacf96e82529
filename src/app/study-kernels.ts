/** The kernels of a study's trials: those of its first one, unless it is told otherwise. */
import type { KernelsName, Trial } from "../core/index.js";
import { UsageError } from "../core/index.js";
import { kernelsNames, kernelsReason, resolveKernels } from "../tensor/kernels/select.js";

/** The kernels that a trial ran with; records of earlier versions say it in `backend` alone (`wasm/plain`). */
export function kernelsOf({ kernels, backend }: Pick<Trial, "kernels" | "backend">): KernelsName | undefined {
  const name = kernels ?? backend?.split("/")[1];
  return kernelsNames.find((known) => known === name);
}

/** Those that the first trial to say so ran with. */
export function keptKernels(trials: readonly Trial[]): KernelsName | undefined {
  for (const trial of trials) {
    const kernels = kernelsOf(trial);
    if (kernels !== undefined) return kernels;
  }
  return undefined;
}

/**
 * The kernels that a study goes on with: what is asked for, else what it keeps, else what `auto` stands for here.
 * @throws UsageError `kernels-unavailable`
 */
export function studyKernels(
  study: { readonly name: string; readonly trials: readonly Trial[] },
  asked: KernelsName | "auto" = "auto",
): KernelsName {
  const kept = asked === "auto" ? keptKernels(study.trials) : undefined;
  if (kept === undefined) return resolveKernels(asked);
  const reason = kernelsReason(kept);
  if (reason === null) return resolveKernels(kept);
  throw new UsageError(
    "kernels-unavailable",
    `study "${study.name}" keeps the kernels of its first trial, "${kept}", which do not run here: ${reason}; ` +
      `--kernels ${resolveKernels("auto")} goes on with others, whose numbers differ in the last bits`,
  );
}
