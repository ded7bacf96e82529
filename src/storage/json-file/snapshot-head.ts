/** The head of a snapshot, everything before its trials, read without the rest. */
import type { FileSystem } from "./file-system.js";
import { checksumOf } from "./journal-line.js";
import { NO_CHECKSUM, TRAILER_END, TRAILER_START } from "./snapshot-layout.js";

/** What a first look reads. */
const FIRST_LOOK = 4096;
const PIECE = 1 << 14;
/** A head of more bytes is no matter of a quick look. */
const LONGEST_HEAD = 1 << 20;
const TRIALS = '\n"trials": [\n';

/** A snapshot's first bytes as text. */
export async function readHead(system: FileSystem, fd: number): Promise<string> {
  const head = Buffer.alloc(FIRST_LOOK);
  return head.toString("utf8", 0, await system.read(fd, head, 0));
}

/** What a snapshot's first bytes say about it. */
export interface HeadIdentity {
  readonly version: number;
  readonly revision: number;
  /** When and with which seed the study was made: tells it from one that took its name. */
  readonly study: string;
}

function numberIn(text: string, key: string): number {
  return Number(new RegExp(`"${key}"\\s*:\\s*(\\d+)`).exec(text)?.[1] ?? Number.NaN);
}

/** @param text the first bytes of a snapshot. */
export function identityIn(text: string): HeadIdentity {
  const created = /"created_at"\s*:\s*"[^"]*"/.exec(text)?.[0];
  const seed = /"seed"\s*:\s*[\d.e+-]+/.exec(text)?.[0];
  return {
    version: numberIn(text, "schema_version"),
    revision: numberIn(text, "revision"),
    study: `${created} ${seed}`,
  };
}

/** The lines before the trials, up to and with the one that opens their list. */
export interface SnapshotHead {
  /** Top-level keys with their values, as parsed. */
  readonly raw: Record<string, unknown>;
  /** How many lines it has. */
  readonly lines: number;
  /** The checksums of its lines as they are, one behind the other. */
  readonly sums: string;
}

/** The head of a snapshot laid out as this program does; null for any other layout, and for what can't be parsed. */
export async function parseHead(system: FileSystem, fd: number): Promise<SnapshotHead | null> {
  let bytes: Buffer = Buffer.alloc(0);
  while (bytes.length < LONGEST_HEAD) {
    const piece = Buffer.allocUnsafe(PIECE);
    const count = await system.read(fd, piece, bytes.length);
    if (count === 0) return null;
    const searched = Math.max(0, bytes.length - TRIALS.length);
    bytes = Buffer.concat([bytes, piece.subarray(0, count)]);
    const end = bytes.indexOf(TRIALS, searched);
    if (end !== -1) return parseLines(bytes.toString("utf8", 0, end));
  }
  return null;
}

function parseLines(text: string): SnapshotHead | null {
  const lines = text.split("\n");
  if (lines[0] !== "{" || !text.endsWith(",")) return null;
  try {
    const raw = JSON.parse(`${text.slice(0, -1)}}`) as Record<string, unknown>;
    // The checksum over all counts as zeros in the checksum of its line.
    const stands = `"checksum": "${String(raw["checksum"])}"`;
    const counted = [...lines, TRIALS.slice(1, -1)].map((line) =>
      line.startsWith(stands) ? line.replace(stands, `"checksum": "${NO_CHECKSUM}"`) : line,
    );
    return { raw, lines: counted.length, sums: counted.map(checksumOf).join("") };
  } catch {
    return null;
  }
}

/**
 * Whether a head is as it was written, by the checksums in the snapshot's last line. They stand a known way from the
 * file's end, so that nothing between is read.
 */
export async function isHeadWhole(
  system: FileSystem,
  fd: number,
  { lines, sums }: SnapshotHead,
  trials: number,
): Promise<boolean> {
  const allLines = lines + trials + 1;
  const start = (await system.size(fd)) - (TRAILER_START.length + 8 * allLines + TRAILER_END.length);
  const expected = TRAILER_START + sums;
  if (start < 0) return false;
  const found = Buffer.alloc(expected.length);
  const count = await system.read(fd, found, start);
  return found.toString("latin1", 0, count) === expected;
}
