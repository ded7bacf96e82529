/** The contract of where studies live, and of the one who writes a study. */
import type { StudyEvent, StudyHeader, StudyState } from "../core/index.js";
import type { ArtifactStore } from "./artifacts.js";
import type { LockOwner } from "./lock-owner.js";
import type { StudySummary, SummaryEntry } from "./study-summary.js";

export type { ArtifactStore, ByteRange } from "./artifacts.js";
export type { LockOwner } from "./lock-owner.js";
export type { BestOfSummary, StudySummary, SummaryEntry } from "./study-summary.js";

/**
 * Where studies live. One owner writes a study at a time; readers never lock and always see a consistent state.
 * Implementations: `memory`, `json-file`. All pass `storageConformance` (src/testing).
 */
export interface StudyStorage {
  /**
   * The service whose studies these are: they are read here, and `send` has it carry out commands, whether or not it has
   * the study open. Nothing is opened for writing, and there are no files. Absent: the studies are this process's to open.
   */
  readonly service?: { readonly url: string };
  /**
   * Makes a study and opens it for writing.
   * @throws UsageError `study-exists`, `invalid-study-name` | MlbenchError `storage-full`, `storage-failed`.
   */
  create(header: StudyHeader, options?: WriterOptions): Promise<StudyWriter>;
  /**
   * Opens a study for writing: takes its lock (over from a dead owner at once).
   * @throws UsageError `unknown-study`, `invalid-study-name` | MlbenchError `study-locked` (a `StudyLockedError` with
   * the owner), `study-damaged`, `study-too-new`.
   */
  openWriter(name: string, options?: WriterOptions): Promise<StudyWriter>;
  /** The state now, without any lock. @throws UsageError `unknown-study`, MlbenchError `study-damaged`, `study-too-new`. */
  read(name: string): Promise<StudyState>;
  /** Like `read`, with what was found amiss on the way and who writes the study now. */
  inspect(name: string): Promise<StudyInspection>;
  /** Whether a name is taken, a damaged study included; false for a name that no study can have. */
  exists(name: string): Promise<boolean>;
  /** Names in sorted order. */
  list(): Promise<string[]>;
  /**
   * The study in brief, without its trials being read where the storage can do so. What a cheap look says is as good as
   * the storage keeps it: only `read` checks all of it.
   * @throws as `read`.
   */
  summary(name: string): Promise<StudySummary>;
  /** The summary of every study by name, sorted; a study that cannot be read stands there with its error. */
  summaries(options?: SummariesOptions): Promise<SummaryEntry[]>;
  /**
   * What happens to a study after a revision, in order and each event once, as it happens (at most 300 ms after it is
   * durable), whichever process writes it, and without a lock. Events that the storage no longer holds singly are stood
   * in for by one `reset` with the state as of a later revision; the same comes first when the study has not got as far
   * as `fromRevision`. A process that writes may be followed a moment before its reports are durable.
   *
   * Ends when `signal` is aborted.
   * @throws (while iterating) UsageError `unknown-study` | MlbenchError `study-deleted` when it goes away, `study-damaged`.
   */
  follow(name: string, fromRevision: number, options?: FollowOptions): AsyncIterable<StudyChange>;
  /** The study with everything that belongs to it. @throws UsageError `unknown-study` | MlbenchError `study-locked`. */
  delete(name: string): Promise<void>;
  /**
   * Makes a study of records that are there already, with the files of its trials: whole under its name, or not at all,
   * whenever the process ends. Its revision is the state's. Absent where a storage cannot: nothing is copied into it.
   * @param state its header has the new study's name.
   * @param files where its trials' files are read; null: there are none.
   * @throws UsageError `study-exists`, `invalid-study-name` | MlbenchError `study-locked`, `storage-full`, `storage-failed`.
   */
  createFrom?(state: StudyState, files: ArtifactStore | null): Promise<void>;
  /**
   * Gives a study another name, with everything that belongs to it: it is whole under the one or the other, whenever the
   * process ends. Absent where a storage cannot.
   * @throws UsageError `unknown-study`, `study-exists`, `invalid-study-name` | MlbenchError `study-locked` (either name's),
   * `study-damaged`, `storage-full`, `storage-failed`.
   */
  rename?(name: string, to: string): Promise<void>;
  /**
   * The names, none of them a study's, under which a process that died left something while it made, copied, renamed or
   * deleted one; `diagnose` and `repair` take them. Absent where nothing can be left.
   */
  leftovers?(): Promise<string[]>;
  /**
   * A text that is the same for the same study whichever storage object opened it, and different for any two studies:
   * for files the real path.
   */
  identity(name: string): string;
  /** Where a study is, as a person is shown: its file's path, `memory:NAME`. */
  location(name: string): string;
  /** The folder that a study's relative paths (plug-ins, data, objective) start from; null where there is none. */
  baseDirectory(name: string): string | null;
  /** Where a study's trials keep their files; null where the storage keeps none. */
  artifacts(name: string): ArtifactStore | null;
  /** Who writes the study now; null when nobody does. */
  ownerOf(name: string): Promise<LockOwner | null>;
  /**
   * Hands a command (plain data) to the owner of the study, and waits for the answer, which comes when the command's
   * effect is durable.
   * @throws MlbenchError `no-owner` when nobody writes the study (nothing was done: open a writer instead),
   * `owner-died` when the owner went away with the command in hand (it may or may not have been carried out), or what
   * the owner's handler threw, with its code, message and exit code.
   */
  send(name: string, command: unknown): Promise<unknown>;
  /** Everything amiss with a study; an empty list when it is whole. Never throws for damage. */
  diagnose(name: string): Promise<StorageFinding[]>;
  /**
   * Mends what `diagnose` found without losing a good record; damaged files are kept beside.
   * @throws MlbenchError `study-locked`, `study-damaged` when nothing could be saved.
   */
  repair(name: string): Promise<RepairReport>;
}

