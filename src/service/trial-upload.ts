/** Takes a file of a trial that is out: as it comes, under the trial's lease, whole or not at all. */
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { UsageError } from "../core/index.js";
import { EPOCHS_FILE } from "../executors/trial-files.js";
import type { StudyHost } from "../host/host.js";
import { ServiceError } from "./problem.js";
import type { StoredFile } from "./schemas/outside.js";

/** The largest file. */
export const FILE_BYTES = 256 * 2 ** 20;

/** How often a file that takes its time is a sign of life. */
const BEAT_MS = 1000;

/** Nobody sends so slowly who means to send it all. */
const SILENCE_MS = 30_000;

/** A file on its way. */
export interface Upload {
  readonly study: string;
  readonly number: number;
  readonly name: string;
  /** The token of the trial's lease. */
  readonly lease: string;
  /** What the request says that it is long; 0 where it does not. */
  readonly length: number;
  readonly content: Readable;
}

function tooLarge(name: string, most: number): ServiceError {
  const words = `${name} is larger than ${most / 2 ** 20} MiB, the most that a file may have`;
  return new ServiceError("body-too-large", 413, words, {
    // What is still on its way is not read.
    headers: { connection: "close" },
  });
}

/**
 * @param most bytes
 * @throws UsageError `unknown-study`, `unknown-trial`, `invalid-artifact-name` | MlbenchError `lease-lost`,
 * `trial-finished`, `not-available`, `storage-full` | ServiceError `body-too-large`, `body-too-slow`.
 */
export async function keepFile(host: StudyHost, upload: Upload, most = FILE_BYTES): Promise<StoredFile> {
  const { study, number, name, length } = upload;
  // Some file systems tell no capitals from small letters.
  if (name.toLowerCase() === EPOCHS_FILE)
    throw new UsageError(
      "invalid-artifact-name",
      `${EPOCHS_FILE} is what the study keeps reports in: give another name`,
    );
  if (length > most) throw tooLarge(name, most);
  await beat(host, upload);
  const files = host.storage.artifacts(study);
  if (!files) throw new UsageError("not-available", `study "${study}" keeps no files: it is in memory`);
  const hash = createHash("sha256");
  let size = 0;
  async function* checked(): AsyncGenerator<Buffer> {
    let beaten = performance.now();
    for await (const bytes of inTime(upload.content)) {
      size += bytes.length;
      if (size > most) throw tooLarge(name, most);
      hash.update(bytes);
      yield bytes;
      if (performance.now() - beaten < BEAT_MS) continue;
      await beat(host, upload);
      beaten = performance.now();
    }
    // Whoever lost the trial on the way leaves nothing in it.
    await beat(host, upload);
  }
  await files.write(number, name, checked());
  return { name, size, sha256: hash.digest("hex") };
}

async function beat(host: StudyHost, { study, number, lease }: Upload): Promise<void> {
  const answer = await host.command(study, { type: "heartbeat", number, lease });
  if (answer === "continue") return;
  throw new UsageError("trial-finished", `trial ${number} has ended: files are put before its end`);
}

/** The content, as long as it goes on coming. */
async function* inTime(content: Readable): AsyncGenerator<Buffer> {
  // Not destroyed where it is left early: whoever sends is still to read the answer.
  const source = content.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  let timer: NodeJS.Timeout | undefined;
  try {
    for (;;) {
      const silence = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => {
          const why = `nothing of the file came for ${SILENCE_MS / 1000} s`;
          reject(new ServiceError("body-too-slow", 408, why, { headers: { connection: "close" } }));
        }, SILENCE_MS);
      });
      const next = await Promise.race([source.next(), silence]);
      clearTimeout(timer);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    clearTimeout(timer);
    void source.return?.();
  }
}
