/** The unpacking of zip archives within limits. */
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import { openPromise } from "yauzl";
import type { Entry, ZipFile } from "yauzl";
import { MlbenchError, messageOf } from "../../core/errors.js";

/** The most that an archive may hold, nested ones included; beyond it nothing is unpacked. */
export interface UnpackLimits {
  readonly maxFiles: number;
  /** Bytes that come out, in all. */
  readonly maxBytes: number;
  /** Of an entry of more than a megabyte. */
  readonly maxRatio: number;
  /** Archives within archives. */
  readonly maxDepth: number;
}

export interface UnpackedFile {
  /** The entry's last part. */
  readonly name: string;
  /** Its whole name in its archive. */
  readonly entry: string;
  /** The archive that it was in, without `.zip`; empty for the outermost. */
  readonly archive: string;
  readonly path: string;
}

interface Unpacking {
  readonly staging: string;
  readonly limits: UnpackLimits;
  readonly signal: AbortSignal | undefined;
  readonly wanted: (name: string, entry: string) => boolean;
  readonly label: string;
  readonly found: UnpackedFile[];
  files: number;
  bytes: number;
}

const RATIO_FREE_BYTES = 2 ** 20;
const FILE_TYPE_MASK = 0o170000;
const SYMLINK = 0o120000;

function refuse(archive: string, what: string): MlbenchError {
  return new MlbenchError("archive-refused", `${archive}: ${what}; nothing was unpacked`);
}

/** Checked from the directory alone, before a byte is written (yauzl holds entries to their declared sizes). */
function admit(entry: Entry, archive: string, work: Unpacking): void {
  const { limits } = work;
  const name = JSON.stringify(entry.fileName);
  if (((entry.externalFileAttributes >>> 16) & FILE_TYPE_MASK) === SYMLINK)
    throw refuse(archive, `the entry ${name} is a symbolic link`);
  if (entry.isEncrypted()) throw refuse(archive, `the entry ${name} is encrypted`);
  work.files++;
  work.bytes += entry.uncompressedSize;
  if (work.files > limits.maxFiles) throw refuse(archive, `more than ${limits.maxFiles} entries`);
  if (work.bytes > limits.maxBytes) throw refuse(archive, `unpacks to more than ${limits.maxBytes} bytes`);
  const ratio = entry.uncompressedSize / Math.max(1, entry.compressedSize);
  if (entry.uncompressedSize > RATIO_FREE_BYTES && ratio > limits.maxRatio)
    throw refuse(archive, `the entry ${name} is packed ${Math.round(ratio)} to 1, more than ${limits.maxRatio}`);
}

/** Of files that are unpacked, and of archives, whose names stand before those of their texts. */
function admitName(name: string, archive: string): void {
  if (/^[\w .-]+$/.test(name)) return;
  const wanted = "letters, digits, spaces, dots, hyphens and underscores are taken";
  throw refuse(archive, `the entry ${JSON.stringify(name)} has a name that is no file's here: ${wanted}`);
}

async function extract(zip: ZipFile, entry: Entry, path: string, archive: string, work: Unpacking): Promise<void> {
  let sum = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sum = crc32(chunk, sum);
      done(null, chunk);
    },
  });
  // "wx": a file that is there, or a link, is never written through.
  const target = createWriteStream(path, { flags: "wx" });
  await pipeline(await zip.openReadStreamPromise(entry), check, target, work.signal ? { signal: work.signal } : {});
  if (sum !== entry.crc32) throw refuse(archive, `the entry ${JSON.stringify(entry.fileName)} is damaged (CRC)`);
}

async function unpackInto(path: string, archive: string, depth: number, work: Unpacking): Promise<void> {
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false, validateEntrySizes: true });
  const label = archive === "" ? work.label : `${archive}.zip`;
  try {
    // yauzl refuses absolute names and names with "..".
    for await (const entry of zip.eachEntry()) {
      work.signal?.throwIfAborted();
      admit(entry, label, work);
      const name = basename(entry.fileName);
      if (entry.fileName.endsWith("/")) continue;
      const target = join(work.staging, `${work.files}`);
      if (/\.zip$/i.test(name)) {
        admitName(name, label);
        if (depth >= work.limits.maxDepth) throw refuse(label, `archives within archives, ${depth + 1} deep`);
        await extract(zip, entry, target, label, work);
        await unpackInto(target, name.replace(/\.zip$/i, ""), depth + 1, work);
        await rm(target);
      } else if (work.wanted(name, entry.fileName)) {
        admitName(name, label);
        await extract(zip, entry, target, label, work);
        work.found.push({ name, entry: entry.fileName, archive, path: target });
      }
    }
  } finally {
    zip.close();
  }
}

export interface UnpackOptions {
  readonly limits: UnpackLimits;
  /** By an entry's last part, and by its whole name. */
  readonly wanted: (name: string, entry: string) => boolean;
  readonly signal?: AbortSignal | undefined;
  /** What the archive is called in messages. @default its file's name */
  readonly label?: string;
}

/**
 * Unpacks the wanted files of an archive, nested archives included, into a staging folder under names of our own.
 * @param staging made anew; the caller moves the files out and removes it
 * @throws MlbenchError `archive-refused`: not an archive, damaged, unsafe names, links, or beyond the limits
 */
export async function unpackArchive(
  path: string,
  staging: string,
  options: UnpackOptions,
): Promise<readonly UnpackedFile[]> {
  await mkdir(staging, { recursive: true });
  const work: Unpacking = {
    staging,
    limits: options.limits,
    wanted: options.wanted,
    label: options.label ?? basename(path),
    signal: options.signal,
    found: [],
    files: 0,
    bytes: 0,
  };
  try {
    await unpackInto(path, "", 0, work);
  } catch (error) {
    options.signal?.throwIfAborted();
    const isOfTheSystem = error instanceof Error && "syscall" in error;
    if (error instanceof MlbenchError || isOfTheSystem) throw error;
    throw new MlbenchError("archive-refused", `${work.label}: ${messageOf(error)}; nothing was unpacked`, {
      cause: error,
    });
  }
  return work.found;
}
