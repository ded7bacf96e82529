/** The one service of a storage: its claim on it, and the record by which others find it. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { MlbenchError } from "../core/index.js";
import { Locks } from "../storage/json-file/lock.js";
import type { LockOwner } from "../storage/storage.js";
import { makePrivateFolder, serviceFolder, writePrivately } from "./security/private-files.js";

/** A running service, as its record says. */
export interface RunningService {
  readonly url: string;
  readonly owner: LockOwner;
}

/** A storage that no other service has. */
export interface Claim {
  /** Says where the service is reached. */
  publish(url: string): Promise<void>;
  /** Gives the storage back. */
  release(): Promise<void>;
}

const lockOf = (folder: string): string => join(folder, "service.lock");
const recordOf = (folder: string): string => join(folder, "running.json");

/**
 * Takes a storage for a service: at once over from one that died.
 * @throws MlbenchError `service-running` | UsageError `cannot-write`
 */
export async function claimStorage(storageDir: string): Promise<Claim> {
  const folder = await makePrivateFolder(storageDir);
  const attempt = await new Locks().acquire(lockOf(folder), { work: "serve" });
  if ("owner" in attempt) {
    const { pid, host } = attempt.owner;
    const url = await recordedUrl(folder);
    throw new MlbenchError(
      "service-running",
      `${storageDir} is served already by process ${pid} on ${host}${url === null ? "" : `, at ${url}`}: ` +
        "stop it, or serve another folder",
    );
  }
  const record = recordOf(folder);
  // Whoever died may have left it.
  await rm(record, { force: true });
  return {
    publish: (url) => writePrivately(record, `${JSON.stringify({ url, pid: process.pid }, null, 2)}\n`),
    release: async () => {
      if (await attempt.lock.isOurs()) await rm(record, { force: true });
      attempt.lock.release();
    },
  };
}

/** The service of a storage; null where none runs. */
export async function runningService(storageDir: string): Promise<RunningService | null> {
  const folder = serviceFolder(storageDir);
  const owner = new Locks().owner(lockOf(folder));
  if (!owner) return null;
  const url = await recordedUrl(folder);
  return url === null ? null : { url, owner };
}

async function recordedUrl(folder: string): Promise<string | null> {
  try {
    const { url } = JSON.parse(await readFile(recordOf(folder), "utf8")) as { url?: unknown };
    return typeof url === "string" ? url : null;
  } catch {
    return null;
  }
}
