/** Reading a journal: good lines told from damaged, missing and repeated ones. */
import type { StorageFinding } from "../storage.js";
import type { FileSystem } from "./file-system.js";
import { correctedRecord, isSealed, parseSealed, recordsWithin, sequenceOf } from "./journal-line.js";
import type { JournalRecord } from "./journal-line.js";
import { readLines } from "./lines.js";
import type { Line } from "./lines.js";

export interface JournalScan {
  /** Records with a sequence number above the revision, until the first irregularity, are given to `onRecord`. */
  readonly lastSeq: number;
  /** The good records after the first irregularity, in the order of their numbers, each once. */
  readonly salvaged: readonly JournalRecord[];
  readonly findings: readonly StorageFinding[];
  /** Where the next line belongs: the end of the last good line of the regular part. */
  readonly end: number;
  /** Whether the last good line lacks its newline. */
  readonly needsNewline: boolean;
  readonly size: number;
  readonly lines: number;
  /** Lines that nothing could be read from. */
  readonly unread: number;
}

/** Where a record stands. */
export interface LinePlace {
  /** From 1. */
  readonly line: number;
  /** Of its first byte in the file. */
  readonly offset: number;
}

const RETURN = 13;

type Make = Omit<StorageFinding, "file">;

/** Reads a journal once, from its first line to its last, telling good lines from everything else. */
class Scanner {
  readonly #file: string;
  readonly #revision: number;
  readonly #onRecord: (record: JournalRecord, place: LinePlace) => void;
  readonly findings: StorageFinding[] = [];
  readonly #salvaged = new Map<number, JournalRecord>();
  /** The last number of the regular part; NaN before the first line. */
  #last = Number.NaN;
  #regular = true;
  end = 0;
  needsNewline = false;
  lines = 0;
  unread = 0;
  /** Whether lines were found to end as they do on Windows. */
  #returns = false;

  constructor(file: string, revision: number, onRecord: (record: JournalRecord, place: LinePlace) => void) {
    this.#file = file;
    this.#revision = revision;
    this.#onRecord = onRecord;
  }

  get lastSeq(): number {
    let last = Number.isNaN(this.#last) ? this.#revision : Math.max(this.#revision, this.#last);
    for (const seq of this.#salvaged.keys()) last = Math.max(last, seq);
    return last;
  }

  get salvaged(): JournalRecord[] {
    return [...this.#salvaged.values()].sort((a, b) => a.seq - b.seq);
  }

  line(line: Line, isLast: boolean): void {
    this.lines = line.number;
    if (!isSealed(line.bytes)) return this.#broken(line, isLast);
    const seq = sequenceOf(line.bytes);
    const expected = Number.isNaN(this.#last) ? this.#revision + 1 : this.#last + 1;
    // Lines that a fold has taken in already: left behind when it was cut short. They too must follow each other.
    const fits = Number.isNaN(this.#last) ? seq <= expected : seq === expected;
    if (!this.#regular) return this.#keep(line);
    if (!fits) {
      this.#irregular(line, isLast, seq, expected);
      return;
    }
    if (seq > this.#revision && !this.#give(line)) return;
    this.#last = seq;
    this.end = line.offset + line.bytes.length + (line.ended ? 1 : 0);
    this.needsNewline = !line.ended;
  }

  #give(line: Line): boolean {
    const record = parseSealed(line.bytes);
    if (record) this.#onRecord(record, { line: line.number, offset: line.offset });
    else this.#report(line, { code: "checksum", message: "its checksum fits but it cannot be parsed" });
    return record !== null;
  }

  #irregular(line: Line, isLast: boolean, seq: number, expected: number): void {
    const code = "sequence";
    if (seq < expected) {
      const message = `line ${seq} stands here a second time or out of order (${expected} was due)`;
      this.#report(line, { code, message, blocksWriting: !isLast });
    } else {
      const missing = seq - expected === 1 ? `line ${expected} is` : `lines ${expected} to ${seq - 1} are`;
      this.#report(line, { code, message: `${missing} missing before ${seq}` });
    }
    this.#keep(line);
  }

  #broken(line: Line, isLast: boolean): void {
    if (this.#hasReturn(line)) return;
    const within = recordsWithin(line.bytes);
    if (isLast && !line.ended && within.length === 0) {
      const message = `the last line is incomplete (${line.bytes.length} bytes) and is left out`;
      this.#report(line, { code: "torn-tail", severity: "dropped", message, blocksWriting: false });
      return;
    }
    const found = within.length > 0 ? within : [correctedRecord(line.bytes)].filter((r) => r !== null);
    const saved = found.length > 0 ? `; ${found.map(({ seq }) => seq).join(", ")} can be read from it` : "";
    this.#report(line, {
      code: "checksum",
      message: `its checksum does not fit: something in it changed${saved}`,
      // Two records in one line: the newline between them changed, so the damage is before the last one.
      blocksWriting: !isLast || found.length > 1,
    });
    for (const record of found) this.#save(record);
    if (found.length === 0) this.unread++;
  }

  /** A carriage return before each newline is one fault, not one a line: something has changed the line ends. */
  #hasReturn({ bytes, ...line }: Line): boolean {
    const before = bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : null;
    const record = before && isSealed(before) ? parseSealed(before) : null;
    if (!record) return false;
    const message = "from here on lines end in carriage return and newline: something changed the line ends";
    if (!this.#returns) this.#report({ bytes, ...line }, { code: "line-ends", message });
    this.#returns = true;
    this.#save(record);
    return true;
  }

  #keep(line: Line): void {
    const record = parseSealed(line.bytes);
    if (record) this.#save(record);
  }

  #save(record: JournalRecord): void {
    const { seq } = record;
    if (seq > this.#revision && !(seq <= this.#last) && !this.#salvaged.has(seq)) this.#salvaged.set(seq, record);
  }

  finish(): void {
    if (!this.needsNewline) return;
    const message = "the last line lacks its newline; it is whole and is kept";
    const place = { file: this.#file, line: this.lines, offset: this.end };
    this.findings.push({ severity: "note", code: "no-newline", ...place, message, blocksWriting: false });
  }

  #report(line: Line, what: Pick<Make, "code" | "message"> & Partial<Make>): void {
    this.#regular = false;
    this.findings.push({
      severity: "damage",
      line: line.number,
      offset: line.offset,
      blocksWriting: true,
      file: this.#file,
      ...what,
    });
  }
}

/** @param onRecord is given each record to apply, in order. */
export async function scanJournal(
  system: FileSystem,
  fd: number,
  file: string,
  revision: number,
  onRecord: (record: JournalRecord, place: LinePlace) => void,
): Promise<JournalScan> {
  const scanner = new Scanner(file, revision, onRecord);
  let size = 0;
  let held: Line | undefined;
  for await (const lines of readLines(system, fd, (chunk) => (size += chunk.length)))
    for (const line of lines) {
      // One line behind, because what may be put right depends on whether it is the last.
      if (held) scanner.line(held, false);
      held = line;
    }
  if (held) scanner.line(held, true);
  scanner.finish();
  const { lastSeq, salvaged, findings, end, needsNewline, lines, unread } = scanner;
  return { lastSeq, salvaged, findings, end, needsNewline, size, lines, unread };
}
