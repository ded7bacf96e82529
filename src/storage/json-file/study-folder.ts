/** A folder of studies: which there are, and removing one with everything that belongs to it. */
import { realpathSync, statSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { UsageError } from "../../core/index.js";
import { isStudyName } from "../study-errors.js";
import { diskError } from "./disk-errors.js";
import { errorCode, openIfThere } from "./file-system.js";
import type { FileSystem } from "./file-system.js";
import { isKeptCopy } from "./paths.js";
import type { StudyPaths } from "./paths.js";

const SNAPSHOT = ".json";

/** What a folder's studies may be called, by the names of its files, sorted; nothing where there is no such folder. */
export async function possibleNames(directory: string): Promise<string[]> {
  const files = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw diskError("reading the folder", directory, error);
  });
  return files
    .filter((file) => (file.isFile() || file.isSymbolicLink()) && file.name.endsWith(SNAPSHOT))
    .map((file) => file.name.slice(0, -SNAPSHOT.length))
    .filter(isStudyName)
    .sort();
}

const LOCK = ".lock";

/** The names that are locked in a folder and no study's, sorted. */
export async function abandonedNames(directory: string): Promise<string[]> {
  const studies = new Set(await possibleNames(directory));
  const files = await readdir(directory).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw diskError("reading the folder", directory, error);
  });
  return files
    .filter((file) => file.endsWith(LOCK))
    .map((file) => file.slice(0, -LOCK.length))
    .filter((name) => isStudyName(name) && !studies.has(name))
    .sort();
}

/** The names of a folder's studies, sorted. */
export async function studyNames(system: FileSystem, directory: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of await possibleNames(directory))
    if (await readsLikeStudy(system, join(directory, name + SNAPSHOT))) names.push(name);
  return names;
}

async function startOf(system: FileSystem, fd: number): Promise<Buffer> {
  const start = Buffer.alloc(512);
  return start.subarray(0, await system.read(fd, start, 0));
}

/** Whether nothing is in it but what a power cut leaves: no bytes, or zeros. */
export function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Whether a file reads like a study's, a damaged one included; one that may not be looked into may be one. */
export async function readsLikeStudy(system: FileSystem, path: string): Promise<boolean> {
  try {
    const fd = await openIfThere(system, path);
    if (fd === null) return false;
    try {
      const start = await startOf(system, fd);
      return isBlank(start) || /mlbench-hpo|"schema_version"|"checksum"/.test(start.toString("latin1"));
    } finally {
      await system.close(fd);
    }
  } catch {
    return true;
  }
}

/** Whether something is there, where that can be told. @throws MlbenchError `storage-failed` where it cannot. */
export function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw diskError("looking for", path, error);
  }
}

/**
 * What can hold studies: a folder, or a place where one can be made.
 * @param shown how it was asked for.
 * @throws UsageError `invalid-storage`.
 */
export function requireFolder(directory: string, shown: string): void {
  const found = directory === "" ? undefined : statSync(directory, { throwIfNoEntry: false });
  if (directory === "" || (found && !found.isDirectory()))
    throw new UsageError("invalid-storage", `--storage ${shown}: expected a folder`);
}

/** The real path of a folder that need not be there yet. */
export function realPathOf(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    const above = dirname(directory);
    return above === directory ? directory : join(realPathOf(above), basename(directory));
  }
}

/** Removes a study; its lock is the caller's. The snapshot goes first: without it the rest is no study. */
export async function removeStudy(system: FileSystem, paths: StudyPaths): Promise<void> {
  await system.unlink(paths.snapshot);
  await system.syncDirectoryOf(paths.snapshot);
  await removeBeside(paths);
  for (const copy of await keptCopies(paths)) await rm(copy, { force: true });
}

/** The copies kept of a study's older and damaged files. */
export async function keptCopies(paths: StudyPaths): Promise<string[]> {
  const directory = dirname(paths.snapshot);
  return (await readdir(directory)).filter((file) => isKeptCopy(paths, file)).map((file) => join(directory, file));
}

/** Removes everything of a study but its snapshot, its lock and the copies kept of older snapshots. */
export async function removeBeside(paths: StudyPaths): Promise<void> {
  for (const path of [paths.journal, paths.journalTemp, paths.snapshotTemp, paths.inbox, paths.files])
    await rm(path, { recursive: true, force: true });
}
