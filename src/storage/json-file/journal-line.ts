/** One line of a journal as text: composed, checked, read, mended; `journal.ts` writes it. */
import { crc32 } from "node:zlib";

import type { StudyEvent } from "../../core/index.js";
import type { Migrator } from "../migrations/index.js";
import { storedEvent } from "../stored-event.js";
import { withOneByteCorrected } from "./one-byte.js";
import { readJson, writeJson } from "../../core/plain-json.js";

/** `,"crc":"89abcdef"}`: what ends each line. The checksum covers the line's bytes before it. */
const SEAL = /^,"crc":"([0-9a-f]{8})"\}$/;
const SEAL_LENGTH = 18;
const START = '{"seq":';

export interface JournalRecord {
  readonly seq: number;
  readonly event: StudyEvent;
}

/** A CRC-32 as it is written. */
export function hexOf(checksum: number): string {
  return checksum.toString(16).padStart(8, "0");
}

export function checksumOf(bytes: Uint8Array | string): string {
  return hexOf(crc32(bytes));
}

/** An event as JSON. Reports are most of them, and numbers alone: they are put together by hand. */
function eventText(event: StudyEvent): string {
  if (event.type !== "trial-report" || !Number.isFinite(event.value) || event.parts)
    return writeJson(storedEvent(event));
  const { number, step, value, seen } = event;
  return `{"type":"trial-report","number":${number},"step":${step},"value":${value},"seen":${seen}}`;
}

/** One line with its newline: `{"seq":7,"event":{…},"crc":"89abcdef"}`. */
export function journalLine(seq: number, event: StudyEvent): string {
  const body = `${START}${seq},"event":${eventText(event)}`;
  return `${body},"crc":"${checksumOf(body)}"}\n`;
}

/** Whether the bytes are one undamaged line. */
export function isSealed(bytes: Buffer): boolean {
  if (bytes.length <= SEAL_LENGTH) return false;
  const cut = bytes.length - SEAL_LENGTH;
  const seal = SEAL.exec(bytes.toString("latin1", cut));
  return seal !== null && seal[1] === checksumOf(bytes.subarray(0, cut));
}

/** The sequence number of a sealed line, without parsing the rest; NaN where there is none. */
export function sequenceOf(bytes: Buffer): number {
  const digits = /^\{"seq":(\d{1,15}),/.exec(bytes.toString("latin1", 0, 32));
  return digits ? Number(digits[1]) : Number.NaN;
}

/** A sealed line's content. */
export function parseSealed(bytes: Buffer): JournalRecord | null {
  try {
    const { seq, event } = readJson(bytes.toString("utf8")) as JournalRecord;
    return Number.isSafeInteger(seq) && typeof event === "object" && event !== null ? { seq, event } : null;
  } catch {
    return null;
  }
}

/** A line's event as the present version's; null where it has not the shape to be lifted. */
export function migratedEvent(event: StudyEvent, migrator: Migrator): StudyEvent | null {
  try {
    return migrator.event({ ...event }) as unknown as StudyEvent;
  } catch {
    return null;
  }
}

/**
 * Whole records inside a line that is not one: two lines glued together by a lost newline, or junk around one.
 */
export function recordsWithin(bytes: Buffer): JournalRecord[] {
  const records: JournalRecord[] = [];
  let from = bytes.indexOf(START);
  while (from !== -1) {
    const next = bytes.indexOf(START, from + 1);
    const record = recordAt(bytes.subarray(from));
    if (record) records.push(record.record);
    from = record ? bytes.indexOf(START, from + record.length) : next;
  }
  return records;
}

/** The sealed record with which `bytes` begin. */
function recordAt(bytes: Buffer): { record: JournalRecord; length: number } | null {
  const seal = Buffer.from(',"crc":"');
  for (let at = bytes.indexOf(seal); at !== -1; at = bytes.indexOf(seal, at + 1)) {
    const length = at + SEAL_LENGTH;
    const candidate = bytes.subarray(0, length);
    if (length > bytes.length || !isSealed(candidate)) continue;
    const record = parseSealed(candidate);
    if (record) return { record, length };
  }
  return null;
}

const SEAL_TEMPLATE = ',"crc":"????????"}';

/** The record of a line with one changed byte. */
export function correctedRecord(bytes: Buffer): JournalRecord | null {
  if (bytes.length <= SEAL_LENGTH) return null;
  const cut = bytes.length - SEAL_LENGTH;
  const body = bytes.subarray(0, cut);
  const seal = bytes.toString("latin1", cut);
  const digits = seal.slice(8, 16);
  const sum = checksumOf(body);
  const misplaced = countDifferences(seal, SEAL_TEMPLATE.replace("????????", digits));
  const inSeal = misplaced + countDifferences(digits, sum) === 1;
  const whole = inSeal ? body : misplaced === 0 ? withOneByteCorrected(body, digits) : null;
  if (whole === null) return null;
  return parseSealed(Buffer.concat([whole, Buffer.from(SEAL_TEMPLATE.replace("????????", checksumOf(whole)))]));
}

function countDifferences(a: string, b: string): number {
  let count = 0;
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) count++;
  return count;
}
