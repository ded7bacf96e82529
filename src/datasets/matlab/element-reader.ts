/** The reading of data elements one after another, within a budget of memory. */
import { MatFormatError } from "./mat-format-error.js";
import type { MatErrorCode, MatPlace } from "./mat-format-error.js";

/** Storage types of data elements (MAT-File Format, table 1-1). */
export const mi = {
  int8: 1,
  uint8: 2,
  int16: 3,
  uint16: 4,
  int32: 5,
  uint32: 6,
  single: 7,
  double: 9,
  int64: 12,
  uint64: 13,
  matrix: 14,
  compressed: 15,
  utf8: 16,
  utf16: 17,
  utf32: 18,
} as const;

/** Counts what a read costs in memory, so that a small file cannot ask for a large one's. */
export class MemoryBudget {
  readonly limit: number;
  #spent = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get spent(): number {
    return this.#spent;
  }

  get left(): number {
    return this.limit - this.#spent;
  }

  /** Whether `bytes` more fit; spends them if so. */
  spend(bytes: number): boolean {
    if (!(bytes <= this.left)) return false;
    this.#spent += bytes;
    return true;
  }
}

/** The cost of an array beside its numbers, bytes: objects and lists. */
const ARRAY_COST = 256;

/** One data element: its storage type and where its bytes are. */
export interface Element {
  readonly type: number;
  readonly start: number;
  readonly length: number;
}

/** Reads tags and elements one after another from a variable's bytes; never past `end`. */
export class ElementReader {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  /** Whether numbers may be left where they are in `bytes`: they then keep all of it. */
  readonly inPlace: boolean;
  readonly budget: MemoryBudget;
  readonly end: number;
  offset: number;
  readonly #view: DataView;
  readonly #file: string;
  readonly #compressedAt: number | null;

  /** @param compressedAt the file offset of the compressed element that `bytes` came out of; null for the file itself */
  constructor(
    bytes: Uint8Array,
    range: { readonly start: number; readonly end: number },
    source: {
      readonly file: string;
      readonly littleEndian: boolean;
      readonly compressedAt: number | null;
      readonly inPlace?: boolean;
    },
    budget: MemoryBudget,
  ) {
    this.bytes = bytes;
    this.offset = range.start;
    this.end = range.end;
    this.littleEndian = source.littleEndian;
    this.inPlace = source.inPlace ?? false;
    this.budget = budget;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = source.file;
    this.#compressedAt = source.compressedAt;
  }

  get left(): number {
    return this.end - this.offset;
  }

  place(offset = this.offset): MatPlace {
    return this.#compressedAt === null
      ? { file: this.#file, offset, inflatedOffset: null }
      : { file: this.#file, offset: this.#compressedAt, inflatedOffset: offset };
  }

  fail(code: MatErrorCode, what: string, offset = this.offset): MatFormatError {
    return new MatFormatError(code, this.place(offset), what);
  }

  spend(bytes: number): void {
    if (!this.budget.spend(bytes))
      throw this.fail("mat-too-large", `needs more than the limit of ${this.budget.limit} bytes of memory`);
  }

  spendArray(): void {
    this.spend(ARRAY_COST);
  }

  uint32At(offset: number): number {
    return this.#view.getUint32(offset, this.littleEndian);
  }

  int32At(offset: number): number {
    return this.#view.getInt32(offset, this.littleEndian);
  }

  need(bytes: number, what: string): void {
    if (bytes > this.left)
      throw this.fail("mat-truncated", `${what} needs ${bytes} bytes where ${Math.max(0, this.left)} are left`);
  }

  /** A full eight-byte tag. */
  tag(what: string): { type: number; length: number } {
    this.need(8, `the tag of ${what}`);
    const type = this.uint32At(this.offset);
    const length = this.uint32At(this.offset + 4);
    this.offset += 8;
    return { type, length };
  }

  /** A data element, in full or small format, with its padding to eight bytes passed over. */
  element(what: string): Element {
    this.need(8, `the tag of ${what}`);
    const first = this.uint32At(this.offset);
    const smallLength = first >>> 16;
    if (smallLength !== 0) {
      if (smallLength > 4)
        throw this.fail("mat-malformed", `${what} is a small element of ${smallLength} bytes, at most 4 fit`);
      const start = this.offset + 4;
      this.offset += 8;
      return { type: first & 0xffff, start, length: smallLength };
    }
    const length = this.uint32At(this.offset + 4);
    this.offset += 8;
    this.need(length, what);
    const start = this.offset;
    // The last element's padding may be missing.
    this.offset = Math.min(this.end, start + Math.ceil(length / 8) * 8);
    return { type: first, start, length };
  }

  /** Names: bytes of ASCII (some writers mark them as UTF-8). */
  name(what: string): string {
    const at = this.offset;
    const { type, start, length } = this.element(what);
    if (type !== mi.int8 && type !== mi.utf8)
      throw this.fail("mat-malformed", `${what} has storage type ${type} instead of int8`, at);
    this.spend(length);
    let text = "";
    for (let i = start; i < start + length; i++) {
      const byte = this.bytes[i] as number;
      if (type === mi.utf8 && byte > 127) throw this.fail("mat-malformed", `${what} is not ASCII`, at);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** Non-negative int32 values (some writers mark them as uint32). */
  counts(what: string, atMost: number): number[] {
    const at = this.offset;
    const { type, start, length } = this.element(what);
    if (type !== mi.int32 && type !== mi.uint32)
      throw this.fail("mat-malformed", `${what} has storage type ${type} instead of int32`, at);
    if (length > atMost * 4 || length % 4 !== 0)
      throw this.fail("mat-malformed", `${what} has ${length} bytes, expected at most ${atMost} int32 values`, at);
    return Array.from({ length: length / 4 }, (_, i) => {
      const value = this.int32At(start + 4 * i);
      if (value < 0) throw this.fail("mat-malformed", `${what} has the negative value ${value}`, at);
      return value;
    });
  }
}
