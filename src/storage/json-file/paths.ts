import { join } from "node:path";

/** The files that make up a study. */
export interface StudyPaths {
  readonly snapshot: string;
  /** The next snapshot while it is written; one writer at a time. */
  readonly snapshotTemp: string;
  readonly journal: string;
  readonly journalTemp: string;
  readonly lock: string;
  readonly inbox: string;
  readonly files: string;
}

export function pathsOf(directory: string, name: string): StudyPaths {
  const base = join(directory, name);
  return {
    snapshot: `${base}.json`,
    snapshotTemp: `${base}.json.tmp`,
    journal: `${base}.journal.jsonl`,
    journalTemp: `${base}.journal.jsonl.tmp`,
    lock: `${base}.lock`,
    inbox: `${base}.inbox`,
    files: `${base}.files`,
  };
}

export function trialDirectory(paths: StudyPaths, trial: number): string {
  return join(paths.files, String(trial).padStart(5, "0"));
}
