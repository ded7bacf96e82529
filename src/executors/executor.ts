import type {
  CellTables,
  Direction,
  Distribution,
  ParamValue,
  RunConfig,
  SearchSpace,
  Trial,
  TrialOutcome,
} from "../core/index.js";

/** What a trial runs: the shared trainer, a user's objective module, or (inline only) the executor's own function. */
export type Workload =
  | {
      readonly kind: "train";
      /** `params` of the trial are laid over these. */
      readonly config: RunConfig;
      /** A field of the epoch event: `val_rmse`. */
      readonly metric: string;
      readonly direction: Direction;
    }
  | {
      readonly kind: "objective";
      /** A `file:` URL. */
      readonly module: string;
      readonly space: SearchSpace;
    }
  | { readonly kind: "function" };

/** Everything a trial needs; plain data and SharedArrayBuffers only. */
export interface TrialJob {
  readonly number: number;
  readonly attempt: number;
  /** Which of the executor's slots runs it, from 0; the caller gives each slot one trial at a time. */
  readonly slot: number;
  readonly params: Trial["params"];
  readonly seed: number;
  readonly workload: Workload;
  /** Parsed once by the main thread; absent in child processes, which load for themselves. */
  readonly tables?: CellTables;
  /** Where this trial's checkpoint and log go, or null. */
  readonly directory: string | null;
  readonly trialValue: "best" | "last" | "best-smoothed";
}

export type ReportAnswer = "continue" | "prune";

/** Why a trial is ended from outside: the `reason` of {@link RunHooks.signal}. */
export type StopReason = "cancel" | "timeout";

export interface RunHooks {
  /** Called for each report in order; the trial goes on or ends as it answers. */
  onReport(step: number, value: number): Promise<ReportAnswer> | ReportAnswer;
  /** A user attribute that the objective sets. */
  onUserAttr(key: string, value: unknown): void;
  /** In process only: draws a parameter that the space does not declare. */
  onSuggest?(name: string, distribution: Distribution): ParamValue;
  /**
   * Aborting ends the trial within one batch, or by force after a grace period. Its outcome is then `cancelled`, or
   * `failed` as `timeout` where `signal.reason` is `"timeout"`.
   */
  readonly signal: AbortSignal;
}

export type ExecutedTrial = TrialOutcome & {
  readonly slot: number;
  readonly backend: string | null;
};

/** Runs trials. Implementations: `inline`, `piscina`, `process`. All pass `test/conformance/executor.ts`. */
export interface Executor {
  readonly name: "inline" | "piscina" | "process";
  readonly slots: number;
  /** Runs one trial in its slot. Never rejects for what a trial did. */
  run(job: TrialJob, hooks: RunHooks): Promise<ExecutedTrial>;
  /** Ends every worker. Idempotent. */
  close(): Promise<void>;
}
