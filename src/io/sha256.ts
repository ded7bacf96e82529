/** The SHA-256 digest of a file. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";

/** Of a file at a time: with Node's 64 KiB most of the time would go into handing them on. */
const PIECE_BYTES = 2 ** 20;

/** The SHA-256 (hex) of a file, read in pieces. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: PIECE_BYTES }), hash);
  return hash.digest("hex");
}
