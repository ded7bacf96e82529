/** What is amiss with a study's files. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";

import { messageOf, MlbenchError } from "../../core/index.js";
import { ownerInWords } from "../lock-owner.js";
import type { StorageFinding } from "../storage.js";
import type { FileSystem } from "./file-system.js";
import { loadStudy } from "./load.js";
import type { Locks } from "./lock.js";
import type { StudyPaths } from "./paths.js";
import { isOurs, mendSnapshot } from "./snapshot-mend.js";
import { isBlankError } from "./snapshot-reader.js";

function note(code: string, path: string, message: string): StorageFinding {
  const file = basename(path);
  return { severity: "note", code, file, line: null, offset: null, message, blocksWriting: false };
}

/** What a process does to a study that is not there before, or not after. */
export const unfinishedWork: ReadonlySet<string> = new Set(["copy", "create", "delete", "rename"]);

/** What a process that died left under a name that no study has. */
export function unfinished(paths: StudyPaths, locks: Locks): StorageFinding {
  const what = `${locks.abandonedWork(paths.lock)} this study`;
  const beside = [paths.files, paths.snapshotTemp, paths.journal, paths.inbox].filter((path) => existsSync(path));
  const files = beside.length === 0 ? "" : ` (with ${beside.map((path) => basename(path)).join(", ")})`;
  const message = `left by a process that died while it was to ${what}${files}; no study has that name`;
  return note("leftover", paths.lock, message);
}

/** What is left of processes that died; the next owner clears it away. */
export function leftovers(paths: StudyPaths, locks: Locks): StorageFinding[] {
  const findings: StorageFinding[] = [];
  if (locks.isStale(paths.lock)) {
    const owner = locks.formerOwner(paths.lock);
    const died = owner ? ` (${ownerInWords(owner)} has died)` : "";
    findings.push(note("stale-lock", paths.lock, `stale lock${died}; the next command that writes takes over`));
  }
  for (const path of [paths.snapshotTemp, paths.journalTemp])
    if (existsSync(path)) findings.push(note("leftover", path, "left by a process that died while writing it"));
  return findings;
}

function snapshotFinding(paths: StudyPaths, error: unknown): StorageFinding {
  const code = isBlankError(error) ? "blank" : error instanceof MlbenchError ? error.code : "snapshot";
  const message = messageOf(error);
  const place = { file: basename(paths.snapshot), line: null, offset: null };
  return { severity: "damage", code, ...place, message, blocksWriting: true };
}

/** A lock whose owner cannot be looked at may keep everyone out although nobody writes. */
function foreignLock(paths: StudyPaths, locks: Locks): StorageFinding[] {
  const owner = locks.owner(paths.lock);
  if (!owner?.elsewhere) return [];
  const message =
    `held by ${ownerInWords(owner)} since ${owner.since}, which cannot be looked at from here: a command that writes ` +
    "waits up to a minute for a sign of life, and takes it over when there is none; so does `optimize --take-over` at once";
  return [note("foreign-lock", paths.lock, message)];
}

/** Everything amiss with a study's files. */
export async function diagnoseStudy(system: FileSystem, paths: StudyPaths, locks: Locks): Promise<StorageFinding[]> {
  return [...foreignLock(paths, locks), ...(await diagnoseFiles(system, paths, locks))];
}

async function diagnoseFiles(system: FileSystem, paths: StudyPaths, locks: Locks): Promise<StorageFinding[]> {
  const owned = locks.owner(paths.lock) !== null;
  try {
    const loaded = await loadStudy(system, paths);
    const findings = loaded?.findings ?? [];
    // What a living owner is just writing is no damage, and no leftover.
    return owned ? findings.filter(({ blocksWriting }) => blocksWriting) : [...findings, ...leftovers(paths, locks)];
  } catch (error) {
    const bytes = await damagedBytes(paths, error);
    const found = bytes ? mendSnapshot(bytes, basename(paths.snapshot)).findings : [snapshotFinding(paths, error)];
    return [...found, ...leftovers(paths, locks)];
  }
}

/** The snapshot, if it could not be read because it is damaged; null where something else was the matter. */
export async function damagedBytes({ snapshot }: StudyPaths, error: unknown): Promise<Buffer | null> {
  if (!(error instanceof MlbenchError) || !["study-damaged", "not-a-study"].includes(error.code)) return null;
  if (isBlankError(error)) return null;
  const bytes = await readFile(snapshot);
  // The line that says what it is may be the one that is gone.
  return error.code === "study-damaged" || isOurs(bytes) ? bytes : null;
}
