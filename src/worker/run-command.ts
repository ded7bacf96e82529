/** Runs a trial's program in a worker. */
import type { TrialOutcome } from "../core/index.js";
import type { StopReason, TrialJob } from "../executors/executor.js";
import type { WriteLog } from "../programs/output-log.js";
import type { CommandWorkload } from "../programs/run-program.js";
import { runProgram } from "../programs/run-program.js";
import type { TrialLine } from "./trial-line.js";

/** The outcome of one run of the program; its reports go to the study, which may ask for its end. */
export function runCommand(
  job: TrialJob,
  workload: CommandWorkload,
  line: TrialLine,
  log: WriteLog,
): Promise<TrialOutcome> {
  const controller = new AbortController();
  line.onCancel(() => {
    controller.abort("cancel" satisfies StopReason);
  });
  const hooks = {
    signal: controller.signal,
    onReport: (step: number, value: number, metrics?: Readonly<Record<string, number>>) =>
      line.report(step, value, metrics),
  };
  // Without a log its output is the user's to see, as an objective's is.
  const write: WriteLog = job.artifacts ? log : (bytes) => process.stderr.write(bytes);
  return runProgram(job, workload, hooks, write);
}
