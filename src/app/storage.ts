/** Where studies live: storages by location, and where a study of one has its files. */
import { existsSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { UsageError } from "../core/index.js";
import { MemoryStorage } from "../storage/memory.js";
import type { StudyStorage } from "../storage/storage.js";
import { requireStudyName } from "../storage/study-errors.js";

/** Where studies live: `"memory"` for as long as this process, a folder, or a storage of one's own. */
export type StorageLocation = "memory" | (string & {}) | StudyStorage;

const memory = new MemoryStorage();

/**
 * The storage at a location; a folder need not be there yet.
 * @param directory where a relative folder starts
 * @throws UsageError `invalid-storage` for what is no folder.
 */
export async function openStorage(location: StorageLocation, directory = "."): Promise<StudyStorage> {
  if (typeof location !== "string") return location;
  if (location === "memory") return memory;
  const folder = location === "" || isAbsolute(location) ? location : join(directory, location);
  const found = folder === "" ? undefined : statSync(folder, { throwIfNoEntry: false });
  if (folder === "" || (found && !found.isDirectory()))
    throw new UsageError("invalid-storage", `--storage ${location}: expected a folder`);
  const { JsonFileStorage } = await import("../storage/json-file/index.js");
  return new JsonFileStorage({ directory: folder });
}

/** Whether a storage has a study of this name. */
export async function hasStudy(storage: StudyStorage, name: string): Promise<boolean> {
  if (!isStudyName(name)) return false;
  const file = storage.fileOf(name);
  return file === null ? (await storage.list()).includes(name) : existsSync(file);
}

function isStudyName(name: string): boolean {
  try {
    requireStudyName(name);
    return true;
  } catch {
    return false;
  }
}

/** Where a study is to be found, for people: its file, or null where it has none. */
export function locationOf(storage: StudyStorage, name: string): string | null {
  return storage.fileOf(name);
}

/** The folder that a study's relative paths start from, absolute; null where its paths are absolute themselves. */
export function baseDirectoryOf(storage: StudyStorage, name: string): string | null {
  const file = storage.fileOf(name);
  return file === null ? null : dirname(resolve(file));
}

/** Where a trial of a study keeps its checkpoint and log, or null. */
export function trialDirectoryOf(storage: StudyStorage, name: string, number: number): string | null {
  return storage.directoryOf(name, number);
}
