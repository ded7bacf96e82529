/** The contract of what runs trials: places, jobs, and what is heard of a trial under way. */
import type {
  CellTables,
  Distribution,
  Metrics,
  ParamValue,
  RanOn,
  RunConfig,
  SearchSpace,
  StudyObjective,
  Trial,
  TrialOutcome,
} from "../core/index.js";

/** A file by what it holds: it may lie elsewhere where the trial runs. */
export interface FileReference {
  /** Where it lies here: a `file:` URL. */
  readonly url: string;
  /** SHA-256 of its content, hex; null where it was not taken. */
  readonly sha256: string | null;
}

/** Where a trial's checkpoint, log and other files go. */
export interface ArtifactReference {
  readonly kind: "directory";
  /** On the machine that the study is open on; made by whoever writes first. */
  readonly path: string;
}

/** A program that a trial runs, on the machine where it runs. */
export interface ProgramReference {
  /** The program and its arguments, with placeholders for parameters; with `shell` a single text. */
  readonly words: readonly string[];
  /** Whether `sh -c` runs it. */
  readonly shell: boolean;
  /** The folder that it runs in, absolute. */
  readonly cwd: string;
  /** A regular expression whose groups `step` and `value` are read off the lines that it prints; null: none. */
  readonly reportPattern: string | null;
}

/**
 * What a trial runs: the shared trainer, a user's objective module, a program, or (inline only) the executor's own
 * function.
 */
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
  | { readonly kind: "objective"; readonly module: FileReference; readonly space: SearchSpace }
  | {
      readonly kind: "command";
      readonly program: ProgramReference;
      /** The study's name, which the program is told. */
      readonly study: string;
      /** What is reported and pruned by, where that is not the first objective. */
      readonly pruneBy: StudyObjective | null;
    }
  | { readonly kind: "function" };

/** What is known of trials that will come: a worker may load what they have in common. */
export type ExpectedTrials =
  | ({ readonly kind: "train"; readonly models: readonly string[] } & Pick<
      RunConfig,
      "dataset" | "backend" | "kernels"
    >)
  | { readonly kind: "objective" }
  | { readonly kind: "command" };

/** Everything a trial needs; plain data and SharedArrayBuffers only. */
export interface TrialJob {
  readonly number: number;
  readonly attempt: number;
  readonly params: Trial["params"];
  readonly seed: number;
  /** The place that it runs in; what runs may choose a device by it. @default 0 */
  readonly slot?: number;
  readonly workload: Workload;
  /** What the study declares: an objective's suggestions must agree with it. @default nothing */
  readonly space?: SearchSpace;
  /** Parsed once by the main thread; absent in child processes, which load for themselves. */
  readonly tables?: CellTables;
  /** Null: the trial leaves nothing. */
  readonly artifacts: ArtifactReference | null;
  /** What an objective's result is checked against. */
  readonly objectives: readonly StudyObjective[];
  /** `loss<=1`: what an objective's result is held against. @default none */
  readonly constraints?: readonly string[];
  readonly trialValue: "best" | "last" | "best-smoothed";
}

/** `prune`: end, and be recorded as pruned. `stop`: end, this attempt counts for nothing any more. */
export type ReportAnswer = "continue" | "prune" | "stop";

/**
 * Why a trial is ended from outside: the `reason` of {@link RunHooks.signal}. `cancel` puts it back to waiting,
 * `timeout` fails it, `stop` ends it as pruned.
 */
export type StopReason = "cancel" | "timeout" | "stop";

/** What a running trial tells the study, and what it is answered. */
export interface RunHooks {
  /**
   * Called for each report in order; the trial goes on or ends as it answers.
   * @param parts the reported metric of each part of a cross-validated trial
   */
  onReport(
    step: number,
    value: number,
    metrics?: Metrics,
    parts?: readonly number[],
  ): Promise<ReportAnswer> | ReportAnswer;
  /** A user attribute that the objective sets. */
  onUserAttr(key: string, value: unknown): void;
  /** A constraint that the objective sets. */
  onConstraint(name: string, value: number): void;
  /** In process only: draws a parameter that the space does not declare. */
  onSuggest?(name: string, distribution: Distribution): ParamValue;
  /** Aborting, with a {@link StopReason}, ends the trial within one batch, or by force after a grace period. */
  readonly signal: AbortSignal;
}

/** How a trial ended, and what it ran on. */
export type ExecutedTrial = TrialOutcome & RanOn;

/** The right to run one trial at a time, held until it is released. */
export interface Place {
  /** Tells the executor's places apart; shown, and kept in the trial's record. */
  readonly slot: number;
  /** Who runs what runs here, as the trial's record keeps it: `4711@host`, `remote:HOST/PID`. */
  readonly owner: string;
  /**
   * Runs one trial. Never rejects for what a trial did; rejects with what a hook threw.
   * @throws Error for a second trial at the same time, and after `release`.
   */
  run(job: TrialJob, hooks: RunHooks): Promise<ExecutedTrial>;
  /** Gives the place back, used or not. Idempotent. */
  release(): void;
}

/** Runs trials. Implementations: `inline`, `piscina`, `process`. All pass `executorConformance` (src/testing). */
export interface Executor {
  readonly name: string;
  /** How many places there are now, for people; null where that cannot be told. */
  capacity(): number | null;
  /**
   * A place for a trial, as soon as one is free: first come, first served.
   * @throws (rejects) the signal's reason when it is aborted before; MlbenchError `executor-closed`.
   */
  acquire(signal?: AbortSignal): Promise<Place>;
  /**
   * Says that such trials will come, at most so many at once: workers may start now, while the study is still being read.
   * Promises nothing; what goes wrong is for the first trial to tell.
   * @default they start with their first trial
   */
  warmUp?(places: number, expected: ExpectedTrials): void;
  /**
   * Takes over a trial that an earlier process handed out and that still runs somewhere: its outcome, or null where it
   * does not. Executors whose workers end with their process leave it out.
   */
  adopt?(trial: Trial, hooks: RunHooks): Promise<ExecutedTrial> | null;
  /** Ends every worker and refuses whoever still waits for a place. Idempotent. */
  close(): Promise<void>;
}