/** What a storage may be told of a writer; one that has no use for it leaves it. */
export interface WriterOptions {
  /**
   * What the study is held for, for those who meet its lock. `command` says that it is held for a moment: others wait.
   */
  readonly work?: "optimize" | "command" | "create" | "copy" | "serve" | undefined;
  /** Where this owner takes commands, when it is a service; told to whom it locks out. */
  readonly url?: string | undefined;
  /**
   * Whether the lock of an owner whose life cannot be told from here is taken over at once, instead of after a while
   * without a sign of life. @default false
   */
  readonly takeOver?: boolean | undefined;
}

/** The options of `summaries`. */
export interface SummariesOptions {
  /** These studies alone; one that is not there is left out. @default all */
  readonly names?: readonly string[] | undefined;
  /** What the caller knows of a study already: it is not read then. */
  readonly known?: ((name: string) => StudySummary | undefined) | undefined;
}

/** The options of `follow`. */
export interface FollowOptions {
  /** Ends the following. */
  readonly signal?: AbortSignal | undefined;
}

/** One step of a followed study: an event, or everything anew. */
export type StudyChange =
  | { readonly reset?: never; readonly revision: number; readonly event: StudyEvent }
  | { readonly reset: true; readonly event?: never; readonly revision: number; readonly state: StudyState };

/** The one writer of a study. */
export interface StudyWriter {
  /** The state with every appended event applied, durable or not. */
  readonly state: StudyState;
  /** `state.revision`: the number of the last event, durable or not. */
  readonly revision: number;
  /** What was found amiss on opening, and already put right. */
  readonly findings: readonly StorageFinding[];
  /**
   * Applies events in order (all or none; `state` shows them when the call returns) and queues them for the disk at
   * once. The promise settles when they are durable (group commit); with `trial-report` events alone it resolves at
   * once, and they are durable with the next synced event or within 200 ms.
   * @throws (rejects) MlbenchError `invalid-event`, `invalid-transition`: nothing was applied. `storage-full`,
   * `storage-failed`: the events are kept, nothing further is accepted until `retry`. `storage-lost`: lock or files are
   * no longer this writer's, and never will be again. `writer-closed`.
   */
  append(...events: StudyEvent[]): Promise<void>;
  /** Resolves when everything appended so far is durable. */
  flush(): Promise<void>;
  /**
   * Writes what could not be written when an append failed. Resolves when all of it is durable and appends are accepted
   * again; rejects with the same kind of error when the disk is still full.
   */
  retry(): Promise<void>;
  /**
   * Starts taking commands that `send` hands over, those already waiting first, one at a time in order. `handler`'s
   * result is the answer; it resolves only when the command's effect is durable. Returns a function that stops taking
   * them, resolving when the command under way is answered.
   */
  receive(handler: (command: unknown) => Promise<unknown>): () => Promise<void>;
  /** Writes what is pending, folds, releases the lock. Idempotent. */
  close(): Promise<void>;
}

/**
 * `note`: nothing is lost and nothing needs doing. `dropped`: an incomplete last line, never acknowledged. `damage`:
 * something that was written is changed or missing.
 */
export type FindingSeverity = "note" | "dropped" | "damage";

/** One thing amiss, with its place. */
export interface StorageFinding {
  readonly severity: FindingSeverity;
  /** `checksum`, `sequence`, `torn-tail`, `snapshot`, `stale-lock`, … */
  readonly code: string;
  readonly file: string;
  /** From 1, where it has one. */
  readonly line: number | null;
  /** Byte offset in the file, where it has one. */
  readonly offset: number | null;
  readonly message: string;
  /** Whether write commands are refused until it is repaired. */
  readonly blocksWriting: boolean;
}

/** A study read without its lock: its state, what is amiss with its files, and who has it open. */
export interface StudyInspection {
  readonly state: StudyState;
  readonly findings: readonly StorageFinding[];
  readonly owner: LockOwner | null;
}

/** What a repair found, did and could not save. */
export interface RepairReport {
  /** What was amiss. */
  readonly findings: readonly StorageFinding[];
  /** What was done, in words, one a change. */
  readonly actions: readonly string[];
  /** Copies of the damaged files. */
  readonly backups: readonly string[];
  /** What could not be put right; absent where all of it was. */
  readonly lost?: {
    /** Lines that are gone: at least so many. */
    readonly lines: number;
    /** Trials whose record is lost; they stand as failed. */
    readonly trials: readonly number[];
    /** Trials that are kept as they read, although nothing tells whether something about them changed or is lost. */
    readonly unsure: readonly number[];
  };
}
