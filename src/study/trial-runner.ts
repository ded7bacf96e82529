/** What runs the trials of one call of `optimize`. */
import type { SearchSpace, Tracker, Trial } from "../core/index.js";
import type { Executor, TrialJob } from "../executors/executor.js";

/** How trials are run: made by `app` once the data is loaded and the default model was built. */
export interface TrialRunner {
  readonly executor: Executor;
  /** What a trial's job holds besides its record: what it runs, with which parameters and data. */
  readonly jobOf: (trial: Trial) => Promise<Pick<TrialJob, "workload" | "tables" | "params">>;
  /** Drawn from instead of the study's, where that is empty: an objective module's own. */
  readonly space?: SearchSpace;
  /** Where a trial keeps its checkpoint and log, or null. */
  readonly directoryOf: (number: number) => string | null;
  /** Called after each finished trial is durable, before subscribers hear of it: keeps or removes its checkpoint. */
  readonly afterTrial?: (trial: Trial) => void | Promise<void>;
  /** Hear every event of the call before its other subscribers; closed at its end. They must not throw. */
  readonly trackers?: readonly Tracker[];
}
