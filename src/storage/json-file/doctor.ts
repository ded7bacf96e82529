/** Diagnosis and repair of a study's files. */
import { existsSync } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import { basename } from "node:path";

import { blankTrial, isFinished, messageOf, MlbenchError } from "../../core/index.js";
import type { Trial } from "../../core/index.js";
import { migratorFrom } from "../migrations/index.js";
import type { RepairReport, StorageFinding } from "../storage.js";
import { openIfThere, removeIfThere } from "./file-system.js";
import type { FileSystem } from "./file-system.js";
import { loadStudy, withJournal } from "./load.js";
import type { LoadedStudy } from "./load.js";
import { ownerInWords } from "../lock-owner.js";
import type { Locks } from "./lock.js";
import { migrateStudy } from "./migrate.js";
import { damagedCopy, olderSnapshot } from "./paths.js";
import type { StudyPaths } from "./paths.js";
import { reviveFrozen } from "./plain-json.js";
import { SnapshotAdapter } from "./snapshot-adapter.js";
import { mendSnapshot, partsOf } from "./snapshot-mend.js";
import { requireTrial, toDocument } from "./study-document.js";
import type { StudyDocument } from "./study-document.js";

/** Keeps a copy of a damaged file beside it. @returns its path. */
export async function backUp(path: string): Promise<string> {
  const at = new Date();
  for (let n = 0; ; n++) {
    const copy = damagedCopy(path, at, n);
    if (existsSync(copy)) continue;
    await copyFile(path, copy);
    return copy;
  }
}

function note(code: string, path: string, message: string): StorageFinding {
  const file = basename(path);
  return { severity: "note", code, file, line: null, offset: null, message, blocksWriting: false };
}

/** What is left of processes that died; the next owner clears it away. */
function leftovers(paths: StudyPaths, locks: Locks): StorageFinding[] {
  const findings: StorageFinding[] = [];
  if (locks.isStale(paths.lock))
    findings.push(note("stale-lock", paths.lock, "its owner is gone; the next takes over"));
  for (const path of [paths.snapshotTemp, paths.journalTemp])
    if (existsSync(path)) findings.push(note("leftover", path, "left by a process that died while writing it"));
  return findings;
}

function snapshotFinding(paths: StudyPaths, error: unknown): StorageFinding {
  const code = error instanceof MlbenchError ? error.code : "snapshot";
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
    if (!(error instanceof MlbenchError) || error.code !== "study-damaged")
      return [snapshotFinding(paths, error), ...leftovers(paths, locks)];
    const mended = mendSnapshot(await readFile(paths.snapshot), basename(paths.snapshot));
    return [...mended.findings, ...leftovers(paths, locks)];
  }
}

/**
 * Mends a study whose lock is held: everything that can be read goes into a new snapshot; damaged files are copied
 * first.
 * @throws MlbenchError `study-damaged` when the study's head cannot be read, `study-too-new`.
 */
export async function repairStudy(system: FileSystem, paths: StudyPaths, locks: Locks): Promise<RepairReport> {
  const actions: string[] = [];
  const findings: StorageFinding[] = leftovers(paths, locks);
  const backups: string[] = [];
  let loaded: LoadedStudy | null;
  try {
    loaded = await loadStudy(system, paths);
  } catch (error) {
    if (!(error instanceof MlbenchError) || !["study-damaged", "study-too-new"].includes(error.code)) throw error;
    loaded = await loadMended(system, paths, error, findings, actions);
    backups.push(await backUp(paths.snapshot));
  }
  const mended = backups.length > 0;
  if (!loaded) throw new MlbenchError("study-damaged", `${paths.snapshot} is gone`);
  findings.push(...loaded.findings);
  for (const path of [paths.snapshotTemp, paths.journalTemp]) await removeIfThere(system, path);
  if (loaded.findings.length > 0 || mended) {
    if (loaded.findings.length > 0) backups.push(await backUp(paths.journal));
    await rewriteStudy(system, paths, loaded, mended, actions);
  }
  return { findings, actions, backups };
}

/** Puts everything that was read into a new snapshot of the present version. */
async function rewriteStudy(
  system: FileSystem,
  paths: StudyPaths,
  loaded: LoadedStudy,
  mended: boolean,
  actions: string[],
): Promise<void> {
  const { snapshot, state, lastSeq: revision, version, outdated } = loaded;
  if (outdated) {
    await migrateStudy(system, paths, loaded, mended);
    actions.push(`kept what could be read in the form of version ${version}: ${olderSnapshot(paths, version)}`);
  } else {
    await new SnapshotAdapter(system, paths).write({ ...snapshot, state, revision });
    await removeIfThere(system, paths.journal);
  }
  actions.push(`wrote a new snapshot with ${state.size} trial${state.size === 1 ? "" : "s"}; the journal is folded in`);
}

async function loadMended(
  system: FileSystem,
  paths: StudyPaths,
  cause: MlbenchError,
  findings: StorageFinding[],
  actions: string[],
): Promise<LoadedStudy> {
  const mended = mendSnapshot(await readFile(paths.snapshot), basename(paths.snapshot));
  const { raw, trials, unsure, lost } = partsOf(mended);
  // A version that is whole and newer is no damage; a changed digit has been put right by now.
  if (cause.code === "study-too-new" && !unsure.includes("schema_version")) migratorFrom(raw["schema_version"]);
  findings.push(...mended.findings);
  actions.push(...mended.actions);
  for (const key of lost) if (key !== "summary") actions.push(`"${key}" could not be read and is left out`);
  for (const key of unsure) actions.push(`kept "${key}" as it reads now, though its checksum does not fit`);
  const migrator = migratorFrom(raw["schema_version"]);
  const document = documentOf(reviveFrozen(migrator.header(raw)) as Record<string, unknown>, trials, actions);
  const journal = await openIfThere(system, paths.journal);
  try {
    return await withJournal(system, paths, { document, bytes: 0, migrator }, journal);
  } finally {
    if (journal !== null) await system.close(journal);
  }
}

/** Records that are lost are stood in for by failed ones, so that the others keep their numbers. */
function documentOf(
  raw: Record<string, unknown>,
  records: ReadonlyMap<number, unknown>,
  actions: string[],
): StudyDocument {
  const size = [...records.keys()].reduce((most, number) => Math.max(most, number + 1), 0);
  const saved = new Map<number, Trial>();
  for (const [number, record] of records)
    try {
      saved.set(number, requireTrial(reviveFrozen(migratorFrom(raw["schema_version"]).trial(record as never)), number));
    } catch {
      // Read, but no trial's record: lost.
    }
  const taken = new Set([...saved.values()].filter(isFinished).map((trial) => trial.finish_index));
  let free = 0;
  const trials = Array.from({ length: size }, (_, number) => {
    const trial = saved.get(number);
    if (trial) return trial;
    while (taken.has(free)) free++;
    taken.add(free);
    actions.push(`trial ${number}: its record is lost; it stands as failed`);
    return lost(number, free);
  });
  try {
    return toDocument(raw, trials);
  } catch (error) {
    if (!("annotations" in raw)) throw error;
    const { annotations: _unreadable, ...rest } = raw;
    const document = toDocument(rest, trials);
    actions.push('"annotations" could not be read and is left out');
    return document;
  }
}

function lost(number: number, finish_index: number): Trial {
  const failure = {
    class: "interrupted",
    message: "the record was lost to damage of the file",
    where: "storage",
  } as const;
  const at = new Date().toISOString();
  return blankTrial(number, { state: "failed", failure, finish_index, finished_at: at });
}
