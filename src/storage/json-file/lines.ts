/** The lines of a file, read piece by piece. */
import type { FileSystem } from "./file-system.js";

export interface Line {
  /** Without its newline; only valid until the next line. */
  readonly bytes: Buffer;
  /** Byte offset in the file. */
  readonly offset: number;
  /** From 1. */
  readonly number: number;
  /** False for a last line that the file ends within. */
  readonly ended: boolean;
}

/** So much is read, and its lines handled, between two turns of the event loop. */
const CHUNK = 1 << 18;
const NEWLINE = 10;

/**
 * The lines of a file, read piece by piece: a study of a gigabyte is never one string. `onChunk` sees every byte once,
 * in order. The cost is that of the bytes, however long a line is.
 */
export async function* readLines(
  system: FileSystem,
  fd: number,
  onChunk: (chunk: Buffer, offset: number) => void = () => {},
): AsyncGenerator<Line[]> {
  const size = await system.size(fd);
  let carried: Buffer[] = [];
  let offset = 0;
  let position = 0;
  let number = 1;
  for (;;) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(size - position, 4096)));
    const count = await system.read(fd, chunk, position);
    if (count === 0) break;
    const fresh = chunk.subarray(0, count);
    onChunk(fresh, position);
    position += count;
    const lines: Line[] = [];
    let start = 0;
    for (let end = fresh.indexOf(NEWLINE); end !== -1; end = fresh.indexOf(NEWLINE, start)) {
      const rest = fresh.subarray(start, end);
      const bytes = carried.length === 0 ? rest : Buffer.concat([...carried, rest]);
      lines.push({ bytes, offset, number: number++, ended: true });
      carried = [];
      offset += bytes.length + 1;
      start = end + 1;
    }
    if (start < count) carried.push(fresh.subarray(start));
    if (lines.length > 0) yield lines;
  }
  if (carried.length > 0) yield [{ bytes: Buffer.concat(carried), offset, number, ended: false }];
}
