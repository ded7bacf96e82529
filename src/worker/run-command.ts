/** Runs a trial's program in a worker. */
import type { TrialOutcome } from "../core/index.js";
import type { StopReason, TrialJob } from "../executors/executor.js";
import { outputWriter } from "../executors/trial-files.js";
import type { CommandWorkload } from "../programs/run-program.js";
import { runProgram } from "../programs/run-program.js";
import type { TrialLine } from "./trial-line.js";

/** The outcome of one run of the program; its reports go to the study, which may ask for its end. */
export function runCommand(job: TrialJob, workload: CommandWorkload, line: TrialLine): Promise<TrialOutcome> {
  const controller = new AbortController();
  line.onCancel(() => {
    controller.abort("cancel" satisfies StopReason);
  });
  const hooks = {
    signal: controller.signal,
    onReport: (step: number, value: number, metrics?: Readonly<Record<string, number>>) =>
      line.report(step, value, metrics),
  };
  return runProgram(job, workload, hooks, outputWriter(job));
}
