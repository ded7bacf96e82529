import type { CellTables, RunConfig, SearchSpace, Trial, TrialOutcome } from "../core/index.js";

/** What a trial runs: the shared trainer, or a user's objective module. */
export type Workload =
  | { readonly kind: "train"; readonly config: RunConfig; readonly metric: string }
  | { readonly kind: "objective"; readonly module: string; readonly space: SearchSpace };

/** Everything a trial needs; plain data and SharedArrayBuffers only. */
export interface TrialJob {
  readonly number: number;
  readonly attempt: number;
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

export interface RunHooks {
  /** Called for each report in order; the trial goes on or ends as it answers. */
  onReport(step: number, value: number): Promise<ReportAnswer> | ReportAnswer;
  /** Aborting ends the trial within one batch: its outcome is `cancelled` (or `failed` as `timeout`, see reason). */
  readonly signal: AbortSignal;
}

export interface Executor {
  readonly name: "inline" | "piscina" | "process";
  readonly slots: number;
  /** Runs one trial in a free slot (the caller never has more than `slots` under way). Never rejects for what a trial did. */
  run(
    job: TrialJob,
    hooks: RunHooks,
  ): Promise<TrialOutcome & { readonly slot: number; readonly backend: string | null }>;
  close(): Promise<void>;
}
