/** A stream of bytes as lines, within bounds whatever a program writes. */

/** Bytes of the longest line that is read; what is longer is left out, up to its end. */
export const MOST_OF_LINE = 64 * 1024;

/** `{`, with which a JSON object begins. */
const BRACE = 123;
const NEWLINE = 10;
const RETURN = 13;

/**
 * Takes bytes as they come and hands on whole lines, as a terminal would show them in the end: what stands before a carriage
 * return is overwritten, unless that belongs to the line's end. Bytes that are no UTF-8 come out as U+FFFD.
 */
export class Lines {
  readonly #onLine: (line: string) => void;
  readonly #objectsOnly: boolean;
  #parts: Buffer[] = [];
  #size = 0;
  /** Whether the line has grown too long: the rest of it is passed over. */
  #isTooLong = false;

  /**
   * @param onLine called for each line that is not empty, without its end
   * @param objectsOnly pass over lines that are no JSON objects, before they are made texts
   */
  constructor(onLine: (line: string) => void, objectsOnly = false) {
    this.#onLine = onLine;
    this.#objectsOnly = objectsOnly;
  }

  write(bytes: Buffer): void {
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      this.#take(bytes.subarray(start, end));
      this.end();
      start = end + 1;
    }
    this.#take(bytes.subarray(start));
  }

  /** A last line needs no newline. */
  end(): void {
    const line = this.#isTooLong ? null : shown(this.#parts);
    this.#clear();
    if (line === null || line.length === 0 || (this.#objectsOnly && firstOf(line) !== BRACE)) return;
    this.#onLine(line.toString("utf8"));
  }

  #take(bytes: Buffer): void {
    if (bytes.length === 0) return;
    let left = bytes;
    if (this.#isTooLong) {
      const at = bytes.lastIndexOf(RETURN, -2);
      if (at < 0) return;
      this.#clear();
      left = bytes.subarray(at + 1);
    }
    this.#parts.push(left);
    this.#size += left.length;
    if (this.#size > MOST_OF_LINE) this.#shorten();
  }

  /** Progress bars write one line again and again: only its last state is kept. */
  #shorten(): void {
    const line = shown(this.#parts);
    this.#clear();
    if (line.length > MOST_OF_LINE) this.#isTooLong = true;
    else if (line.length > 0) {
      // A copy: the part of a chunk would keep all of it.
      this.#parts = [Buffer.from(line)];
      this.#size = line.length;
    }
  }

  #clear(): void {
    this.#parts = [];
    this.#size = 0;
    this.#isTooLong = false;
  }
}

/** The first byte that is no blank. */
function firstOf(line: Buffer): number | undefined {
  let at = 0;
  while (line[at] === 32 || line[at] === 9) at++;
  return line[at];
}

/** What of a line is to be seen in the end. */
function shown(parts: readonly Buffer[]): Buffer {
  const all = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  const line = all.at(-1) === RETURN ? all.subarray(0, -1) : all;
  return line.subarray(line.lastIndexOf(RETURN) + 1);
}
