import { createHash } from "node:crypto";

import type { Trial } from "../../core/index.js";
import { withoutValue } from "../../core/index.js";
import { SCHEMA_VERSION } from "../migrations/index.js";
import { failPoint, isFailPoint, die } from "./fail-point.js";
import { writeFully } from "./file-system.js";
import type { FileSystem } from "./file-system.js";
import { checksumOf } from "./journal-line.js";
import { writeJson } from "./plain-json.js";
import { FORMAT } from "./study-document.js";
import type { StudyDocument } from "./study-document.js";

/** Stands in the checksum's place while the checksum is taken. */
export const NO_CHECKSUM = "0".repeat(64);
const CHUNK = 1 << 18;

/** A snapshot's lines without their newlines. One trial a line, so that it can be read and mended line by line. */
function* snapshotLines({ revision, state, extra }: StudyDocument): Generator<string> {
  yield "{";
  const top = { format: FORMAT, schema_version: SCHEMA_VERSION, checksum: NO_CHECKSUM, revision };
  const annotations = Object.fromEntries(state.annotations);
  for (const [key, value] of Object.entries({ ...top, ...state.header, annotations, ...extra }))
    if (value !== undefined) yield `${JSON.stringify(key)}: ${writeJson(value)},`;
  yield '"trials": [';
  for (let number = 0; number < state.size; number++)
    yield writeJson(withoutValue(state.trial(number) as Trial)) + (number + 1 < state.size ? "," : "");
  yield "],";
}

/**
 * Streams a snapshot into a file in pieces, giving way to other work between them, and makes it durable.
 * @returns its size in bytes.
 */
export async function writeSnapshot(system: FileSystem, path: string, document: StudyDocument): Promise<number> {
  const fd = await system.open(path, "w");
  try {
    const hash = createHash("sha256");
    const sums: string[] = [];
    let position = 0;
    let checksumAt = -1;
    let piece: string[] = [];
    let length = 0;
    const put = async (): Promise<void> => {
      const bytes = Buffer.from(piece.join(""));
      piece = [];
      length = 0;
      if (checksumAt === -1) checksumAt = bytes.indexOf(NO_CHECKSUM);
      hash.update(bytes);
      if (isFailPoint("fold-write")) {
        await writeFully(system, fd, bytes.subarray(0, bytes.length >> 1), position);
        die();
      }
      await writeFully(system, fd, bytes, position);
      position += bytes.length;
    };
    for (const line of snapshotLines(document)) {
      sums.push(checksumOf(line));
      piece.push(line, "\n");
      length += line.length;
      if (length >= CHUNK) await put();
    }
    piece.push(`"line_checksums": "${sums.join("")}"\n}\n`);
    await put();
    await writeFully(system, fd, Buffer.from(hash.digest("hex")), checksumAt);
    await system.datasync(fd);
    failPoint("fold-written");
    return position;
  } finally {
    await system.close(fd);
  }
}
