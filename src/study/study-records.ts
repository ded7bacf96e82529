/** What can be read of a study at any time. */
import { dirname } from "node:path";
import type { Direction, StudyHeader, StudyState, TrackedStudy, Trial } from "../core/index.js";
import { bestOfStudy, directionsOf, frontOfStudy, requireKnownKeys, UsageError } from "../core/index.js";
import type { StorageFinding, StudyChange, StudyStorage, StudySummary } from "../storage/storage.js";
import type { StudyLog } from "./study-log.js";

/** A study for its readers. Everything that is handed out is readonly and stays as it was. */
export abstract class StudyRecords implements TrackedStudy {
  readonly #log: StudyLog;
  readonly #storage: StudyStorage;

  constructor(log: StudyLog, storage: StudyStorage) {
    this.#log = log;
    this.#storage = storage;
  }

  get name(): string {
    return this.header.name;
  }

  /** The first objective's. */
  get direction(): Direction {
    return this.directions[0] as Direction;
  }

  /** One an objective. */
  get directions(): readonly Direction[] {
    return directionsOf(this.header);
  }

  /** What was fixed when the study was created. */
  get header(): StudyHeader {
    return this.#log.header;
  }

  get userAttrs(): Readonly<Record<string, unknown>> {
    return this.header.user_attrs;
  }

  /** The study's records at this moment, with counts. */
  get state(): StudyState {
    return this.#log.state;
  }

  /** What was found amiss, and put right, when this object last opened the study for writing. */
  get findings(): readonly StorageFinding[] {
    return this.#log.findings;
  }

  /** All trials by number; finished ones are frozen and the same objects in every later list. */
  get trials(): readonly Trial[] {
    return this.#log.state.trials;
  }

  /**
   * The best complete feasible trial, the first of equals; null when there is none.
   * @throws UsageError `several-objectives`: such a study has `bestTrials`.
   */
  get bestTrial(): Trial | null {
    const { length } = this.header.objectives;
    if (length === 1) return bestOfStudy(this.state);
    const message = `study "${this.name}" has ${length} objectives and no single best trial: use bestTrials`;
    throw new UsageError("several-objectives", message);
  }

  /** The Pareto front among the complete feasible trials, by number; with one objective the best trial alone. */
  get bestTrials(): readonly Trial[] {
    return frontOfStudy(this.state);
  }

  /** The study in brief, as its storage keeps it: cheap, also with many trials. */
  summary(): Promise<StudySummary> {
    return this.#storage.summary(this.name);
  }

  /**
   * What happens to the study from a revision on, each event once and in order, whichever process writes it; where
   * single events are no longer kept, a `reset` with the state comes in their place. Ends when the signal is aborted.
   * @throws UsageError `unknown-option`.
   * @throws (while iterating) MlbenchError `study-deleted`, `study-damaged`.
   */
  follow(options: { from?: number; signal?: AbortSignal } = {}): AsyncIterable<StudyChange> {
    requireKnownKeys("study.follow", options, { from: true, signal: true });
    const { from = this.state.revision, signal } = options;
    return this.#storage.follow(this.name, from, { signal });
  }

  /** Where a trial keeps its checkpoint and log, or null where the storage has no files. */
  directoryOf(number: number): string | null {
    return this.#storage.artifacts(this.name)?.directory(number) ?? null;
  }

  /** The folder in which its trials' folders lie, or null where the storage has no files. */
  get directory(): string | null {
    const trial = this.directoryOf(0);
    return trial === null ? null : dirname(trial);
  }

  /** Reads the records again, for a study that this object has not open: another process may have written. */
  async refresh(): Promise<void> {
    await this.#log.refresh();
  }
}
