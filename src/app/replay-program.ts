/** Runs a trial's program again from the trial's record, and compares how it ends. */
import type { Params, StudyHeader, Trial, TrialOutcome } from "../core/index.js";
import { UsageError } from "../core/index.js";
import type { ReportAnswer } from "../executors/executor.js";
import { runProgram } from "../programs/run-program.js";
import { commandWorkload } from "./command-subject.js";

/** What a program did when it was run again. */
export interface RanAgain {
  readonly reports: readonly [step: number, value: number][];
  readonly outcome: TrialOutcome;
}

/**
 * Runs the program of a trial with its parameters and seed; one that was pruned is pruned at the same step.
 * @throws UsageError `not-replayable` for a trial that has nothing to compare with; `program-not-found`.
 */
export async function runAgain(
  header: StudyHeader,
  base: string | null,
  trial: Trial,
  signal: AbortSignal = new AbortController().signal,
): Promise<RanAgain> {
  const { number, attempt, seed, state } = trial;
  if (trial.intermediate.length === 0 && trial.values === null)
    throw new UsageError("not-replayable", `trial ${number} is ${state} and has no numbers to compare with`);
  const workload = commandWorkload(header, base);
  const last = trial.intermediate.at(-1)?.[0];
  const reports: [number, number][] = [];
  const onReport = (step: number, value: number): ReportAnswer => {
    reports.push([step, value]);
    return state === "pruned" && step === last ? "prune" : "continue";
  };
  const { objectives, settings, space, task } = header;
  const job = {
    ...{ number, attempt, seed, slot: trial.slot ?? 0, workload, space, artifacts: null },
    params: { ...(task.params as Params | undefined), ...trial.params },
    ...{ objectives, constraints: settings.constraints ?? [], trialValue: settings.trial_value },
  };
  // Its output is in the trial's log as it was.
  const outcome = await runProgram(job, workload, { onReport, signal }, () => undefined);
  signal.throwIfAborted();
  return { reports, outcome };
}

/** In what the end of a run differs from the one that was recorded, in words; null: in nothing. */
export function differingEnd(trial: Trial, outcome: TrialOutcome): string | null {
  const { state, values } = trial;
  if (state === "running" || state === "waiting") return null;
  if (outcome.state !== state) {
    const why = outcome.state === "failed" ? `: ${outcome.failure.message.split("\n", 1)[0]}` : "";
    return `recorded as ${state}, now ${outcome.state}${why}`;
  }
  if (outcome.state !== "complete" || values === null) return null;
  const at = values.findIndex((value, i) => !Object.is(value, outcome.values[i]));
  return at < 0 ? null : `value ${at}: recorded ${values[at]}, now ${outcome.values[at]}`;
}
