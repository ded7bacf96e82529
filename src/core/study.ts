/** What a study is besides its trials: its header, and what people say about it. */
import type { Condition, Params, SearchSpace } from "./distribution.js";
import type { ConfigValue, MadeBy } from "./run.js";
import type { StudyRun } from "./study-run.js";
import type { Direction, Folds, Metrics, PriorTrial } from "./trial.js";

/** Which epoch a trial's value is taken from. */
export const trialValueRules = ["best", "last", "best-smoothed"] as const;
/** One of `trialValueRules`. */
export type TrialValueRule = (typeof trialValueRules)[number];

/** What a value that is no finite number makes of its trial. */
export const onNanRules = ["fail", "prune", "worst"] as const;
/** One of `onNanRules`. */
export type OnNan = (typeof onNanRules)[number];

/** What becomes of parameters that were tried already. */
export const onDuplicateRules = ["resample", "reuse", "run"] as const;
/** One of `onDuplicateRules`: draw again, take the known value, or run it all the same. */
export type OnDuplicate = (typeof onDuplicateRules)[number];

/** A named component with its options, as resolved when the study was created. */
export interface ComponentSpec {
  /** The registered name. */
  readonly name: string;
  /** Its options, as `mlbench-hpo describe` lists them. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A file that a study depends on; `path` is relative to the study's own file. */
export interface HashedFile {
  readonly path: string;
  /** SHA-256, hex. */
  readonly sha256: string;
}

/** What a study optimizes: a metric and which way is better. */
export interface StudyObjective {
  readonly metric: string;
  readonly direction: Direction;
}

/** Settings fixed at a study's creation besides its task, space, sampler and pruner. */
export interface StudySettings {
  readonly trial_value: TrialValueRule;
  readonly on_nan: OnNan;
  readonly on_duplicate: OnDuplicate;
  readonly dry_run_pruner: boolean;
  /** The metric that trials report and are pruned by. Absent: the first objective's. */
  readonly prune_by?: StudyObjective;
  /** `parameters<=50000`: how a metric must stand for a trial to be feasible. @default none */
  readonly constraints?: readonly string[];
  /** @default null: one split */
  readonly folds?: Folds | null;
  /** How many seeds a trial trains under. @default 1 */
  readonly seeds?: number;
  /** The best trials of another study, which the sampler begins from. Absent: none. */
  readonly from?: StudyPrior;
  /** Ends the search where nothing more is to be expected. Absent: nothing does. */
  readonly terminator?: {
    /** Never before so many trials are finished. */
    readonly min_trials: number;
  };
  readonly plugins: readonly HashedFile[];
  readonly objective: HashedFile | null;
  /** The program that each trial runs. Absent: none. */
  readonly command?: CommandSettings;
  /** Files of the dataset, where it has any. */
  readonly data_files: readonly HashedFile[];
  readonly accepted_changes: readonly { readonly at: string; readonly path: string; readonly sha256: string }[];
}

/** A program that each trial of a study runs. */
export interface CommandSettings {
  /** The program and its arguments, with placeholders for parameters; with `shell` a single text. */
  readonly words: readonly string[];
  /** Whether `sh -c` runs it. */
  readonly shell: boolean;
  /** The folder that it runs in, from the study's own file. */
  readonly cwd: string;
  /** A regular expression whose groups `step` and `value` are read off the lines that it prints; null: none. */
  readonly report_pattern: string | null;
  /** Its own file: the program itself, or the first argument that is a file; null: neither is one. */
  readonly file: HashedFile | null;
}

/** What a study keeps of another one, which it no longer needs. */
export interface StudyPrior {
  /** The other study's name. */
  readonly study: string;
  /** ISO 8601, UTC: when that one was made, which tells it from another of its name. */
  readonly created_at: string;
  /** How many of its best trials were asked for. */
  readonly top: number;
  /** SHA-256 of `trials`, hex. */
  readonly sha256: string;
  /** Best first; of several objectives the Pareto front, by number. */
  readonly trials: readonly PriorTrial[];
}

/**
 * What a study's trials have in common: the run configuration that every trial's parameters are laid over. Empty for a
 * study over a plain objective.
 */
export interface StudyTask {
  /** One name, or several when the model itself is searched. */
  readonly model?: string | readonly string[];
  readonly dataset?: string;
  /** Fixed parameters by qualified name (`data.horizon`, `train.epochs`, …). */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Windows are cut where windows of this length exist, so that all trials are scored on the same targets. */
  readonly align_window?: number;
}

/** The baselines' errors on the validation part of one fold. */
export interface FoldBaselines {
  /** The cells held out; empty for a block of time. */
  readonly fold: readonly string[];
  /** `2/5`: the second of five folds over time; absent where cells are held out. */
  readonly block?: string;
  readonly metrics: Metrics;
}

/** The baselines' errors on the windows that trials of a study are scored on. */
export interface ScoredBaselines {
  /** What trials with these windows have chosen of what is searched of the data; empty where none of it is searched. */
  readonly params: Params;
  /** Of the windows in their parts. */
  readonly dataset_hash: string;
  /** `NAME_rmse`, `NAME_rmse_end`, `NAME_mae` of `persistence`, `linear`, `mean_change` and `ridge`, in SOH units; `NAME_rul_mae` in cycles. */
  readonly metrics: Metrics;
  /** Of each fold, whose means stand above; absent in a study without folds. */
  readonly folds?: readonly FoldBaselines[];
}

/** Everything of a study but its trials. Key names are those of the file format. */
export interface StudyHeader {
  readonly name: string;
  /** One or more; the first is what trials report. */
  readonly objectives: readonly StudyObjective[];
  /** ISO 8601, UTC. */
  readonly created_at: string;
  readonly seed: number;
  readonly task: StudyTask;
  readonly space: SearchSpace;
  readonly sampler: ComponentSpec;
  readonly pruner: ComponentSpec;
  readonly settings: StudySettings;
  readonly user_attrs: Readonly<Record<string, unknown>>;
  /** Absent in studies of earlier versions. */
  readonly made_by?: MadeBy;
  /** Of a study over a model, from its first call of `optimize` on. */
  readonly baselines?: readonly ScoredBaselines[];
  /** What people say about the study. Absent: nothing. */
  readonly note?: string;
  /** ISO 8601, UTC: when the study was put away; it is kept out of lists and not optimized. Absent: it is not. */
  readonly archived_at?: string;
  /** Absent in a study that is no copy. */
  readonly copied_from?: CopiedFrom;
  /** When the study's terminator last ended a call of `optimize`. Absent: never. */
  readonly ended?: SearchEnd;
  /** What a service was last asked to run of the study. Absent: nothing. */
  readonly run?: StudyRun;
  /**
   * The spaces before `space`, the first one first: a trial's `space_version` is a place in this list, and behind its end
   * stands the space as it is now. Absent: it never changed.
   */
  readonly earlier_spaces?: readonly EarlierSpace[];
}

/** What a study once searched, and fixed, by which the trials of then are read. */
export interface EarlierSpace {
  readonly space: SearchSpace;
  /** What was fixed then of what may be searched, defaults included, by name. */
  readonly fixed: Readonly<Record<string, ConfigValue>>;
  /** When what was fixed meant something, by name; names without a condition are absent. */
  readonly conditions: Readonly<Record<string, Condition>>;
  /** ISO 8601, UTC: when the next space took its place. */
  readonly until: string;
  /** How many trials there were then. */
  readonly trials: number;
}

/** What takes the place of a study's space, and what is to be known of the one before. */
export interface SpaceReplacement {
  readonly space: SearchSpace;
  /** The task's fixed parameters from now on; absent where the task has none. */
  readonly params?: StudyTask["params"];
  /** The task's `align_window` from now on; absent: as before. */
  readonly align_window?: number;
  readonly before: Pick<EarlierSpace, "fixed" | "conditions">;
}

/** The end that a study's terminator put to its search. */
export interface SearchEnd {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** How many trials were finished, those that repeat no other. */
  readonly finished: number;
  /** Why nothing more was to be expected, in words. */
  readonly reason: string;
}

/** Which study, and which state of it, another was copied from. */
export interface CopiedFrom {
  readonly name: string;
  /** ISO 8601, UTC: when that one was made, which tells it from another of its name. */
  readonly created_at: string;
  readonly revision: number;
}

/** What people say about a study as a whole. */
export interface StudyAnnotation {
  /** Empty: nothing. */
  readonly note: string;
  /** ISO 8601, UTC: since when it is archived; null: it is not. */
  readonly archived_at: string | null;
}

/** What people say about a trial; kept beside its record, which does not change. */
export interface Annotation {
  readonly note: string;
  readonly tags: readonly string[];
  /** Hidden from best trial, front, sampler and plots; still counted, and its parameters are never proposed again. */
  readonly banned: boolean;
}
