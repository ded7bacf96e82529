import type { TrialOutcome } from "../core/index.js";
import type { TrialJob, Workload } from "./executor.js";
import type { TrialLine } from "./worker-trial.js";

export async function runTraining(
  _job: TrialJob,
  _workload: Extract<Workload, { kind: "train" }>,
  _line: TrialLine,
): Promise<{ outcome: TrialOutcome; backend: string | null }> {
  throw new Error("training is not there yet");
}
