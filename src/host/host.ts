/** The contract of the study host: many studies in one process, run over one pool, followed live whoever writes them. */
import type { SpaceChange } from "../app/change-space.js";
import type { Metrics, Params, RunState, StoppedBy, StudyEvent, StudyState } from "../core/index.js";
import type { LockOwner, StudyStorage, StudySummary } from "../storage/storage.js";
import type { CommandAnswers, HandedTrial, StudyCommand } from "../study/commands.js";

export type { RunState } from "../core/index.js";

/** What a run is asked for. Key names are those of the API. */
export interface RunRequest {
  /** So many more trials. @default 100, unless `total_trials` or `timeout_s` is given */
  readonly trials?: number | undefined;
  /** Until the study has so many. */
  readonly total_trials?: number | undefined;
  readonly timeout_s?: number | undefined;
  /** The most places at once. @default as many as there are */
  readonly workers?: number | undefined;
  /** Its share of the places, against the other studies'. @default 1 */
  readonly weight?: number | undefined;
  readonly trial_timeout_s?: number | undefined;
  readonly max_failures?: number | undefined;
  readonly max_retries?: number | undefined;
  readonly max_attempts?: number | undefined;
  readonly patience?: number | undefined;
  readonly target?: number | undefined;
  readonly keep_checkpoints?: string | undefined;
}

/** What is changed of a run. */
export interface RunChange {
  readonly state?: "running" | "paused" | "stopping" | "cancelled" | undefined;
  /** Null: as many as there are. */
  readonly workers?: number | null | undefined;
  readonly weight?: number | undefined;
}

