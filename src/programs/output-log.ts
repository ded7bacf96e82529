/** A program's output in its trial's log, within bounds: its beginning, and its end. */

/** Bytes of the beginning that are kept of an attempt. */
const MOST_OF_HEAD = 8 * 1024 * 1024;
/** Bytes of the end that are kept where there is more. */
const MOST_OF_TAIL = 256 * 1024;

/** Where a log's bytes go. */
export type WriteLog = (bytes: string | Uint8Array) => void;

/** Writes what comes as it comes, until it is too much; then the end of it when that is known. */
export class OutputLog {
  readonly #write: WriteLog;
  readonly #mostOfHead: number;
  readonly #mostOfTail: number;
  #written = 0;
  #tail: Buffer[] = [];
  #tailSize = 0;
  #leftOut = 0;
  #endsLine = true;

  constructor(write: WriteLog, limits: { readonly head?: number; readonly tail?: number } = {}) {
    this.#write = write;
    this.#mostOfHead = limits.head ?? MOST_OF_HEAD;
    this.#mostOfTail = limits.tail ?? MOST_OF_TAIL;
  }

  /** What the program printed. */
  write(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#endsLine = bytes.at(-1) === 10;
    const room = this.#mostOfHead - this.#written;
    const head = bytes.subarray(0, Math.max(0, room));
    if (head.length > 0) this.#write(head);
    this.#written += head.length;
    if (head.length < bytes.length) this.#keep(bytes.subarray(head.length));
  }

  /** What we have to say, in a line of its own. */
  note(text: string): void {
    this.write(Buffer.from(`${this.#endsLine ? "" : "\n"}mlbench-hpo: ${text}\n`));
  }

  /** Writes the end of what was too much. */
  end(): void {
    if (this.#tail.length === 0) return;
    const more = this.#leftOut > 0 ? `${this.#leftOut} bytes are left out here` : "";
    if (more !== "") this.#write(`\nmlbench-hpo: ${more}\n`);
    for (const bytes of this.#tail) this.#write(bytes);
    this.#tail = [];
    this.#tailSize = 0;
    this.#leftOut = 0;
  }

  #keep(bytes: Buffer): void {
    const last = bytes.subarray(-this.#mostOfTail);
    this.#leftOut += bytes.length - last.length;
    // A copy: the part of a chunk would keep all of it.
    this.#tail.push(Buffer.from(last));
    this.#tailSize += last.length;
    while (this.#tailSize > this.#mostOfTail) {
      const first = this.#tail[0] as Buffer;
      const cut = Math.min(first.length, this.#tailSize - this.#mostOfTail);
      if (cut === first.length) this.#tail.shift();
      else this.#tail[0] = first.subarray(cut);
      this.#tailSize -= cut;
      this.#leftOut += cut;
    }
  }
}
