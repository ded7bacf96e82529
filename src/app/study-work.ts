/** The work on a study's data, models and modules that takes long: plain data in and out, so that a thread may do it. */
import type { BackendName, CellTables, ConfigValue, RunConfig, ScoredBaselines } from "../core/index.js";

/** The baselines' errors, but for what they are kept under. */
export type BaselineScores = Omit<ScoredBaselines, "params">;

/** What the check before the first trial finds. */
export interface PreflightFindings {
  /** What the run's choice of a backend stands for here. */
  readonly backend: BackendName;
  /** Whether several threads may compute on TensorFlow's addon. */
  readonly takesThreads: boolean;
  /** The baselines on the run's data; null where they were not wanted, or are known of the same data. */
  readonly baselines: BaselineScores | null;
}

/** Which baselines are wanted: those of data of another hash. */
export interface WantedBaselines {
  /** The hash of the data of those that are there; null: there are none. */
  readonly known: string | null;
}

/** Done in this thread (`work-here.ts`), or by whoever has another one for it. */
export interface StudyWork {
  /**
   * Loads the data and builds the model once, so that a mistake that every trial would repeat is found before the first.
   * @throws UsageError for whatever is wrong.
   */
  readonly preflight: (config: RunConfig, wanted: WantedBaselines | null) => Promise<PreflightFindings>;
  /** Scores the baselines on a run's data; null where the data are of the known hash. */
  readonly baselines: (config: RunConfig, wanted: WantedBaselines) => Promise<BaselineScores | null>;
  /**
   * Starts the backend that a study keeps.
   * @throws UsageError `backend-unavailable`.
   */
  readonly keptBackend: (study: string, kept: BackendName) => Promise<BackendName>;
  /** A dataset's tables, in memory that threads share. */
  readonly tables: (dataset: string, data: Readonly<Record<string, ConfigValue>>, seed: number) => Promise<CellTables>;
  /**
   * Imports an objective's module; gives the URL that it was found at.
   * @throws UsageError for what is no objective.
   */
  readonly objective: (url: string) => Promise<string>;
}
