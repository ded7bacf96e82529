/** Finding a single changed byte from a CRC-32. */
import { crc32 } from "node:zlib";

/** The change of a CRC-32 when its last byte changes by `index` (reflected polynomial 0xedb88320, as in zlib). */
const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let c = index;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});
const byTopByte = new Uint8Array(256);
const byChange = new Map<number, number>();
for (const [index, change] of table.entries()) {
  byTopByte[change >>> 24] = index;
  byChange.set(change, index);
}

/**
 * The bytes as they were before one of them changed, or null when no change of one byte explains the checksum.
 *
 * A CRC is linear: what a changed byte does to it depends only on the change and on how many bytes follow. So the
 * difference is taken back one following byte at a time until it is one that a last byte can make. Two explanations of
 * one difference would be four billion bits apart; more than one changed byte is mistaken for one with probability
 * length / 2^24.
 */
export function withOneByteCorrected(bytes: Uint8Array, checksum: string): Buffer | null {
  let difference = (crc32(bytes) ^ Number.parseInt(checksum, 16)) >>> 0;
  for (let at = bytes.length - 1; at >= 0 && difference !== 0; at--) {
    const change = byChange.get(difference);
    if (change !== undefined) {
      const corrected = Buffer.from(bytes);
      corrected[at] = (corrected[at] as number) ^ change;
      return corrected;
    }
    const index = byTopByte[difference >>> 24] as number;
    difference = (((difference ^ (table[index] as number)) << 8) | index) >>> 0;
  }
  return null;
}
