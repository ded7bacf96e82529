/** The file that a program may write its reports to, followed as it grows. */
import { closeSync, openSync, readSync, statSync } from "node:fs";

/** Bytes that are read at once. */
const CHUNK = 64 * 1024;

/** Reads on where it stopped; a file that has become shorter is read anew. */
export class ReportFile {
  readonly #path: string;
  #offset = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** How much of it there is that has not been read, bytes. */
  get left(): number {
    const found = statSync(this.#path, { throwIfNoEntry: false });
    return found?.isFile() ? Math.max(0, found.size - this.#offset) : 0;
  }

  /** What has come since, at most so much at once; null: nothing. */
  read(): Buffer | null {
    try {
      const found = statSync(this.#path, { throwIfNoEntry: false });
      if (!found?.isFile() || found.size === this.#offset) return null;
      if (found.size < this.#offset) this.#offset = 0;
      const file = openSync(this.#path, "r");
      try {
        const bytes = Buffer.allocUnsafe(Math.min(CHUNK, found.size - this.#offset));
        const count = readSync(file, bytes, 0, bytes.length, this.#offset);
        this.#offset += count;
        return count === 0 ? null : bytes.subarray(0, count);
      } finally {
        closeSync(file);
      }
    } catch {
      // The program has made something else of it: it reports nothing there.
      return null;
    }
  }
}
