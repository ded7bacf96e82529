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

const CHUNK = 1 << 20;
const NEWLINE = 10;

/**
 * The lines of a file, read by the megabyte: a study of a gigabyte is never one string. `onChunk` sees every byte once,
 * in order.
 */
export async function* readLines(
  system: FileSystem,
  fd: number,
  onChunk: (chunk: Buffer, offset: number) => void = () => {},
): AsyncGenerator<Line[]> {
  const size = await system.size(fd);
  let carried: Buffer = Buffer.alloc(0);
  let position = 0;
  let number = 1;
  for (;;) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(size - position, 4096)));
    const count = await system.read(fd, chunk, position);
    if (count === 0) break;
    const fresh = chunk.subarray(0, count);
    onChunk(fresh, position);
    const bytes = carried.length === 0 ? fresh : Buffer.concat([carried, fresh]);
    const base = position - carried.length;
    position += count;
    const lines: Line[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE, start); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      lines.push({ bytes: bytes.subarray(start, end), offset: base + start, number: number++, ended: true });
      start = end + 1;
    }
    carried = bytes.subarray(start);
    if (lines.length > 0) yield lines;
  }
  if (carried.length > 0) yield [{ bytes: carried, offset: position - carried.length, number, ended: false }];
}
