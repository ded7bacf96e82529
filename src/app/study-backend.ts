/** The backend of a study's trials: that of its first one, unless it is told otherwise. */
import type { BackendName, Trial } from "../core/index.js";
import { messageOf, UsageError } from "../core/index.js";
import { BackendUnavailable, useBackend } from "../tensor/index.js";
import { keptBackend } from "./ran-on.js";

/**
 * That a backend does not run here, to whom another one is of no use.
 * @param act what can be done elsewhere, as `replay it`
 */
export function withoutBackend(error: unknown, act: string): string {
  const elsewhere = `${act} on a machine that has it`;
  if (!(error instanceof BackendUnavailable)) return `which does not run here: ${messageOf(error)}; ${elsewhere}`;
  const { lack } = error;
  return lack
    ? `which does not run here: ${lack.why}; ${lack.remedy}, or ${elsewhere}`
    : `which does not start here: ${elsewhere}`;
}

/**
 * The backend that a study goes on with: what is asked for, else that of the first trial to say so; `auto` where none has
 * run. So results don't change when TensorFlow is installed beside a study.
 * @param act what is done where no other backend can be asked for, as `retrain`. @default one can
 * @throws UsageError `backend-unavailable`
 */
export async function studyBackend(
  study: { readonly name: string; readonly trials: readonly Trial[] },
  asked: BackendName | "auto" = "auto",
  act: string | null = null,
): Promise<BackendName | "auto"> {
  if (asked !== "auto") return asked;
  const kept = keptBackend(study.trials);
  return kept === undefined ? "auto" : startKept(study.name, kept, act);
}

/**
 * Starts the backend that a study keeps.
 * @throws UsageError `backend-unavailable`
 */
export async function startKept(study: string, kept: BackendName, act: string | null): Promise<BackendName> {
  try {
    return (await useBackend(kept)).name;
  } catch (error) {
    throw new UsageError(
      "backend-unavailable",
      act === null
        ? `study "${study}" keeps that of its first trial: ${messageOf(error)}, whose numbers differ in the last bits`
        : `study "${study}" keeps the "${kept}" backend of its first trial, ${withoutBackend(error, act)}`,
      { cause: error },
    );
  }
}
