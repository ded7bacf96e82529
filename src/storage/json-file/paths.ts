/** The names of a study's files. */
import { basename, join } from "node:path";

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

/** Where the snapshot of an older version is kept when the study is migrated. */
export function olderSnapshot({ snapshot }: StudyPaths, version: number): string {
  return `${snapshot}.v${version}`;
}

/** Whether a file of a study's folder is a copy kept of it: of an older version, or damaged. */
export function isKeptCopy({ snapshot, journal }: StudyPaths, file: string): boolean {
  const [own, lines] = [basename(snapshot), basename(journal)];
  if (file.startsWith(`${own}.v`)) return /^\d+$/.test(file.slice(own.length + 2));
  return file.startsWith(`${own}.damaged-`) || file.startsWith(`${lines}.damaged-`);
}
