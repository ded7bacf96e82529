/** The executor for functions of this process. */
import type { Objective, TrialOutcome } from "../core/index.js";
import { ChannelTrial, UsageError } from "../core/index.js";
import type {
  ExecutedTrial,
  Executor,
  Place,
  ReportAnswer,
  RunHooks,
  StopReason,
  TrialJob,
  Workload,
} from "./executor.js";
import { Places } from "./places.js";
import { logStack, logWriter, outputWriter } from "./trial-files.js";
import { outcomeOfError, outcomeOfValue, stoppedOutcome, TrialCancelled } from "./protocol.js";

export interface InlineOptions {
  readonly objective: Objective;
  /** How many trials may be under way at once (they take turns at each `await`). @default 1 */
  readonly slots?: number;
}

/** A program is run from here as from a worker: what it takes is in its own process. */
async function runProgram(
  job: TrialJob,
  workload: Extract<Workload, { kind: "command" }>,
  hooks: RunHooks,
): Promise<TrialOutcome> {
  const programs = await import("../programs/run-program.js");
  return programs.runProgram(job, workload, hooks, outputWriter(job));
}

/**
 * Runs a function in this process, or the program of a study that is over one. It contains what an objective throws and nothing else: an endless synchronous loop
 * or `process.exit()` takes the whole process. A stopped trial is left at its next report or `await`ed answer, and at
 * once as far as the study is concerned.
 */
export class InlineExecutor implements Executor {
  readonly name = "inline";
  readonly #objective: Objective;
  readonly #places: Places;

  constructor(options: InlineOptions) {
    this.#objective = options.objective;
    this.#places = new Places(options.slots ?? 1, (_slot, job, hooks) => this.#run(job, hooks));
  }

  capacity(): number {
    return this.#places.count;
  }

  acquire(signal?: AbortSignal): Promise<Place> {
    return this.#places.acquire(signal);
  }

  async #run(job: TrialJob, hooks: RunHooks): Promise<ExecutedTrial> {
    const started = performance.now();
    const { signal } = hooks;
    if (job.workload.kind === "command") return { ...(await runProgram(job, job.workload, hooks)), backend: null };
    const stopped = (): TrialOutcome =>
      stoppedOutcome(signal.reason as StopReason, (performance.now() - started) / 1000);
    if (signal.aborted) return { ...stopped(), backend: null };
    let onAbort: (() => void) | undefined;
    const aborted = new Promise<TrialOutcome>((resolve) => {
      onAbort = () => {
        resolve(stopped());
      };
      signal.addEventListener("abort", onAbort, { once: true });
    });
    const outcome = await Promise.race([this.#runObjective(job, hooks), aborted]);
    if (onAbort) signal.removeEventListener("abort", onAbort);
    return { ...outcome, backend: null };
  }

  async #runObjective(job: TrialJob, hooks: RunHooks): Promise<TrialOutcome> {
    let hookFailure: { readonly error: unknown } | null = null as { readonly error: unknown } | null;
    let answers: Promise<ReportAnswer> = Promise.resolve("continue");
    const throwIfStopped = (): void => {
      if (hooks.signal.aborted) throw new TrialCancelled();
    };
    const trial = new ChannelTrial(job, {
      suggest: (name, distribution) => {
        throwIfStopped();
        if (hooks.onSuggest) return hooks.onSuggest(name, distribution);
        throw new UsageError("undeclared-parameter", `parameter "${name}" is not in the study's space`);
      },
      report: (step, value, metrics) => {
        throwIfStopped();
        try {
          answers = Promise.resolve(hooks.onReport(step, value, metrics));
        } catch (error) {
          // The listener's own failure: the trial ends, and whoever waits for its end is told.
          hookFailure ??= { error };
          throw new TrialCancelled();
        }
      },
      shouldPrune: async () => {
        throwIfStopped();
        return (await answers) !== "continue";
      },
      setUserAttr: (key, value) => {
        throwIfStopped();
        hooks.onUserAttr(key, value);
      },
      setConstraint: (name, value) => {
        throwIfStopped();
        hooks.onConstraint(name, value);
      },
    });
    const outcome = await this.#outcomeOf(trial, job);
    if (hookFailure) throw hookFailure.error;
    return outcome;
  }

  async #outcomeOf(trial: ChannelTrial, job: TrialJob): Promise<TrialOutcome> {
    try {
      const value: unknown = await this.#objective(trial);
      return outcomeOfValue(value, job.objectives, job.constraints);
    } catch (error) {
      return logStack(logWriter(job), outcomeOfError(error, "objective"), error);
    }
  }

  async close(): Promise<void> {
    this.#places.close();
  }
}
