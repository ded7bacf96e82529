import { statSync } from "node:fs";
import { UsageError } from "../core/index.js";
import type { StudyStorage } from "../storage/storage.js";

/** The studies of a folder; it need not be there yet. @throws UsageError `invalid-storage` for what is no folder. */
export async function openStorage(directory: string): Promise<StudyStorage> {
  const found = directory === "" ? undefined : statSync(directory, { throwIfNoEntry: false });
  if (directory === "" || (found && !found.isDirectory()))
    throw new UsageError("invalid-storage", `--storage ${directory}: expected a folder`);
  const { JsonFileStorage } = await import("../storage/json-file/index.js");
  return new JsonFileStorage({ directory });
}
