/** The studies of a storage, a line each. */
import { bestOfStudy, MlbenchError } from "../../core/index.js";
import type { StudyObjective, StudyState, TrialCounts } from "../../core/index.js";
import type { KnownKeys } from "../../registry/known-keys.js";
import { requireKnownKeys } from "../../registry/known-keys.js";
import type { StorageAddress } from "../address.js";
import { locationOf, openStorage } from "../storage.js";

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
  readonly file: string | null;
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

/** Reads the studies of a storage. @throws UsageError `invalid-storage`, `unknown-option`. */
export async function summarizeStudies(address: StorageAddress): Promise<StudyList> {
  requireKnownKeys("summarizeStudies", address, keys);
  const storage = await openStorage(address.storage, address.directory);
  const [studies, unread]: [StudyListEntry[], UnreadStudy[]] = [[], []];
  for (const name of await storage.list())
    try {
      studies.push(entryOf(await storage.read(name), locationOf(storage, name)));
    } catch (error) {
      if (!(error instanceof MlbenchError)) throw error;
      // Deleted since it was listed.
      if (error.code === "unknown-study") continue;
      unread.push({ name, code: error.code, message: error.message });
    }
  return { studies, unread };
}

function entryOf(state: StudyState, file: string | null): StudyListEntry {
  const { header, trials, counts } = state;
  const best = header.objectives.length > 1 ? null : bestOfStudy(state);
  return {
    ...{ name: header.name, objectives: header.objectives, created_at: header.created_at },
    ...{ trials: trials.length, counts, best_value: best?.value ?? null },
    ...{ sampler: header.sampler.name, pruner: header.pruner.name, file },
  };
}
