import type { Objective, TrialOutcome } from "../core/index.js";
import { ChannelTrial, UsageError } from "../core/index.js";
import type { ExecutedTrial, Executor, ReportAnswer, RunHooks, StopReason, TrialJob } from "./executor.js";
import { outcomeOfError, outcomeOfValue, stoppedOutcome, TrialCancelled } from "./protocol.js";

export interface InlineOptions {
  readonly objective: Objective;
  /** How many trials may be under way at once (they take turns at each `await`). @default 1 */
  readonly slots?: number;
}

/**
 * Runs a function in this process. It contains what an objective throws and nothing else: an endless synchronous loop
 * or `process.exit()` takes the whole process. A stopped trial is left at its next report or `await`ed answer, and at
 * once as far as the study is concerned.
 */
export class InlineExecutor implements Executor {
  readonly name = "inline";
  readonly slots: number;
  readonly #objective: Objective;

  constructor(options: InlineOptions) {
    this.#objective = options.objective;
    this.slots = options.slots ?? 1;
  }

  async run(job: TrialJob, hooks: RunHooks): Promise<ExecutedTrial> {
    const started = performance.now();
    const { signal } = hooks;
    const stopped = (): TrialOutcome =>
      stoppedOutcome(signal.reason as StopReason, (performance.now() - started) / 1000);
    if (signal.aborted) return { ...stopped(), slot: job.slot, backend: null };
    let onAbort: (() => void) | undefined;
    const aborted = new Promise<TrialOutcome>((resolve) => {
      onAbort = () => {
        resolve(stopped());
      };
      signal.addEventListener("abort", onAbort, { once: true });
    });
    const outcome = await Promise.race([this.#runObjective(job, hooks), aborted]);
    if (onAbort) signal.removeEventListener("abort", onAbort);
    return { ...outcome, slot: job.slot, backend: null };
  }

  async #runObjective(job: TrialJob, hooks: RunHooks): Promise<TrialOutcome> {
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
        const answer = hooks.onReport(step, value, metrics);
        answers = Promise.resolve(answer);
      },
      shouldPrune: async () => {
        throwIfStopped();
        return (await answers) === "prune";
      },
      setUserAttr: (key, value) => {
        hooks.onUserAttr(key, value);
      },
      setConstraint: (name, value) => {
        hooks.onConstraint(name, value);
      },
    });
    try {
      const value: unknown = await this.#objective(trial);
      return outcomeOfValue(value, job.objectives, job.constraints);
    } catch (error) {
      return outcomeOfError(error, "objective");
    }
  }

  async close(): Promise<void> {}
}
