/** Jobs that executors are given, and hooks that keep what they hear. */
import type { Metrics, Params } from "../core/index.js";
import { categorical, float } from "../core/index.js";
import type { ExecutedTrial, Executor, RunHooks, StopReason, TrialJob } from "../executors/executor.js";

/** The module of the suite's objective, compiled: workers cannot import TypeScript. */
export const objectiveModule: string = new URL("./executor-objective.js", import.meta.url).href.replace(
  "/src/testing/",
  "/dist/testing/",
);

/** What of a job matters to a case. */
export interface JobOptions {
  readonly number?: number;
  /** Where the trial's files go; it leaves none without. */
  readonly directory?: string;
  readonly x?: number;
  /** The objective's module. @default {@link objectiveModule} */
  readonly module?: string;
}

/** A trial of the objective that does `act`. */
export function jobOf(
  act: string,
  { number = 0, directory, x = 3, module = objectiveModule }: JobOptions = {},
): TrialJob {
  const artifacts = directory === undefined ? null : ({ kind: "directory", path: directory } as const);
  const params: Params = { act, x };
  const space = { act: categorical([act]), x: float(-5, 5) };
  return {
    number,
    artifacts,
    params,
    seed: 40 + number,
    attempt: 1,
    trialValue: "best",
    objectives: [{ metric: "value", direction: "minimize" }],
    workload: { kind: "objective", module: { url: module, sha256: null }, space },
  };
}

/** Hooks that keep what they were told. */
export interface RecordedHooks extends RunHooks {
  readonly reports: readonly (readonly [step: number, value: number])[];
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly constraints: Readonly<Record<string, number>>;
  readonly metrics: readonly Metrics[];
  /** Ends the trial. */
  stop(reason: StopReason): void;
}

/**
 * Hooks that keep what they are told.
 * @param prune whether a report is answered with `prune`
 * @param onReport called at each report, before it is answered
 */
export function recordedHooks(
  prune: (step: number) => boolean = () => false,
  onReport: (step: number) => void = () => undefined,
): RecordedHooks {
  const controller = new AbortController();
  const reports: [number, number][] = [];
  const attrs: Record<string, unknown> = {};
  const metrics: Metrics[] = [];
  const constraints: Record<string, number> = {};
  return {
    reports,
    attrs,
    constraints,
    metrics,
    signal: controller.signal,
    stop: (reason) => {
      controller.abort(reason);
    },
    onReport: (step, value, given) => {
      reports.push([step, value]);
      if (given) metrics.push(given);
      onReport(step);
      return prune(step) ? "prune" : "continue";
    },
    onUserAttr: (key, value) => {
      attrs[key] = value;
    },
    onConstraint: (name, value) => {
      constraints[name] = value;
    },
  };
}

/** Runs a trial in the first place that is free. */
export async function runIn(executor: Executor, job: TrialJob, hooks: RunHooks): Promise<ExecutedTrial> {
  const place = await executor.acquire();
  try {
    return await place.run(job, hooks);
  } finally {
    place.release();
  }
}
