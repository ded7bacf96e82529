import type {
  CellTables,
  Distribution,
  Metrics,
  ParamValue,
  RunConfig,
  SearchSpace,
  StudyObjective,
  Trial,
  TrialOutcome,
} from "../core/index.js";

/** What a trial runs: the shared trainer, a user's objective module, or (inline only) the executor's own function. */
export type Workload =
  | {
      readonly kind: "train";
      /** `params` of the trial are laid over these. */
      readonly config: RunConfig;
      /** Metrics of the epoch event, or of the whole run. */
      readonly objectives: readonly StudyObjective[];
      /** `parameters<=50000` */
      readonly constraints: readonly string[];
      /** What is reported and pruned by, where that is not the first objective. */
      readonly pruneBy: StudyObjective | null;
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
  /** What an objective's result is checked against. */
  readonly objectives: readonly StudyObjective[];
  /** `loss<=1`: what an objective's result is held against. @default none */
  readonly constraints?: readonly string[];
  readonly trialValue: "best" | "last" | "best-smoothed";
}

export type ReportAnswer = "continue" | "prune";

/** Why a trial is ended from outside: the `reason` of {@link RunHooks.signal}. */
export type StopReason = "cancel" | "timeout";

export interface RunHooks {
  /** Called for each report in order; the trial goes on or ends as it answers. */
  onReport(step: number, value: number, metrics?: Metrics): Promise<ReportAnswer> | ReportAnswer;
  /** A user attribute that the objective sets. */
  onUserAttr(key: string, value: unknown): void;
  /** A constraint that the objective sets. */
  onConstraint(name: string, value: number): void;
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
