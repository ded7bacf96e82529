/** Mending a study's files: all that can be read goes into a new snapshot, and what was lost is said. */
import { existsSync } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import { basename } from "node:path";

import { isFinished, MlbenchError } from "../../core/index.js";
import type { Trial } from "../../core/index.js";
import { migratorFrom } from "../migrations/index.js";
import type { Migrator } from "../migrations/index.js";
import type { RepairReport, StorageFinding } from "../storage.js";
import { damagedBytes, leftovers } from "./doctor.js";
import { openIfThere, removeIfThere } from "./file-system.js";
import type { Fence } from "./fence.js";
import type { FileSystem } from "./file-system.js";
import { lostTrial } from "./lenient-replay.js";
import { loadStudy, withJournal } from "./load.js";
import type { LoadedStudy } from "./load.js";
import type { Locks } from "./lock.js";
import { migrateStudy } from "./migrate.js";
import { damagedCopy, olderSnapshot } from "./paths.js";
import type { StudyPaths } from "./paths.js";
import { reviveFrozen } from "../../core/plain-json.js";
import { SnapshotAdapter } from "./snapshot-adapter.js";
import { mendSnapshot } from "./snapshot-mend.js";
import { partsOf } from "./snapshot-parts.js";
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

/** What a repair has found, done and lost so far. */
class Progress {
  readonly findings: StorageFinding[];
  readonly actions: string[] = [];
  readonly backups: string[] = [];
  readonly #lost = new Set<number>();
  readonly #unsure = new Set<number>();
  #lines = 0;

  constructor(findings: StorageFinding[]) {
    this.findings = findings;
  }

  /** So many lines are gone for good. */
  loseLines(count: number, of: string): void {
    if (count === 0) return;
    this.#lines += count;
    this.actions.push(`${count} line${count === 1 ? "" : "s"} of the ${of} ${count === 1 ? "is" : "are"} lost`);
  }

