/** A study's header, its state at one moment, and the events that change it. */
import type { Condition, Params, SearchSpace } from "./distribution.js";
import type { KeptLease } from "./lease.js";
import type { ConfigValue, MadeBy } from "./run.js";
import type { Direction, Folds, Metrics, PriorTrial, Trial, TrialState } from "./trial.js";

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

/** What ended a call of `optimize`. */
export type StoppedBy =
  | "trials"
  | "total-trials"
  | "timeout"
  | "patience"
  | "target"
  | "max-failures"
  | "space-exhausted"
  | "interrupt"
  | "stop";

/** What is wanted of a run's state, and what it is. `finished`, `failed` and `cancelled` are ends. */
export type RunState = "running" | "paused" | "stopping" | "cancelled" | "finished" | "failed";

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

/** What a run is told besides its goal: options of the call of `optimize` that it is. Absent: the call's default. */
export interface StudyRunOptions {
  /** Seconds after which a trial fails as `timeout`. */
  readonly trial_timeout_s?: number;
  /** So many failures in a row end the run; 0 never does. */
  readonly max_failures?: number;
  /** How often a failed trial is repeated under a new number. */
  readonly max_retries?: number;
  /** After so many attempts that died with their process a trial fails as `interrupted`. */
  readonly max_attempts?: number;
  /** Ends the run after so many finished trials without improvement. */
  readonly patience?: number;
  /** Ends the run at a value as good as this. */
  readonly target?: number;
  /** `all`, `none`, `best:3`. */
  readonly keep_checkpoints?: string;
}

/** What a service is to run of a study, kept with it: whoever opens the study next can go on. */
export interface StudyRun {
  /** What is wanted; `ended_at` says whether it has come to its end. */
  readonly state: RunState;
  /** Until the study has so many finished trials; null: until something else ends it. */
  readonly total_trials: number | null;
  /** Seconds after `started_at` at which it ends, pauses included. */
  readonly timeout_s: number | null;
  /** The most trials at once; null: as many as there are places. */
  readonly workers: number | null;
  /** Its share of the places, against that of other studies. */
  readonly weight: number;
  readonly options: StudyRunOptions;
  /** ISO 8601, UTC. */
  readonly started_at: string;
  /** ISO 8601, UTC; null while it has not ended. */
  readonly ended_at: string | null;
  /** As in a call's `finish` event. */
  readonly stopped_by: StoppedBy | null;
  /** Why it failed. */
  readonly error: { readonly code: string; readonly message: string } | null;
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

/** How many trials are in each state. */
export type TrialCounts = Readonly<Record<TrialState, number>>;

/**
 * A study at one moment; never changes. Made by `createStudyState` and `applyEvent` only. Every record is frozen, and a
 * finished one is the same object in every later state.
 */
export interface StudyState {
  readonly header: StudyHeader;
  /** By number. The array is built on first use (a copy of n pointers) and kept with this state. */
  readonly trials: readonly Trial[];
  /** How many trials there are: the next trial's number. */
  readonly size: number;
  readonly counts: TrialCounts;
  /** How many are complete, pruned or failed, retries included: the next `finish_index`, and a report's `seen`. */
  readonly finished: number;
  /** How many are complete, pruned or failed and repeat no other trial: what `--trials` and `finish` events count. */
  readonly counted: number;
  /** How many events it took to get here, counted from the study's creation: rises with every event. */
  readonly revision: number;
  /** By trial number; trials without any are absent. */
  readonly annotations: ReadonlyMap<number, Annotation>;
  /** The numbers of the trials that are waiting or running, ascending. */
  readonly unfinished: readonly number[];
  /** One record, without building `trials`. */
  trial(number: number): Trial | undefined;
}

/**
 * What can happen to a study: the journal's vocabulary. Events are facts, applied in order by `applyEvent`; what they
 * carry is complete, so that replaying needs no clock and no randomness.
 */
export type StudyEvent =
  /**
   * A new record, `waiting` or already `running` (or finished, when imported). Its number is the next one; its
   * `finish_index` is given by the reducer.
   */
  | { readonly type: "trial-created"; readonly trial: Trial }
  /** Waiting -> running. */
  | {
      readonly type: "trial-started";
      readonly number: number;
      readonly started_at: string;
      readonly owner: string;
      readonly slot: number | null;
      readonly backend: string | null;
      /** Absent: it is not handed out under a lease. */
      readonly lease?: KeptLease | null;
      /** Who asked for it, as it calls itself. */
      readonly worker?: string;
      /** What tells the request again that it was handed out for. */
      readonly ask_key?: string;
    }
  /** A parameter suggested without being declared. */
  | {
      readonly type: "trial-param";
      readonly number: number;
      readonly name: string;
      readonly value: Trial["params"][string];
      readonly distribution: SearchSpace[string];
    }
  /** An intermediate value, with how many trials were finished when it was judged. */
  | {
      readonly type: "trial-report";
      readonly number: number;
      readonly step: number;
      readonly value: number;
      readonly seen: number;
      /** The reported metric of each part of a cross-validated trial. */
      readonly parts?: readonly number[];
    }
  /** Running -> finished, or waiting -> failed. `finish_index` is given by the reducer. */
  | {
      readonly type: "trial-finished";
      readonly number: number;
      readonly state: "complete" | "pruned" | "failed";
      /** One an objective; null unless complete. */
      readonly values: readonly number[] | null;
      readonly metrics: Trial["metrics"];
      /** Constraints known at the end, added to those set before. */
      readonly constraints?: Trial["constraints"];
      readonly parts?: Trial["parts"];
      readonly spread?: number | null;
      readonly finished_at: string;
      readonly seconds: number | null;
      readonly backend: string | null;
      /** Absent where nothing was trained. */
      readonly kernels?: string | null;
      readonly isa?: string | null;
      readonly failure: Trial["failure"];
      readonly prune_reason: string | null;
      /** The lease that it was ended under, so that its holder is known afterwards. @default null */
      readonly lease?: KeptLease | null;
    }
  /** Running -> waiting, attempt + 1; its reports move to `attempts`. */
  | { readonly type: "trial-requeued"; readonly number: number; readonly at: string; readonly reason: string }
  | {
      readonly type: "trial-attr";
      readonly number: number;
      readonly key: string;
      readonly value: unknown;
    }
  /** A running trial's constraint: feasible where at most 0. */
  | { readonly type: "trial-constraint"; readonly number: number; readonly name: string; readonly value: number }
  /** What is said about a trial in any state, from now on: takes the earlier annotation's place. */
  | ({ readonly type: "trial-annotated"; readonly number: number } & Annotation)
  | { readonly type: "study-attr"; readonly key: string; readonly value: unknown }
  /** What is said about the study from now on: takes the earlier annotation's place. */
  | ({ readonly type: "study-annotated" } & StudyAnnotation)
  /** Takes the place of what was scored for the same parameters. */
  | ({ readonly type: "baselines-scored" } & ScoredBaselines)
  /** The study's terminator ended a call of `optimize`: takes the earlier end's place. */
  | ({ readonly type: "search-ended" } & SearchEnd)
  /** What a service is to run of the study, or how that ended: takes the place of what was kept of it before. */
  | { readonly type: "run-changed"; readonly run: StudyRun }
  /** The study is searched otherwise from now on; the space so far becomes the last of the earlier ones. */
  | ({ readonly type: "space-changed"; readonly at: string } & SpaceReplacement)
  | { readonly type: "change-accepted"; readonly at: string; readonly path: string; readonly sha256: string };
