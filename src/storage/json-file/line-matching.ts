/** A damaged snapshot's lines found again by their checksums, wherever they stand, and mended where one byte changed. */
import { crc32 } from "node:zlib";

import { SCHEMA_VERSION } from "../migrations/index.js";
import { checksumOf, hexOf } from "./journal-line.js";
import { withOneByteCorrected } from "./one-byte.js";
import { NO_CHECKSUM, TRAILER_START } from "./snapshot-layout.js";
import { FORMAT } from "./study-document.js";

/** A line of the body, and what its checksum says. */
export interface MatchedLine {
  readonly bytes: Buffer;
  /** Whether it is as it was written. */
  readonly sure: boolean;
  /** Whether a checksum says that it is not; neither: there is none for it. */
  readonly wrong: boolean;
}

export interface Matching {
  readonly lines: readonly MatchedLine[];
  readonly actions: readonly string[];
  /** Checksums that no line is left for. */
  readonly missing: number;
}

const NEWLINE = Buffer.from("\n");
/** With so many lost lines near it a damaged one is compared: more would be met by chance. */
const MOST_TRIED = 4;
/** As which revision a lost one is looked for. */
const MOST_REVISIONS = 1_000_000;

/** The checksums that a trailer still has, damaged ones among them; `complete` when its end is there. */
function sumsIn(trailer: string): { readonly sums: string[]; readonly complete: boolean } {
  const end = trailer.indexOf('"', TRAILER_START.length);
  const digits = trailer.slice(TRAILER_START.length, end === -1 ? undefined : end).trimEnd();
  const sums: string[] = [...(digits.match(/.{8}/g) ?? [])];
  // A digit that is gone, or one too many, moves all behind it: those are found again from the end.
  if (end !== -1 && digits.length % 8 !== 0)
    for (let at = digits.length - 8; at >= 0; at -= 8) sums.push(digits.slice(at, at + 8));
  return { sums, complete: end !== -1 && digits.length % 8 === 0 };
}

/** Whether two checksums are the same but for one digit, which may itself have been damaged. */
function isNearly(a: string, b: string): boolean {
  let differing = 0;
  for (let i = 0; i < 8 && differing < 2; i++) if (a[i] !== b[i]) differing++;
  return differing < 2;
}

/** A line with its place: its checksum's, or behind the line before. */
interface Placed extends MatchedLine {
  place: number;
}

/**
 * Matches lines with checksums.
 * @param trailer the line of checksums as it is; empty where there is none.
 * @param name what the study is called by its file.
 */
export function matchLines(body: readonly Buffer[], trailer: string, name: string): Matching {
  const { sums, complete } = sumsIn(trailer);
  return new Matcher(body, sums, complete, name).match();
}

class Matcher {
  readonly #body: readonly Buffer[];
  readonly #sums: readonly string[];
  readonly #complete: boolean;
  readonly #name: string;
  /** Places of the checksums that no line was found for, by place. */
  readonly #orphans = new Map<number, string>();
  readonly #actions: string[] = [];

  constructor(body: readonly Buffer[], sums: readonly string[], complete: boolean, name: string) {
    this.#body = body;
    this.#sums = sums;
    this.#complete = complete;
    this.#name = name;
    for (const [place, sum] of sums.entries()) this.#orphans.set(place, sum);
  }