/** A run as it is kept with its study, and shown. */
export interface Run {
  /** As it is wanted; `waiting` while the disk has no room for it, and `error` says so: it goes on by itself. */
  readonly state: RunState | "waiting";
  readonly total_trials: number | null;
  readonly timeout_s: number | null;
  readonly workers: number | null;
  readonly weight: number;
  /** Places held at this moment. */
  readonly places: number;
  /** ISO 8601, UTC. */
  readonly started_at: string;
  readonly ended_at: string | null;
  /** As in a call's `finish` event. */
  readonly stopped_by: StoppedBy | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** A study whose space was changed, or would be. */
export interface SpaceChanged {
  readonly name: string;
  readonly change: SpaceChange | null;
  readonly revision: number;
}

/** A study of the host's storage, in brief. */
export interface HostedStudy {
  readonly summary: StudySummary;
  /** Whether this host has the study open for writing. */
  readonly here: boolean;
  readonly run: Run | null;
}

/** What happened to a followed study. */
export type ViewChange =
  | { readonly kind: "event"; readonly revision: number; readonly event: StudyEvent }
  /** Everything may be different. */
  | { readonly kind: "reset"; readonly revision: number }
  /** Metrics of reports that {@link StudyView.metricsOf} did not know are known now. */
  | {
      readonly kind: "metrics";
      readonly reports: readonly (readonly [number: number, attempt: number, step: number])[];
    }
  /** Its run or its owner changed, without an event. */
  | { readonly kind: "status" }
  /** It was deleted, or cannot be read any more; nothing follows. */
  | { readonly kind: "gone"; readonly code: string; readonly message: string };

/**
 * A study as it is now, kept up to date without a lock by following its events, whichever process writes it. One view
 * is shared by all who look at a study; it is kept for a while after the last of them has released it.
 */
export interface StudyView {
  readonly name: string;
  readonly state: StudyState;
  readonly owner: LockOwner | null;
  readonly here: boolean;
  readonly run: Run | null;
  /**
   * The numbers of the trials that something happened to after a revision, ascending; null where this view does not go
   * back so far: then everything is to be taken anew.
   */
  changedSince(revision: number): readonly number[] | null;
  /** Hears of every change from now on, in order; returns what ends it. What a listener throws is not heard. */
  subscribe(listener: (change: ViewChange) => void): () => void;
  /**
   * The metrics of a report that was made lately; undefined where it had none, and where another process took it in and they
   * are not read yet: then they are looked for, and told of by a change.
   */
  metricsOf(number: number, attempt: number, step: number): Metrics | undefined;
  /** Resolves when the view shows everything that this process has written of the study, at most a second later. */
  caughtUp(): Promise<void>;
  /** To be called once by whoever asked for the view. */
  release(): void;
}

/** How a trial is asked for from outside. */
export interface OutsideAsk {
  /** Who asks, for people. */
  readonly worker?: string | undefined;
  readonly lease_seconds: number;
  /** How long to wait where there is nothing to hand out, in seconds. */
  readonly wait_seconds: number;
  /** The same key is answered with the same trial, until 24 hours after its end. */
  readonly key?: string | undefined;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

/** `nothing`: none within the wait; `over`: the run's goal is met. */
export type OutsideAskAnswer = HandedTrial | "nothing" | "over";

/** A process, here or elsewhere, that runs trials. */
export interface WorkerStatus {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** `thread`, `process`, … */
  readonly isolation: string;
  readonly places: number;
  readonly running: readonly {
    readonly study: string;
    readonly number: number;
    readonly slot: number;
    /** ISO 8601, UTC. */
    readonly since: string;
  }[];
  readonly trials_done: number;
  readonly trials_failed: number;
  /** How its places are shared by the studies that run now. */
  readonly shares?: readonly {
    readonly study: string;
    readonly weight: number;
    /** Places held now. */
    readonly places: number;
    /** Seconds that it has held a place, added up over places. */
    readonly place_seconds: number;
  }[];
}

/** A trial that is out under a lease. */
export interface OutsideWorkerStatus {
  /** As it called itself; null where it did not. */
  readonly worker: string | null;
  readonly study: string;
  readonly number: number;
  readonly lease_seconds: number;
  /** After so long without a sign of life it is given to somebody else; null where that is not known. */
  readonly lease_ends_in_s: number | null;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** A change of the list of studies. */
export interface ListChange {
  /** Studies that are new or changed. */
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** Runs, shows and changes the studies of one storage. */
export interface StudyHost {
  readonly storage: StudyStorage;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Every study, by name; one that cannot be read hides no other. */
  list(): Promise<{
    readonly studies: readonly HostedStudy[];
    readonly unread: readonly { readonly name: string; readonly code: string; readonly message: string }[];
  }>;
  /** @throws UsageError `unknown-study` | MlbenchError `study-damaged`. */
  get(name: string): Promise<HostedStudy>;
  /** Hears which studies came, changed or went, whoever did it, at most five times a second; returns what ends it. */
  watch(listener: (change: ListChange) => void): () => void;
  /** @throws UsageError `unknown-study` | MlbenchError `study-damaged`. */
  view(name: string): Promise<StudyView>;
  /**
   * Makes a study off the main thread.
   * @param request as {@link "app/create-study".CreateStudyOptions} without `storage`
   * @returns whether it was made now; false: it was there with the same settings
   * @throws UsageError `study-exists` with the differing fields as `differences`, and all that is wrong with the request.
   */
  create(request: Readonly<Record<string, unknown>>): Promise<{ readonly created: boolean; readonly name: string }>;
  /**
   * Has a study that is there search another space from now on, off the main thread; with `dryRun` only says what would
   * change.
   * @param request as for `create`; with `search`, `fix` and `params` alone it is laid over what the study searches
   * @returns the study's name, what changed (null: nothing) and its revision then
   * @throws UsageError `task-changed`, `unknown-study`, and all that is wrong with the request | MlbenchError
   * `being-optimized`, `study-locked`.
   */
  changeSpace(request: Readonly<Record<string, unknown>>, options: { readonly dryRun: boolean }): Promise<SpaceChanged>;
  /** @throws UsageError `unknown-study`, `confirm-name` | MlbenchError `study-locked`. */
  remove(name: string): Promise<void>;
  /** @throws UsageError `run-exists`, `invalid-option`, `study-archived` | MlbenchError `study-locked`. */
  startRun(name: string, request: RunRequest): Promise<Run>;
  /** @throws UsageError `no-run`, `invalid-option`. */
  changeRun(name: string, change: RunChange): Promise<Run>;
  /** Carries out a command on a study, through the process that writes it. Resolves when it is durable. */
  command<C extends StudyCommand>(name: string, command: C): Promise<CommandAnswers[C["type"]]>;
  /** Hands out a trial; durable. */
  ask(name: string, request: OutsideAsk): Promise<OutsideAskAnswer>;
  workers(): readonly WorkerStatus[];
  outside(): readonly OutsideWorkerStatus[];
  /** Says what a study would be; nothing is stored. For forms. */
  plan(request: Readonly<Record<string, unknown>>): Promise<{
    readonly params: Params;
    /** What the request takes out of the search. */
    readonly fixed: Readonly<Record<string, unknown>>;
    readonly warnings: readonly string[];
    readonly [key: string]: unknown;
  }>;
  /**
   * Goes on with the runs that the studies' files say are wanted. Called once, when the service can be reached: its URL
   * stands in the locks that it takes from then on. Resolves when all of them were looked at.
   */
  resume(): Promise<void>;
  /** Drains: starts nothing, lets trials under way end within the grace period, closes every study. Idempotent. */
  close(options?: { readonly graceMs?: number | undefined; readonly force?: AbortSignal | undefined }): Promise<void>;
}
