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

/** When a copy was made, in characters that every file system takes, and which of that moment it is. */
const STAMP = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z(?:-\d+)?$/;

/** The name of a copy that is kept of a damaged file. @param nth from 0, of one moment's. */
export function damagedCopy(path: string, at: Date, nth: number): string {
  return `${path}.damaged-${at.toISOString().replace(/[:.]/g, "-")}${nth === 0 ? "" : `-${nth}`}`;
}

/** Whether a file of a study's folder is a copy kept of it: of an older version, or damaged. */
export function isKeptCopy({ snapshot, journal }: StudyPaths, file: string): boolean {
  const behind = (path: string): string | null => {
    const start = `${basename(path)}.`;
    return file.startsWith(start) ? file.slice(start.length) : null;
  };
  const isDamaged = (rest: string | null): boolean =>
    rest?.startsWith("damaged-") === true && STAMP.test(rest.slice("damaged-".length));
  const ofSnapshot = behind(snapshot);
  return /^v\d+$/.test(ofSnapshot ?? "") || isDamaged(ofSnapshot) || isDamaged(behind(journal));
}