  match(): Matching {
    const placed = this.#byChecksum();
    const mended = this.#corrected(placed);
    this.#guess(mended);
    mended.sort((a, b) => a.place - b.place);
    const missing = this.#complete ? this.#orphans.size : 0;
    const wrong = mended.filter((line) => line.wrong).length;
    if (wrong > 0 || missing > 0) {
      const rest = missing > wrong ? ` and ${missing - wrong} missing` : "";
      this.#actions.push(`${wrong} line${wrong === 1 ? "" : "s"} that could not be repaired${rest}`);
    }
    return { lines: mended, actions: this.#actions, missing: Math.max(0, missing - wrong) };
  }

  /** Lines whose checksum is there are as they were written, wherever they stand now. */
  #byChecksum(): Placed[] {
    const own = this.#body.map(checksumOf);
    const places = new Map<string, number[]>();
    for (const [place, sum] of this.#sums.entries()) places.set(sum, [...(places.get(sum) ?? []), place]);
    const used = new Set<string>();
    const lines: Placed[] = [];
    let last = -1;
    let moved = false;
    for (const [i, bytes] of this.#body.entries()) {
      const sum = own[i] as string;
      const place = places.get(sum)?.shift();
      if (place === undefined && used.has(sum)) {
        this.#actions.push(`line ${i + 1}: dropped, a duplicate`);
        continue;
      }
      if (place !== undefined) {
        used.add(sum);
        this.#orphans.delete(place);
        moved ||= place < last;
        last = place;
      }
      const due = this.#body.length === this.#sums.length ? i : last + 0.5;
      lines.push({ bytes, sure: place !== undefined, wrong: false, place: place ?? due });
    }
    if (moved) this.#actions.push("put the lines in order");
    // A checksum that has lost a digit still tells its line.
    for (const line of lines) if (!line.sure) this.#nearly(line, lines);
    return lines;
  }

  #nearly(line: Placed, lines: Placed[]): void {
    const sum = checksumOf(line.bytes);
    for (const [place, orphan] of this.#orphans)
      if (isNearly(sum, orphan)) {
        lines[lines.indexOf(line)] = { ...line, sure: true, place };
        this.#orphans.delete(place);
        return;
      }
  }

  /** Puts right single changed bytes, in lines and between them. */
  #corrected(lines: readonly Placed[]): Placed[] {
    const mended: Placed[] = [];
    for (let at = 0; at < lines.length; at++) {
      const line = lines[at] as Placed;
      if (line.sure) {
        mended.push(line);
        continue;
      }
      const next = lines[at + 1];
      const found = this.#oneByte(line.bytes, line.place) ?? this.#cut(line.bytes);
      if (found) {
        this.#actions.push(
          `line ${at + 1}: ${found.length === 1 ? "repaired one byte" : "split two lines that a changed byte had joined"}`,
        );
        mended.push(...found);
        continue;
      }
      const joined =
        next && !next.sure ? this.#oneByte(Buffer.concat([line.bytes, NEWLINE, next.bytes]), line.place) : null;
      if (joined) {
        this.#actions.push(`line ${at + 1}: joined a line that a changed byte had split`);
        mended.push(...joined);
        at++;
        continue;
      }
      // Where the checksums are cut off, lines behind have none.
      mended.push({ ...line, wrong: this.#complete || line.place < this.#sums.length - 1 });
    }
    return mended;
  }

  #oneByte(bytes: Buffer, near: number): Placed[] | null {
    const due = this.#orphans.get(near);
    const byDistance = [...this.#orphans].sort(([a], [b]) => Math.abs(a - near) - Math.abs(b - near));
    for (const [place, sum] of due === undefined ? byDistance.slice(0, MOST_TRIED) : [[near, due] as const]) {
      const fixed = /^[0-9a-f]{8}$/.test(sum) ? withOneByteCorrected(bytes, sum) : null;
      if (!fixed) continue;
      this.#orphans.delete(place);
      return [{ bytes: fixed, sure: true, wrong: false, place }];
    }
    return null;
  }

  /** A byte between two lines that was a newline. */
  #cut(bytes: Buffer): Placed[] | null {
    const bySum = new Map([...this.#orphans].map(([place, sum]) => [sum, place]));
    let sum = 0;
    for (let at = 0; at < bytes.length; at++) {
      const first = bySum.get(hexOf(sum));
      if (first !== undefined) {
        const rest = bytes.subarray(at + 1);
        const second = bySum.get(checksumOf(rest));
        if (second !== undefined && second !== first) {
          for (const place of [first, second]) this.#orphans.delete(place);
          return [
            { bytes: bytes.subarray(0, at), sure: true, wrong: false, place: first },
            { bytes: rest, sure: true, wrong: false, place: second },
          ];
        }
      }
      sum = crc32(bytes.subarray(at, at + 1), sum);
    }
    return null;
  }

  /** Lines that are gone, and can be known all the same: their checksums tell. */
  #guess(lines: Placed[]): void {
    if (this.#orphans.size === 0) return;
    const guesses = [
      ...["{", '"trials": [', "],", `"format": "${FORMAT}",`, `"checksum": "${NO_CHECKSUM}",`],
      ...[
        `"name": ${JSON.stringify(this.#name)},`,
        '"annotations": {},',
        '"user_attrs": {},',
        '"task": {},',
        '"space": {},',
      ],
      ...Array.from({ length: SCHEMA_VERSION }, (_, i) => `"schema_version": ${i + 1},`),
    ];
    for (const guess of guesses) this.#guessed(guess, lines);
    const hasRevision = lines.some(({ bytes }) => bytes.toString("latin1", 0, 12).startsWith('"revision":'));
    for (let n = 0; !hasRevision && this.#orphans.size > 0 && n < MOST_REVISIONS; n++)
      if (this.#guessed(`"revision": ${n},`, lines)) break;
  }

  #guessed(guess: string, lines: Placed[]): boolean {
    const sum = checksumOf(guess);
    for (const [place, orphan] of this.#orphans)
      if (orphan === sum) {
        this.#orphans.delete(place);
        lines.push({ bytes: Buffer.from(guess), sure: true, wrong: false, place });
        this.#actions.push(`put back a line that was gone: ${guess.slice(0, 40)}`);
        return true;
      }
    return false;
  }
}
