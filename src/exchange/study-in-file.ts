/** A study as it stands in a file of another form, before it is one here. */
import type { Annotation, SearchSpace, StudyObjective, Trial } from "../core/index.js";

/** What a file says of a study. */
export interface StudyInFile {
  /** Null where the file does not say. */
  readonly name: string | null;
  /** Null where the file does not say; what it calls them is in {@link metrics}. */
  readonly objectives: readonly StudyObjective[] | null;
  /** The objectives' names, where the file has names but no directions. */
  readonly metrics?: readonly string[];
  /** The header that the study was exported with, unchecked; null for a study that was made elsewhere. */
  readonly header: Readonly<Record<string, unknown>> | null;
  /** The header's, or derived from the trials; null where the file has no ranges. */
  readonly space: SearchSpace | null;
  readonly user_attrs: Readonly<Record<string, unknown>>;
  /** ISO 8601, UTC. */
  readonly created_at: string | null;
  /** Unchecked. */
  readonly trials: readonly Trial[];
  /** The trials that were given no seed: their record says 0. */
  readonly unseeded: ReadonlySet<number>;
  readonly annotations: ReadonlyMap<number, Annotation>;
  /** What is to be said of it, a sentence each. */
  readonly notes: readonly string[];
}
