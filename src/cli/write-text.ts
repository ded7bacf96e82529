/** Text written to a stream or a file at the pace of whoever reads it. */
import { createWriteStream } from "node:fs";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { cannotWrite } from "../io/atomic-write.js";
import { makeFolder } from "../io/make-folder.js";

/** Writes and waits where the reader is slower than we are; a reader that went away is no error. */
export async function writeText(stream: NodeJS.WritableStream, text: string): Promise<void> {
  if (!stream.writable || stream.write(text)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    const events = ["drain", "close", "error"] as const;
    for (const event of events) stream.on(event, done);
  });
}

/**
 * Writes what `--output` names; folders on the way are made.
 * @throws UsageError `cannot-write` for a path that cannot hold a file, MlbenchError for a full disk and the like
 */
export async function writeOutputFile(path: string, lines: Iterable<string>): Promise<void> {
  try {
    await makeFolder(dirname(path));
    await pipeline(Readable.from(lines), createWriteStream(path));
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** An error of the file system for a file that the user named; any other as it is. */
export function unwritable(path: string, error: unknown): unknown {
  return error instanceof Error && "syscall" in error ? cannotWrite(path, error) : error;
}
