/** The storages by URL scheme. */
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { messageOf, UsageError } from "../core/index.js";
import { lazy, registryOf } from "../registry/index.js";
import type { StudyStorage } from "./storage.js";

export { StudyLockedError } from "./study-errors.js";
export type * from "./storage.js";

/** What a storage is opened with besides its location. */
export interface StorageContext {
  /** Where a relative path starts. */
  readonly directory: string;
}

/** Opens the storage at a URL; the same studies are found again under the same URL. */
export type StorageFactory = (location: string, context: StorageContext) => StudyStorage | Promise<StudyStorage>;

/** The storages by the scheme of their URLs. */
export const storages = registryOf<StorageFactory>("storage");

const parameters = z.strictObject({});

// Another copy of this package in the process may have registered them: the registry is the process's.
if (!storages.has("file")) {
  storages.register("file", {
    summary: "JSON files in a folder: file:///path/to/studies, or a plain path",
    parameters,
  })(
    lazy<StorageFactory>(async () => {
      const { JsonFileStorage, requireFolder } = await import("./json-file/index.js");
      return (location) => {
        const directory = folderOf(location);
        requireFolder(directory, location);
        return new JsonFileStorage({ directory });
      };
    }),
  );
  storages.register("memory", {
    summary: "for as long as this process: memory:, or memory:NAME for one apart",
    parameters,
  })(
    lazy<StorageFactory>(async () => {
      const { MemoryStorage } = await import("./memory.js");
      const opened = new Map<string, StudyStorage>();
      return (location) => {
        const name = location.replace(/^memory:?/i, "");
        const storage = opened.get(name) ?? new MemoryStorage();
        opened.set(name, storage);
        return storage;
      };
    }),
  );
}

function folderOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw new UsageError("invalid-storage", `--storage ${url}: expected file:///path/to/folder (${messageOf(error)})`);
  }
}
