/** Runs one trial in a worker, whatever it is, and sends its outcome. */
import { keepDeepStacks } from "../core/index.js";
import type { TrialJob } from "../executors/executor.js";
import type { WorkerPort } from "../executors/protocol.js";
import { outcomeOfError } from "../executors/protocol.js";
import { logStack, logWriter } from "../executors/trial-files.js";
import { divertOutput } from "./divert-output.js";
import { runObjective } from "./run-objective.js";
import { TrialLine } from "./trial-line.js";

keepDeepStacks();

/** Runs one trial and sends its outcome; never throws for what the trial did. */
export async function runTrial(
  job: TrialJob,
  port: WorkerPort,
  control: Int32Array,
  memory: () => number,
): Promise<void> {
  const line = new TrialLine(port, control, memory);
  const log = logWriter(job);
  const restore = divertOutput(job, log);
  try {
    if (job.workload.kind === "train") {
      const { runTraining } = await import("./train-trial.js");
      const { outcome, ranOn } = await runTraining(job, job.workload, line, log);
      line.end(outcome, ranOn);
    } else if (job.workload.kind === "objective") {
      line.end(await runObjective(job, job.workload, line, log));
    } else if (job.workload.kind === "command") {
      const { runCommand } = await import("./run-command.js");
      line.end(await runCommand(job, job.workload, line));
    } else throw new Error("a function runs in the study's own process only");
  } catch (error) {
    line.end(logStack(log, outcomeOfError(error, "worker"), error));
  } finally {
    restore();
  }
}
