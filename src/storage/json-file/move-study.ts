/** A study's files under another name: everything is linked beside first, and one renaming decides. */
import { copyFile, link, lstat, mkdir, open, readdir, readlink, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { createStudyState } from "../../core/index.js";
import { failPoint } from "./fail-point.js";
import type { Fence } from "./fence.js";
import { errorCode, removeIfThere } from "./file-system.js";
import type { FileSystem } from "./file-system.js";
import type { LoadedStudy } from "./load.js";
import type { StudyPaths } from "./paths.js";
import { SnapshotAdapter } from "./snapshot-adapter.js";
import { keptCopies, removeBeside } from "./study-folder.js";
import { startFromFiles } from "./writer-start.js";

/** The two places, whose locks are held. */
export interface Move {
  readonly from: StudyPaths;
  readonly to: StudyPaths;
  /** Asked before anything of either place changes that others see. */
  readonly fences: readonly [from: Fence, to: Fence];
}

/**
 * Moves a study:
 *
 * 1. the journal is folded into the snapshot, which then says the new name (what it says inside does not count: a study
 *    goes by its file's name), and an older version is lifted;
 * 2. what belongs to it is linked, or where there are no links copied, under the new name as well;
 * 3. the snapshot is renamed: from here on it is the new study;
 * 4. what still stands under the old name goes.
 *
 * A process that ends in between leaves the study whole under one of the names, and under the other what
 * `leftovers` finds by the lock.
 */
export async function moveStudy(system: FileSystem, { from, to, fences }: Move, loaded: LoadedStudy): Promise<void> {
  const start = await startFromFiles(system, from, loaded, { fence: fences[0] });
  await start.prepare?.();
  const { state, document, lastSeq: revision } = start;
  const header = Object.freeze({ ...state.header, name: basename(to.snapshot, ".json") });
  const renamed = createStudyState(header, state.trials, state);
  await new SnapshotAdapter(system, from, fences[0]).write({ ...document, state: renamed, revision });
  await removeIfThere(system, from.journal);
  await system.syncDirectoryOf(from.journal);
  failPoint("rename-folded");
  await linkTree(from.files, to.files);
  const moved = await linkKeptCopies(from, to);
  await system.syncDirectoryOf(to.snapshot);
  failPoint("rename-linked");
  for (const fence of fences) await fence.look();
  await system.rename(from.snapshot, to.snapshot);
  await system.syncDirectoryOf(to.snapshot);
  failPoint("rename-renamed");
  await removeBeside(from);
  for (const path of moved) await rm(path, { force: true });
}

/** Copies that stand under the new name already, of a study that is gone, stay, and ours then keep their names. */
async function linkKeptCopies(from: StudyPaths, to: StudyPaths): Promise<string[]> {
  const [before, after] = [from, to].map(({ snapshot }) => basename(snapshot, ".json")) as [string, string];
  const linked: string[] = [];
  for (const path of await keptCopies(from)) {
    const copy = join(dirname(path), after + basename(path).slice(before.length));
    if (await linkFile(path, copy)) linked.push(path);
  }
  return linked;
}

/** False where something has that name already. */
async function linkFile(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    // No links here (exFAT, some mounts), or none to this file.
    await copyFile(from, to);
    await syncFile(to);
  }
  return true;
}

/** A link has what was durable before; the original of a copy goes, so that the copy has to be durable by then. */
async function syncFile(path: string): Promise<void> {
  // Windows syncs what is open for writing only; elsewhere a file that may not be written can be synced as well.
  const file = await open(path, process.platform === "win32" ? "r+" : "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A folder with everything in it under a second name; nothing where there is no such folder. */
async function linkTree(from: string, to: string): Promise<void> {
  const found = await lstat(from).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  });
  if (found === null) return;
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkTree(source, target);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else if (entry.isFile()) await linkFile(source, target);
  }
}
