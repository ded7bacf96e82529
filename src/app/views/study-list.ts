/** The studies of a storage, a line each. */
import type { StudyObjective, TrialCounts } from "../../core/index.js";
import type { KnownKeys } from "../../core/index.js";
import { requireKnownKeys } from "../../core/index.js";
import type { LockOwner, StudySummary } from "../../storage/storage.js";
import type { StorageAddress } from "../address.js";
import { openStorage } from "../storage.js";

/** A study in a list. Key names are those of `studies --format json`. */
export interface StudyListEntry {
  readonly name: string;
  readonly objectives: readonly StudyObjective[];
  readonly created_at: string;
  readonly trials: number;
  readonly counts: TrialCounts;
  /** Null where no feasible trial is complete, and in studies with several objectives. */
  readonly best_value: number | null;
  readonly sampler: string;
  readonly pruner: string;
  readonly file: string;
  /** What people say about it; empty: nothing. */
  readonly note: string;
  /** ISO 8601, UTC: since when it is archived; null: it is not. */
  readonly archived_at: string | null;
  /** Who writes it now; null when nobody does. */
  readonly owner: LockOwner | null;
}

/** A study that could not be read. */
export interface UnreadStudy {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** The studies of a storage, in the order of their names; one that can't be read hides no other. */
export interface StudyList {
  readonly studies: readonly StudyListEntry[];
  readonly unread: readonly UnreadStudy[];
}

const keys: KnownKeys<StorageAddress> = { storage: true, directory: true };

/**
 * Reads the studies of a storage.
 * @throws UsageError `invalid-storage`, `unknown-option`.
 * @example
 * (await summarizeStudies({ storage: "studies" })).studies.map(({ name }) => name);
 */
export async function summarizeStudies(address: StorageAddress): Promise<StudyList> {
  requireKnownKeys("summarizeStudies", address, keys);
  const storage = await openStorage(address.storage, address.directory);
  const [studies, unread]: [StudyListEntry[], UnreadStudy[]] = [[], []];
  for (const { name, summary, error } of await storage.summaries()) {
    if (summary) studies.push(entryOf(summary, storage.location(name)));
    else unread.push({ name, code: error.code, message: error.message });
  }
  return { studies, unread };
}

function entryOf(summary: StudySummary, file: string): StudyListEntry {
  const { name, objectives, created_at, counts, best, sampler, pruner, note, archived_at, owner } = summary;
  const trials = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const best_value = best?.value ?? null;
  return {
    name,
    objectives,
    created_at,
    trials,
    counts,
    best_value,
    sampler: sampler.name,
    pruner: pruner.name,
    file,
    note,
    archived_at,
    owner,
  };
}
