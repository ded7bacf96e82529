/** The check that a file's bytes are UTF-8, chunk by chunk. */
import { isUtf8 } from "node:buffer";
import { UsageError } from "../../core/index.js";

/** Bytes at the end of a chunk that begin a character whose rest is in the next one. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    return lengthOf(byte) > back ? back : 0;
  }
  return 0;
}

/** Refuses bytes that are no UTF-8, with their line: read as UTF-8, names that differ would become one. */
export class Utf8Check {
  readonly #file: string;
  #carried: Buffer = Buffer.alloc(0);
  #line = 1;

  constructor(file: string) {
    this.#file = file;
  }

  /** @throws UsageError `csv-encoding` */
  add(chunk: Buffer): void {
    const bytes = this.#carried.length > 0 ? Buffer.concat([this.#carried, chunk]) : chunk;
    const whole = bytes.subarray(0, bytes.length - unfinished(bytes));
    this.#check(whole);
    this.#carried = Buffer.from(bytes.subarray(whole.length));
    for (let at = whole.indexOf(10); at >= 0; at = whole.indexOf(10, at + 1)) this.#line++;
  }

  /** Nothing more comes. @throws UsageError `csv-encoding` */
  end(): void {
    this.#check(this.#carried);
  }

  #check(bytes: Buffer): void {
    if (isUtf8(bytes)) return;
    let line = this.#line;
    let start = 0;
    for (let at = bytes.indexOf(10); at >= 0 && isUtf8(bytes.subarray(start, at)); at = bytes.indexOf(10, start)) {
      start = at + 1;
      line++;
    }
    const byte = firstInvalid(bytes.subarray(start));
    throw new UsageError(
      "csv-encoding",
      `${this.#file}: not a text file in UTF-8: line ${line} has the byte 0x${byte.toString(16)}; ` +
        "save it as UTF-8 (it may be Windows-1252)",
    );
  }
}

/** The length of a character that begins with a byte; 0 where none does. */
function lengthOf(byte: number): number {
  if (byte < 0x80) return 1;
  if (byte >= 0xf0) return 4;
  return byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0;
}

/** The first byte that begins no whole character. */
function firstInvalid(bytes: Buffer): number {
  for (let at = 0; at < bytes.length;) {
    const length = lengthOf(bytes[at] as number);
    if (length === 0 || !isUtf8(bytes.subarray(at, at + length))) return bytes[at] as number;
    at += length;
  }
  return 0;
}