  loseTrial(number: number): void {
    if (this.#lost.has(number)) return;
    this.#lost.add(number);
    this.actions.push(`trial ${number}: its record is lost; it stands as failed`);
  }

  doubt(number: number, why: string): void {
    if (this.#unsure.has(number) || this.#lost.has(number)) return;
    this.#unsure.add(number);
    this.actions.push(`trial ${number}: ${why}; it is kept as it reads`);
  }

  report(): RepairReport {
    const ascending = (numbers: ReadonlySet<number>): number[] => [...numbers].sort((a, b) => a - b);
    const [trials, unsure] = [ascending(this.#lost), ascending(this.#unsure)];
    const { findings, actions, backups } = this;
    const lost = this.#lines > 0 || trials.length > 0 || unsure.length > 0;
    return { findings, actions, backups, ...(lost && { lost: { lines: this.#lines, trials, unsure } }) };
  }
}

/**
 * Mends a study whose lock is held: everything that can be read goes into a new snapshot; damaged files are copied
 * first.
 * @throws MlbenchError `study-damaged` when the study's head cannot be read, `study-too-new`.
 */
export async function repairStudy(
  system: FileSystem,
  paths: StudyPaths,
  locks: Locks,
  fence: Fence,
): Promise<RepairReport> {
  const progress = new Progress(leftovers(paths, locks));
  let mended = false;
  const loaded = await loadStudy(system, paths).catch(async (error: unknown) => {
    const bytes = isTooNew(error) ? await readFile(paths.snapshot) : await damagedBytes(paths, error);
    if (!bytes) throw error;
    const read = await loadMended(system, paths, bytes, isTooNew(error), progress);
    progress.backups.push(await backUp(paths.snapshot));
    mended = true;
    return read;
  });
  if (!loaded) throw new MlbenchError("study-damaged", `${paths.snapshot} is gone`);
  progress.findings.push(...loaded.findings);
  sayLosses(loaded, progress);
  for (const path of [paths.snapshotTemp, paths.journalTemp]) await removeIfThere(system, path);
  if (loaded.findings.length > 0 || mended) {
    if (loaded.findings.length > 0) progress.backups.push(await backUp(paths.journal));
    progress.actions.push(...(await rewriteStudy(system, paths, loaded, mended, fence)));
  }
  return progress.report();
}

function isTooNew(error: unknown): boolean {
  return error instanceof MlbenchError && error.code === "study-too-new";
}

function sayLosses({ losses }: LoadedStudy, progress: Progress): void {
  if (!losses) return;
  progress.loseLines(losses.lines, "journal");
  for (const number of losses.trials) progress.loseTrial(number);
  for (const number of losses.unsure) progress.doubt(number, "lines about it may be lost");
}

/** Puts everything that was read into a new snapshot of the present version. @returns what was done, in words. */
async function rewriteStudy(
  system: FileSystem,
  paths: StudyPaths,
  loaded: LoadedStudy,
  mended: boolean,
  fence: Fence,
): Promise<string[]> {
  const { snapshot, state, lastSeq: revision, version, outdated } = loaded;
  const actions: string[] = [];
  if (outdated) {
    await migrateStudy(system, paths, loaded, { rewrite: mended, fence });
    actions.push(`kept what could be read in the form of version ${version}: ${olderSnapshot(paths, version)}`);
  } else {
    await new SnapshotAdapter(system, paths, fence).write({ ...snapshot, state, revision });
    await fence.look();
    await removeIfThere(system, paths.journal);
  }
  actions.push(`wrote a new snapshot with ${state.size} trial${state.size === 1 ? "" : "s"}; the journal is folded in`);
  return actions;
}

async function loadMended(
  system: FileSystem,
  paths: StudyPaths,
  bytes: Buffer,
  tooNew: boolean,
  progress: Progress,
): Promise<LoadedStudy> {
  const mended = mendSnapshot(bytes, basename(paths.snapshot));
  const { raw, trials, unsureTrials, unsure, lost } = partsOf(mended);
  // A version that is whole and newer is no damage; a changed digit has been put right by now.
  if (tooNew && !unsure.includes("schema_version")) migratorFrom(raw["schema_version"]);
  progress.findings.push(...mended.findings);
  progress.actions.push(...mended.actions);
  progress.loseLines(mended.missing, "snapshot");
  for (const key of lost) if (key !== "summary") progress.actions.push(`"${key}" could not be read and is left out`);
  for (const key of unsure)
    if (key !== "summary") progress.actions.push(`kept "${key}" as it reads now, though its checksum does not fit`);
  const migrator = migratorFrom(raw["schema_version"]);
  const header = reviveFrozen(migrator.header(raw)) as Record<string, unknown>;
  const document = documentOf(header, trials, migrator, progress);
  for (const number of unsureTrials) progress.doubt(number, "no checksum tells whether it is as it was written");
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
  migrator: Migrator,
  progress: Progress,
): StudyDocument {
  const saved = new Map<number, Trial>();
  for (const [number, record] of records)
    // So many lines there are; a number beyond is damage itself.
    if (number < 2 * records.size + MOST_LOST)
      try {
        saved.set(number, requireTrial(reviveFrozen(migrator.trial(record as never)), number));
      } catch {
        // Read, but no trial's record: lost.
      }
  const size = [...saved.keys()].reduce((most, number) => Math.max(most, number + 1), 0);
  const taken = new Set([...saved.values()].filter(isFinished).map((trial) => trial.finish_index));
  let free = 0;
  const trials = Array.from({ length: size }, (_, number) => {
    const trial = saved.get(number);
    if (trial) return trial;
    while (taken.has(free)) free++;
    taken.add(free);
    progress.loseTrial(number);
    return lostTrial(number, free);
  });
  try {
    return toDocument(raw, trials);
  } catch (error) {
    if (!("annotations" in raw)) throw error;
    const { annotations: _unreadable, ...rest } = raw;
    const document = toDocument(rest, trials);
    progress.actions.push('"annotations" could not be read and is left out');
    return document;
  }
}

/** So many records more than there are may have been lost. */
const MOST_LOST = 1_000;
