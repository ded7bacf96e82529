import type { StudyStorage } from "../storage/storage.js";

/** The studies of a folder. */
export async function openStorage(directory: string): Promise<StudyStorage> {
  const { JsonFileStorage } = await import("../storage/json-file/index.js");
  return new JsonFileStorage({ directory });
}
