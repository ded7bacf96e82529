/** Text written to a stream or a file at the pace of whoever reads it. */
import { createWriteStream } from "node:fs";
import { lstat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { cannotWrite, writeFileAtomically } from "../io/atomic-write.js";

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

/** Characters that are written at once: a line each would cost more than the lines. */
const PIECE = 1 << 16;

/** Texts put together to pieces of a size that is worth a write. */
export function* inPieces(lines: Iterable<string>): Generator<string> {
  let piece = "";
  for (const line of lines) {
    piece += line;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}

/**
 * Writes texts at the pace of the reader, each made when the ones before have been taken. Where the reader goes away
 * (`| head`) no more are made: the process's own streams stay writable then, and only their error tells.
 */
export async function writeLines(stream: NodeJS.WritableStream, lines: Iterable<string>): Promise<void> {
  let gone = false;
  const onError = (): void => {
    gone = true;
  };
  stream.on("error", onError);
  try {
    for (const piece of inPieces(lines)) {
      await writeText(stream, piece);
      if (gone || !stream.writable) return;
    }
  } finally {
    stream.off("error", onError);
  }
}

/** Writes to the file that `--output` names, or to the stream where it names none (`-`, which reads as ""). */
export async function writeOutput(
  stream: NodeJS.WritableStream,
  path: string | undefined,
  lines: Iterable<string>,
): Promise<void> {
  await (path ? writeOutputFile(path, lines) : writeLines(stream, lines));
}

/**
 * Writes what `--output` names; folders on the way are made. A file is replaced whole or not at all; what is none (a
 * device, a pipe, a link to one) is written to.
 * @throws UsageError `cannot-write` for a path that cannot hold a file, MlbenchError for a full disk and the like
 */
async function writeOutputFile(path: string, lines: Iterable<string>): Promise<void> {
  const there = await lstat(path).catch(() => null);
  if (!there || there.isFile()) return writeFileAtomically(path, inBytes(lines));
  try {
    await pipeline(Readable.from(inPieces(lines), { highWaterMark: 1 }), createWriteStream(path));
  } catch (error) {
    throw unwritable(path, error);
  }
}

function* inBytes(lines: Iterable<string>): Generator<Uint8Array> {
  for (const piece of inPieces(lines)) yield Buffer.from(piece);
}

/** An error of the file system for a file that the user named; any other as it is. */
function unwritable(path: string, error: unknown): unknown {
  return error instanceof Error && "syscall" in error ? cannotWrite(path, error) : error;
}
