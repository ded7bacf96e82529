import type { StudyEvent, StudyHeader, StudyState } from "../core/index.js";

/**
 * Where studies live. One process writes a study at a time; readers never lock and always see a consistent state.
 * Implementations: `memory`, `json-file`. All pass `test/conformance/storage.ts`.
 */
export interface StudyStorage {
  /**
   * Makes a study and opens it for writing.
   * @throws UsageError `study-exists`, `invalid-study-name`.
   */
  create(header: StudyHeader): Promise<StudyWriter>;
  /**
   * Opens a study for writing: takes its lock (over from a dead owner at once).
   * @throws UsageError `unknown-study` | MlbenchError `study-locked` (with the owner's pid), `study-damaged`.
   */
  openWriter(name: string): Promise<StudyWriter>;
  /** The state now, without any lock. @throws UsageError `unknown-study`, MlbenchError `study-damaged`. */
  read(name: string): Promise<StudyState>;
  /** Names in sorted order. */
  list(): Promise<string[]>;
  /** @throws UsageError `unknown-study` | MlbenchError `study-locked`. */
  delete(name: string): Promise<void>;
  /** The study's own file, or null where there is none. */
  fileOf(name: string): string | null;
}

/** The one writer of a study. */
export interface StudyWriter {
  /** The state with every appended event applied, durable or not. */
  readonly state: StudyState;
  /**
   * Applies events in order and queues them for the disk at once. The promise settles when they are durable (group
   * commit); `trial-report` events may be left unawaited: they are durable with the next synced event or within 200 ms.
   * @throws (rejects) MlbenchError `storage-full`, `storage-failed`: then nothing further is accepted until `retry`.
   */
  append(...events: StudyEvent[]): Promise<void>;
  /** Resolves when everything appended so far is durable. */
  flush(): Promise<void>;
  /** Folds, releases the lock. Idempotent. */
  close(): Promise<void>;
}
