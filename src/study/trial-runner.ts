/** What runs the trials of one call of `optimize`. */
import type { SearchSpace, Trial } from "../core/index.js";
import type { ArtifactReference, Executor, TrialJob } from "../executors/executor.js";

/** What a trial's job holds besides its record, and what is known of its course. */
export interface PreparedJob extends Pick<TrialJob, "workload" | "tables" | "params"> {
  /** The last step that it will report, where that is known: nothing is saved by pruning there. */
  readonly lastStep?: number;
}

/** How trials are run: made by `app` once the data is loaded and the default model was built. */
export interface TrialRunner {
  readonly executor: Executor;
  /** Whether the executor is the caller's own: it is then left open at the call's end. @default false */
  readonly keepsExecutor?: boolean;
  /** What a trial's job holds besides its record: what it runs, with which parameters and data. */
  readonly jobOf: (trial: Trial) => Promise<PreparedJob>;
  /** Drawn from instead of the study's, where that is empty: an objective module's own. */
  readonly space?: SearchSpace;
  /** Where a trial keeps its checkpoint and log, or null. */
  readonly artifactsOf: (number: number) => ArtifactReference | null;
  /** Called after each finished trial is durable, before subscribers hear of it: keeps or removes its checkpoint. */
  readonly afterTrial?: (trial: Trial) => void | Promise<void>;
  /** Called when a trial was banned, or is so no more: which checkpoints stay may change with it. */
  readonly onBansChanged?: () => void | Promise<void>;
}
