/** Runs an objective module's function for one trial in a worker. */
import type { Distribution, ParamValue, SearchSpace, TrialOutcome } from "../core/index.js";
import { ChannelTrial, UsageError } from "../core/index.js";
import type { FileReference, ReportAnswer, TrialJob } from "../executors/executor.js";
import { outcomeOfError, outcomeOfValue } from "../executors/protocol.js";
import { logStack } from "../executors/trial-files.js";
import { loadObjective } from "../plugins/load-objective.js";
import type { TrialLine } from "./trial-line.js";

/** The outcome of one call of the module's default export; never throws for what it did. */
export async function runObjective(
  job: TrialJob,
  workload: { readonly module: FileReference; readonly space: SearchSpace },
  line: TrialLine,
  log: (text: string) => void,
): Promise<TrialOutcome> {
  let answer: Promise<ReportAnswer> = Promise.resolve("continue");
  const trial = new ChannelTrial(job, {
    suggest: (name, distribution) => undeclared(name, distribution, workload.space),
    report: (step, value, metrics) => {
      answer = line.report(step, value, metrics);
    },
    shouldPrune: async () => {
      line.throwIfCancelled();
      return (await answer) !== "continue";
    },
    setUserAttr: (key, value) => {
      line.setUserAttr(key, value);
    },
    setConstraint: (name, value) => {
      line.setConstraint(name, value);
    },
  });
  try {
    const { objective } = await loadObjective(workload.module.url);
    return outcomeOfValue(await objective(trial), job.objectives, job.constraints);
  } catch (error) {
    return logStack(log, outcomeOfError(error, "objective"), error);
  }
}

function undeclared(name: string, distribution: Distribution, space: SearchSpace): ParamValue {
  if (Object.hasOwn(space, name))
    throw new UsageError("inactive-parameter", `parameter "${name}" is not active under this trial's other parameters`);
  throw new UsageError(
    "undeclared-parameter",
    `parameter "${name}" (${distribution.type}) is not declared in the study's space; trials in workers need every ` +
      "parameter declared: `export const space`, or --search",
  );
}
