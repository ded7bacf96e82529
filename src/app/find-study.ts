/** The study that is meant: the one named, or the only one there is that is not archived. */
import { didYouMean, UsageError } from "../core/index.js";
import type { StudyStorage } from "../storage/storage.js";
import type { LocatedStudy } from "./address.js";
import type { OnWait, StorageLocation } from "./storage.js";
import { openStorage } from "./storage.js";

/**
 * Looks for a study in a storage.
 * @param name null: the only one there is, archived ones apart
 * @param directory where a relative folder starts
 * @throws UsageError `unknown-study`, `no-study`, `several-studies` (listing them), `invalid-storage`.
 */
export async function findStudy(
  location: StorageLocation,
  name: string | null,
  onWait?: OnWait,
  directory?: string,
): Promise<LocatedStudy> {
  const storage = await openStorage(location, directory, onWait);
  const place = placeInWords(location);
  if (name !== null) {
    if (await storage.exists(name)) return { storage, name };
    throw await unknownStudy(storage, place, name);
  }
  const names = await storage.list();
  const [only, ...others] = names.length > 1 ? await activeOf(storage, names) : names;
  if (only === undefined)
    throw new UsageError("no-study", `no studies in ${place}: create one with \`mlbench-hpo create-study\``);
  if (others.length > 0)
    throw new UsageError("several-studies", `several studies in ${place}: name one of ${[only, ...others].join(", ")}`);
  return { storage, name: only };
}

/** Those that are not archived; one that cannot be read may be the one that is meant. All of them, where none is left. */
async function activeOf(storage: StudyStorage, names: readonly string[]): Promise<readonly string[]> {
  const archived = await Promise.all(
    names.map((name) =>
      storage.summary(name).then(
        ({ archived_at }) => archived_at !== null,
        () => false,
      ),
    ),
  );
  const active = names.filter((_, i) => !archived[i]);
  return active.length > 0 ? active : names;
}

/** `./studies`: a bare word would read as part of the sentence. */
export function placeInWords(location: StorageLocation): string {
  if (typeof location !== "string") return "this storage";
  // What stands behind the # of a service's URL may be a token.
  if (/^https?:/i.test(location)) return location.split("#")[0] as string;
  return /^\w[\w-]*$/.test(location) && location !== "memory" ? `./${location}` : location;
}

async function unknownStudy(storage: StudyStorage, place: string, name: string): Promise<UsageError> {
  const names = await storage.list();
  const known = names.length > 0 ? `known: ${names.join(", ")}` : "there are none";
  return new UsageError("unknown-study", `no study "${name}" in ${place}:${didYouMean(name, names)} ${known}`);
}
