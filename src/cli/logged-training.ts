/** A training of the command line that `--mlflow` logs. */
import { MlbenchError } from "../core/index.js";
import type { FinishEvent, RunConfig } from "../core/index.js";
import type { LoggedTraining } from "../app/mlflow.js";
import { printNotice } from "./io.js";
import type { CliIo } from "./io.js";
import { mlflowConnection } from "./mlflow-options.js";
import type { MlflowGiven } from "./mlflow-options.js";

/** What a training is, as far as it matters to its log. */
export interface TrainingToLog {
  readonly config: RunConfig;
  readonly checkpoint: string | null;
  readonly resume: string | undefined;
}

/** What a training came to: its last event, and the files that were made of it. */
export interface TrainingDone {
  readonly finish: FinishEvent | null;
  readonly plots: readonly string[];
}

/**
 * Does a training, logged where `--mlflow` is given. Whether that succeeds changes nothing of it.
 * @throws UsageError `mlflow-uri`, `mlflow-settings` before anything is trained; what `work` throws
 */
export async function loggedTraining(
  given: MlflowGiven,
  io: CliIo,
  training: TrainingToLog,
  work: (logged: LoggedTraining | null) => Promise<TrainingDone>,
): Promise<void> {
  if (given === undefined) {
    await work(null);
    return;
  }
  const { logTraining } = await import("../app/mlflow.js");
  const logged = await logTraining(training, {
    ...mlflowConnection(given),
    onWarning: (message) => {
      printNotice(io.stderr, "warning", `MLflow: ${message}`);
    },
  });
  try {
    const { finish, plots } = await work(logged);
    await logged.tracker.close(finish ? "complete" : "interrupted", await logged.filesOf(finish, plots));
  } catch (error) {
    const diverged = error instanceof MlbenchError && error.code === "diverged";
    await logged.tracker.close(diverged ? "diverged" : "failed", []);
    throw error;
  }
}
