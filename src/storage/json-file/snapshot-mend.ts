/** Putting a damaged snapshot right, line by line. */
import { createHash } from "node:crypto";

import { messageOf, MlbenchError } from "../../core/index.js";
import type { StorageFinding } from "../storage.js";
import { checksumOf } from "./journal-line.js";
import { withOneByteCorrected } from "./one-byte.js";
import { NO_CHECKSUM, TRAILER_END, TRAILER_START } from "./snapshot-layout.js";

const NEWLINE = Buffer.from("\n");

export interface MendedLine {
  readonly text: string;
  /** Whether it is known to be as it was written. */
  readonly sure: boolean;
}

export interface MendedSnapshot {
  /** Without the trailer. */
  readonly lines: readonly MendedLine[];
  readonly findings: readonly StorageFinding[];
  readonly actions: readonly string[];
}

/** Lines of a damaged snapshot against the checksums in its last line: which are whole, and what can be put right. */
export function mendSnapshot(bytes: Buffer, file: string): MendedSnapshot {
  const { stored, zeroed } = checksumOutOf(bytes);
  const trailerAt = findTrailer(zeroed);
  // The byte before it is a newline, or was one.
  const body = splitLines(trailerAt === -1 ? zeroed : zeroed.subarray(0, trailerAt - 1));
  const finding = (message: string, line: number | null, offset: number | null): StorageFinding => {
    return { severity: "damage", code: "snapshot", file, line, offset, message, blocksWriting: true };
  };
  const given = (sure: boolean): MendedLine[] => body.map((line) => ({ text: line.toString("utf8"), sure }));
  const sums = trailerAt === -1 ? null : sumsIn(zeroed.subarray(trailerAt));
  const own = body.map(checksumOf);
  if (stored === hashOf(body, own)) {
    const message = "the line of checksums at its end is damaged; everything else is whole";
    return {
      lines: given(true),
      findings: [finding(message, body.length + 1, trailerAt)],
      actions: ["renewed the checksums"],
    };
  }
  if (!sums) {
    const message = "it is cut short: its end, with the checksums of its lines, is missing";
    const actions = ["kept the lines that can be read"];
    return { lines: given(false), findings: [finding(message, body.length, bytes.length)], actions };
  }
  return mendRegion(body, own, sums, finding);
}

/** The line of the checksum in a snapshot, from 1. */
const CHECKSUM_LINE = 4;

/**
 * The bytes as the checksums were taken over them: with the overall one's digits zeroed. One changed byte can damage
 * the key or the digits, so that either leads there.
 */
