/** Storages by location: a folder, a URL, or an object at hand. */
import { isAbsolute, join } from "node:path";
import { UsageError } from "../core/index.js";
import { waitingInWords } from "../storage/lock-owner.js";
import type { LockOwner, StudyStorage } from "../storage/storage.js";

/**
 * Where studies live: `"memory"` for as long as this process, a folder, a URL (`file:…`, `memory:`), or a storage object. A
 * service (`http://127.0.0.1:7070#token=…`; or with the token in `MLBENCH_HPO_TOKEN`) is read and given commands.
 */
export type StorageLocation = StudyStorage | "memory" | (string & {});

/** What stands before the colon of a URL; a single letter is a drive. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i;

/** Hears, in a line of words, that the owner of a study is waited for, whose life cannot be told from here. */
export type OnWait = (line: string) => void;

/**
 * The storage at a location. A folder need not be there yet.
 * @param directory where a relative path starts; itself relative to the current folder
 * @param onWait heard only of folders
 * @throws UsageError `invalid-storage` for what is no folder, `unknown-storage` for a URL whose scheme nobody registered;
 * `invalid-server`, `invalid-token` for a service's.
 */
export async function openStorage(location: StorageLocation, directory = ".", onWait?: OnWait): Promise<StudyStorage> {
  if (typeof location !== "string") return location;
  const scheme = location === "memory" ? "memory" : SCHEME.exec(location)?.[1]?.toLowerCase();
  if (scheme === undefined) return openFolder(location, directory, onWait);
  if (scheme === "http" || scheme === "https") {
    const { openRemoteStorage } = await import("../remote/index.js");
    return openRemoteStorage(location);
  }
  const { storages } = await import("../storage/index.js");
  if (!storages.has(scheme))
    throw new UsageError(
      "unknown-storage",
      `storage ${location}: no storage is known for "${scheme}:"; known: ${[...storages.names(), "http", "https"].join(", ")}; ` +
        `a folder of that name is ./${location}`,
    );
  const factory = await storages.get(scheme).load();
  return factory(location, { directory });
}

/** Plain paths are what the command line takes most: they need no registry, whose schemas take longer to load. */
async function openFolder(path: string, directory: string, onWait: OnWait | undefined): Promise<StudyStorage> {
  const { JsonFileStorage, requireFolder } = await import("../storage/json-file/index.js");
  const folder = path === "" || isAbsolute(path) ? path : join(directory, path);
  requireFolder(folder, path);
  const told = (name: string, owner: LockOwner): void => onWait?.(waitingInWords(name, owner));
  return new JsonFileStorage({ directory: folder, onWait: told });
}
