/** Putting a damaged snapshot right, line by line, by the checksums of its lines that still fit. */
import { createHash } from "node:crypto";

import type { StorageFinding } from "../storage.js";
import { checksumOf } from "./journal-line.js";
import { matchLines } from "./line-matching.js";
import type { MatchedLine } from "./line-matching.js";
import { NO_CHECKSUM, TRAILER_END, TRAILER_START } from "./snapshot-layout.js";

const NEWLINE = Buffer.from("\n");
/** How a line of the body begins: the rest of a line of checksums that was cut in two does not. */
const BODY = /^(?:"\w+": |\{"number":|\{$|\],$)/;

export interface MendedLine {
  readonly text: string;
  /** Whether it is known to be as it was written. */
  readonly sure: boolean;
  /** Whether its checksum says that it is not as it was written; neither: nothing tells. */
  readonly wrong: boolean;
}

export interface MendedSnapshot {
  /** Without the trailer. */
  readonly lines: readonly MendedLine[];
  readonly findings: readonly StorageFinding[];
  readonly actions: readonly string[];
  /** How many lines are gone, as far as the checksums tell. */
  readonly missing: number;
}

/** Lines of a damaged snapshot against the checksums in its last line: which are whole, and what can be put right. */
export function mendSnapshot(given: Buffer, file: string): MendedSnapshot {
  const { bytes, actions } = asWritten(given);
  const { stored, zeroed } = checksumOutOf(bytes);
  const trailerAt = findTrailer(zeroed);
  const body = trailerAt === -1 ? splitLines(zeroed) : linesAround(zeroed, trailerAt);
  const finding = (message: string, line: number | null, offset: number | null): StorageFinding => {
    return { severity: "damage", code: "snapshot", file, line, offset, message, blocksWriting: true };
  };
  const own = body.map(checksumOf);
  if (stored === hashOf(body, own)) {
    const lines = body.map((line) => ({ text: line.toString("utf8"), sure: true, wrong: false }));
    const changed = actions.length > 0 ? finding(`${actions.join("; ")}: everything else is whole`, 1, 0) : null;
    const damaged = "the line of checksums at its end is damaged; everything else is whole";
    const findings = [changed ?? finding(damaged, body.length + 1, trailerAt)];
    return { lines, findings, actions: changed ? actions : ["renewed the checksums"], missing: 0 };
  }
  const name = /^(.*)\.json$/.exec(file)?.[1] ?? file;
  const matched = matchLines(body, trailerAt === -1 ? "" : zeroed.toString("latin1", trailerAt), name);
  return { ...told(body, matched.lines, trailerAt === -1, finding), missing: matched.missing, ...merged() };

  function merged(): Pick<MendedSnapshot, "actions"> {
    const kept =
      matched.actions.length === 0 && trailerAt === -1 ? ["kept the lines that can be read"] : matched.actions;
    return { actions: [...actions, ...kept] };
  }
}

/** The line of the checksum in a snapshot, from 1. */
const CHECKSUM_LINE = 4;

/** Where the damage begins, and the lines without what it took to compare them. */
function told(
  body: readonly Buffer[],
  lines: readonly MatchedLine[],
  isCut: boolean,
  finding: (message: string, line: number | null, offset: number | null) => StorageFinding,
): Pick<MendedSnapshot, "lines" | "findings"> {
  const mended = lines.map(({ bytes, sure, wrong }) => ({ text: bytes.toString("utf8"), sure, wrong }));
  const size = body.reduce((sum, line) => sum + line.length + 1, 0);
  if (isCut) {
    const message = "it is cut short: its end, with the checksums of its lines, is missing";
    return { lines: mended, findings: [finding(message, body.length, size)] };
  }
  const first = body.findIndex((line, i) => !lines[i]?.sure || !line.equals(lines[i].bytes));
  if (first === -1 && lines.length === body.length) {
    const message = "its checksum is damaged; everything else is whole";
    return { lines: mended, findings: [finding(message, CHECKSUM_LINE, null)] };
  }
  const line = first === -1 ? body.length : first;
  const offset = body.slice(0, line).reduce((sum, bytes) => sum + bytes.length + 1, 0);
  return { lines: mended, findings: [finding("something in it changed", line + 1, offset)] };
}

/**
 * The bytes without what other programs put around and between lines: no value of a snapshot has a carriage return in it,
 * and its first byte is a brace.
 */
function asWritten(given: Buffer): { readonly bytes: Buffer; readonly actions: string[] } {
  const actions: string[] = [];
  let bytes = given;
  const start = bytes.toString("latin1", 0, 4096).search(/\{\r?\n"/);
  // Lines of its own may have come before its first.
  if (start > 0 && !/^"\w+": /m.test(bytes.toString("latin1", 0, start))) {
    bytes = bytes.subarray(start);
    actions.push(`left out ${start} byte${start === 1 ? "" : "s"} before its beginning`);
  }
  if (bytes.includes("\r\n")) {
    bytes = Buffer.from(bytes.toString("latin1").replaceAll("\r\n", "\n"), "latin1");
    actions.push("put the line ends right");
  }
  return { bytes, actions };
}

/**
 * The bytes as the checksums were taken over them: with the overall one's digits zeroed. One changed byte can damage
 * the key or the digits, so that either leads there.
 */
function checksumOutOf(bytes: Buffer): { stored: string | undefined; zeroed: Buffer } {
  const head = bytes.toString("latin1", 0, 1024);
  const key = '"checksum": "';
  const byKey = head.indexOf(key);
  // Other digests stand deeper in their lines: where this line is gone, they are none of it.
  const byDigits = /^(.{12,14})[0-9a-f]{64}"?,?$/m.exec(head);
  const at = byKey !== -1 ? byKey + key.length : byDigits ? byDigits.index + (byDigits[1] as string).length : -1;
  if (at === -1) return { stored: undefined, zeroed: bytes };
  const zeroed = Buffer.from(bytes);
  zeroed.write(NO_CHECKSUM, at, "latin1");
  return { stored: head.slice(at, at + 64), zeroed };
}

function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  if (start < bytes.length) lines.push(bytes.subarray(start));
  return lines;
}

/** All lines but that of the checksums and the last: what else stands behind it belongs before. */
function linesAround(bytes: Buffer, trailerAt: number): Buffer[] {
  const end = bytes.indexOf(10, trailerAt);
  const behind =
    end === -1 ? [] : splitLines(bytes.subarray(end + 1)).filter((line) => BODY.test(line.toString("latin1", 0, 64)));
  // The byte before it is a newline, or was one.
  return [...splitLines(bytes.subarray(0, Math.max(0, trailerAt - 1))), ...behind];
}

/** Where the line of checksums begins; one changed byte in its key does not hide it. -1 when there is none. */
function findTrailer(bytes: Buffer): number {
  const exact = bytes.lastIndexOf(TRAILER_START);
  if (exact !== -1) return exact;
  const lastLines = splitLines(bytes).slice(-3).reverse();
  let end = bytes.length;
  for (const line of lastLines) {
    end = bytes.lastIndexOf(line, end);
    const head = line.toString("latin1", 0, TRAILER_START.length);
    if (line.length > TRAILER_START.length && [...TRAILER_START].filter((char, i) => char !== head[i]).length === 1)
      return end;
  }
  return -1;
}

/** Whether a file that does not read as a study's has the line of checksums that this program ends its files with. */
export function isOurs(bytes: Buffer): boolean {
  return findTrailer(bytes) !== -1;
}

function hashOf(body: readonly Buffer[], sums: readonly string[]): string {
  const hash = createHash("sha256");
  for (const line of body) hash.update(line).update(NEWLINE);
  return hash.update(TRAILER_START + sums.join("") + TRAILER_END).digest("hex");
}
