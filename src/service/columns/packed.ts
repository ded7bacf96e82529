/** Gzip made of parts that are compressed each by itself, so that they can be kept and put together anew. */
import { promisify } from "node:util";
import { constants, crc32, deflateRaw } from "node:zlib";
import { combinedSum } from "./crc.js";

const deflate = promisify(deflateRaw);

/**
 * Level 1 takes a third of the time of level 6 for a quarter more bytes. Numbers repeat nothing from far back: a small window
 * loses little, and takes a third of the memory, which would otherwise have the whole heap looked through for garbage.
 */
const options = { level: 1, windowBits: 13, memLevel: 7, finishFlush: constants.Z_SYNC_FLUSH };
/** Where nothing repeats, not to look for it takes half the time and no byte more. */
const unrepeated = { ...options, strategy: constants.Z_HUFFMAN_ONLY };
/** Characters by which it is judged whether a text repeats anything. */
const SAMPLE = 1024;

/** Whether a text is a list of long numbers whose starts are not alike, as far as some from its start and middle tell. */
function repeatsNothing(text: string): boolean {
  if (text.length < 4 * SAMPLE) return false;
  const middle = text.length >> 1;
  const items = `${text.slice(0, SAMPLE)},${text.slice(middle, middle + SAMPLE)}`.split(",");
  const starts = new Set(items.map((item) => item.slice(0, 8)));
  return items.length < SAMPLE / 6 && starts.size > 0.9 * items.length && items.every((item) => !item.includes('"'));
}

/** What a block of a deflate stream that is stored as it is may hold. */
const STORED = 65_535;

/** A part of a text as blocks of a deflate stream (RFC 1951) that end on a byte and refer to nothing before. */
export interface Part {
  /** Bytes of the text, and their CRC-32. */
  readonly length: number;
  readonly sum: number;
  readonly packed: Promise<Buffer>;
}

/** Compresses a part, beside the event loop. The text itself is not kept: memory that is held so costs looks for garbage. */
export function partOf(text: string): Part {
  const plain = Buffer.from(text);
  // As much as nearly every text takes: what does not fit costs a way to the event loop and back.
  const chunkSize = (plain.length >> 1) + 1024;
  const packed = deflate(plain, { ...(repeatsNothing(text) ? unrepeated : options), chunkSize }).then((bytes) =>
    bytes.length > 0.75 * chunkSize ? bytes : copyOf(bytes),
  );
  // Whoever puts it together hears of it.
  packed.catch(() => undefined);
  return { length: plain.length, sum: crc32(plain), packed };
}

/** Bytes in memory of just their length. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

/** A short text as stored blocks. */
function stored(plain: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < plain.length; at += STORED) {
    const piece = plain.subarray(at, at + STORED);
    const head = Buffer.alloc(5);
    head.writeUInt16LE(piece.length, 1);
    head.writeUInt16LE(~piece.length & 0xffff, 3);
    pieces.push(head, piece);
  }
  return Buffer.concat(pieces);
}

/** Deflate, no flags, no time, fastest, unknown system (RFC 1952). */
const HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);
/** A last block without anything in it. */
const LAST = Buffer.from([3, 0]);

/** Texts and parts as one gzip file, and how long they are. @param turn asked for now and then: gives way to others */
export async function packedOf(
  pieces: Iterable<string | Part>,
  turn: () => Promise<void>,
): Promise<{ readonly length: number; readonly gzipped: Buffer }> {
  const packed: Buffer[] = [HEAD];
  let [sum, length, texts] = [0, 0, ""];
  const takeTexts = (): void => {
    if (texts === "") return;
    const bytes = Buffer.from(texts);
    texts = "";
    sum = crc32(bytes, sum);
    length += bytes.length;
    packed.push(stored(bytes));
  };
  for (const piece of pieces) {
    if (typeof piece === "string") {
      texts += piece;
      continue;
    }
    takeTexts();
    sum = combinedSum(sum, piece.sum, piece.length);
    length += piece.length;
    packed.push(await piece.packed);
    await turn();
  }
  takeTexts();
  const end = Buffer.alloc(8);
  end.writeUInt32LE(sum, 0);
  end.writeUInt32LE(length % 2 ** 32, 4);
  return { length, gzipped: Buffer.concat([...packed, LAST, end]) };
}