function checksumOutOf(bytes: Buffer): { stored: string | undefined; zeroed: Buffer } {
  const head = bytes.toString("latin1", 0, 300);
  const byKey = head.indexOf('"checksum": "');
  const at = byKey === -1 ? head.search(/[0-9a-f]{64}/) : byKey + '"checksum": "'.length;
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

function sumsIn(trailer: Buffer): string[] | null {
  const digits = /^"line_checksums": "((?:[0-9a-f]{8})*)"\n/.exec(trailer.toString("latin1"))?.[1];
  return digits === undefined ? null : (digits.match(/.{8}/g) ?? []);
}

function hashOf(body: readonly Buffer[], sums: readonly string[]): string {
  const hash = createHash("sha256");
  for (const line of body) hash.update(line).update(NEWLINE);
  return hash.update(TRAILER_START + sums.join("") + TRAILER_END).digest("hex");
}

/** Narrows the damage to the lines between the whole ones at the start and those at the end. */
function mendRegion(
  body: readonly Buffer[],
  own: readonly string[],
  sums: readonly string[],
  finding: (message: string, line: number | null, offset: number | null) => StorageFinding,
): MendedSnapshot {
  const shorter = Math.min(own.length, sums.length);
  let head = 0;
  while (head < shorter && own[head] === sums[head]) head++;
  let tail = 0;
  while (tail < shorter - head && own[own.length - 1 - tail] === sums[sums.length - 1 - tail]) tail++;
  const sure = (line: Buffer): MendedLine => ({ text: line.toString("utf8"), sure: true });
  const before = body.slice(0, head);
  const region = body.slice(head, body.length - tail);
  const offset = before.reduce((sum, line) => sum + line.length + 1, 0);
  const findings: StorageFinding[] = [];
  const actions: string[] = [];
  if (region.length === 0 && sums.length === body.length) {
    findings.push(finding("its checksum is damaged; everything else is whole", CHECKSUM_LINE, null));
    actions.push("renewed the checksum");
  } else findings.push(finding("something in it changed", head + 1, offset));
  const mended = mendLines(region, sums.slice(head, sums.length - tail), head + 1, actions);
  return { lines: [...before.map(sure), ...mended, ...body.slice(body.length - tail).map(sure)], findings, actions };
}

function mendLines(region: readonly Buffer[], sums: readonly string[], first: number, actions: string[]): MendedLine[] {
  const has = (line: Buffer, sum: string | undefined): boolean => checksumOf(line) === sum;
  if (region.length === sums.length)
    return region.map((line, i) => {
      if (has(line, sums[i])) return { text: line.toString("utf8"), sure: true };
      const fixed = withOneByteCorrected(line, sums[i] as string);
      actions.push(
        fixed ? `line ${first + i}: put one changed byte right` : `line ${first + i}: could not be put right`,
      );
      return { text: (fixed ?? line).toString("utf8"), sure: fixed !== null };
    });
  const joined = Buffer.concat(region.flatMap((line, i) => (i === 0 ? [line] : [NEWLINE, line])));
  if (sums.length === 1) {
    const fixed = withOneByteCorrected(joined, sums[0] as string);
    if (fixed) {
      actions.push(`line ${first}: joined what a changed byte had cut in two`);
      return [{ text: fixed.toString("utf8"), sure: true }];
    }
  }
  if (sums.length === 2)
    for (let at = 0; at < joined.length; at++)
      if (has(joined.subarray(0, at), sums[0]) && has(joined.subarray(at + 1), sums[1])) {
        actions.push(`line ${first}: cut in two what a changed byte had joined`);
        return [joined.subarray(0, at), joined.subarray(at + 1)].map((b) => ({ text: b.toString("utf8"), sure: true }));
      }
  actions.push(`lines ${first} to ${first + region.length - 1}: could not be put right`);
  return region.map((line) => ({ text: line.toString("utf8"), sure: false }));
}

/** Top-level keys without which a study is one all the same. */
const dispensable = new Set(["summary", "annotations"]);

/** What a mended snapshot is made of. */
export interface SnapshotParts {
  readonly raw: Record<string, unknown>;
  /** The trial records that could be saved, by number. */
  readonly trials: Map<number, unknown>;
  /** Top-level keys that read well, but whose checksum does not fit. */
  readonly unsure: string[];
  /** Top-level keys that could not be read, and are not needed. */
  readonly lost: string[];
}

export function partsOf({ lines }: MendedSnapshot): SnapshotParts {
  const raw: Record<string, unknown> = {};
  const trials = new Map<number, unknown>();
  const unsure: string[] = [];
  const lost: string[] = [];
  let inTrials = false;
  for (const { text, sure } of lines) {
    const content = text.endsWith(",") ? text.slice(0, -1) : text;
    if (text === "{" || content === "]" || content === "}") continue;
    if (content === '"trials": [') inTrials = true;
    else
      try {
        const parsed: unknown = JSON.parse(inTrials ? content : `{${content}}`);
        if (inTrials) {
          if (sure || lines.every((line) => !line.sure)) keepTrial(trials, parsed);
        } else {
          Object.assign(raw, parsed);
          if (!sure) unsure.push(...Object.keys(parsed as object));
        }
      } catch (error) {
        const key = /^"(\w+)": /.exec(content)?.[1];
        if (!inTrials && key !== undefined && dispensable.has(key)) lost.push(key);
        else if (!inTrials)
          throw new MlbenchError(
            "study-damaged",
            `its head cannot be read (${messageOf(error)}), and nothing is kept of it elsewhere`,
          );
      }
  }
  return { raw, trials, unsure, lost };
}

function keepTrial(trials: Map<number, unknown>, record: unknown): void {
  if (typeof record === "object" && record !== null && "number" in record && typeof record.number === "number")
    trials.set(record.number, record);
}
