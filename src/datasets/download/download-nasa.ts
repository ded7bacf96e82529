/** The download of NASA's battery data set. */
import { mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { MlbenchError, UsageError } from "../../core/errors.js";
import { makeFolder } from "../../io/make-folder.js";
import { sha256OfFile } from "../../io/sha256.js";
import { discardPart, downloadResumably } from "./resumable-download.js";
import { unpackArchive } from "./unpack-archive.js";
import type { UnpackedFile, UnpackLimits } from "./unpack-archive.js";

/** Set 5 of NASA's prognostics data repository: six zip files in one, with 38 .mat files of 34 cells. */
export const NASA_ARCHIVE = {
  url: "https://phm-datasets.s3.amazonaws.com/NASA/5.+Battery+Data+Set.zip",
  /** Of 209,708,670 bytes, as published by several independent users of the archive. */
  sha256: "82302a7db4fc1b34e0b6676326610438d43b816bdf11a69d1d012a464ef2f92e",
} as const;

export interface DownloadNasaOptions {
  /** The folder that the cells go to; made if need be. */
  dir: string;
  /** @default NASA_ARCHIVE.url */
  url?: string;
  /** The archive's expected checksum (hex). @default that of NASA's archive for the default url, none for others */
  sha256?: string;
  /** @param total null where the server does not say */
  onProgress?: (received: number, total: number | null) => void;
  /** Ends the call; what has arrived stays and the next call goes on with it. */
  signal?: AbortSignal;
  /** Attempts to take up a broken connection again. @default 3 */
  retries?: number;
  /** Before the first retry, doubled for each further one. @default 1000 */
  retryDelayMs?: number;
  limits?: Partial<UnpackLimits & { readonly maxArchiveBytes: number }>;
}

export interface DownloadedNasa {
  /** Of the archive (hex). */
  readonly sha256: string;
  /** Whether that is what was expected; false where nothing was. */
  readonly verified: boolean;
  /** Paths of what was unpacked: the cells' .mat files and the archives' texts, sorted. */
  readonly files: readonly string[];
}

const PART_NAME = "nasa-battery-data-set.zip.part";

const defaultLimits: UnpackLimits & { readonly maxArchiveBytes: number } = {
  maxArchiveBytes: 2 * 2 ** 30,
  maxFiles: 2000,
  maxBytes: 4 * 2 ** 30,
  maxRatio: 200,
  maxDepth: 2,
};

function checkedUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol !== "http:" && parsed?.protocol !== "https:")
    throw new UsageError("invalid-url", `url: expected an http or https address, got ${JSON.stringify(url)}`);
  return url;
}

function checkedSha256(sha256: string): string {
  if (!/^[0-9a-f]{64}$/i.test(sha256))
    throw new UsageError("invalid-sha256", `sha256: expected 64 hexadecimal digits, got ${JSON.stringify(sha256)}`);
  return sha256.toLowerCase();
}

function isCell(name: string): boolean {
  return /\.mat$/i.test(name);
}

/** Cells by their file names; texts, which are all called README, by their archive's. */
function nameOf({ name, archive }: UnpackedFile): string {
  return isCell(name) || archive === "" ? name : `${archive} ${name}`;
}

/** Moves files into place one by one; each appears whole. The official archive repeats four cells, byte for byte. */
async function place(found: readonly UnpackedFile[], dir: string): Promise<string[]> {
  const byName = new Map<string, UnpackedFile>();
  for (const file of found) {
    const name = nameOf(file);
    const other = byName.get(name);
    if (other && (await sha256OfFile(other.path)) !== (await sha256OfFile(file.path)))
      throw new MlbenchError("archive-refused", `the archive holds two different files ${name}; nothing was unpacked`);
    if (!other) byName.set(name, file);
  }
  if (![...byName.keys()].some(isCell))
    throw new MlbenchError("archive-refused", "the archive holds no .mat files; nothing was unpacked");
  const names = [...byName.keys()].sort();
  for (const name of names) await rename((byName.get(name) as UnpackedFile).path, join(dir, name));
  return names.map((name) => join(dir, name));
}

/**
 * Fetches NASA's battery data set and unpacks its cells into a folder that `data_dir` can name. Interrupted calls go on
 * where they stopped; files appear whole or not at all; the archive itself is removed at the end.
 * @throws UsageError `invalid-url`, `invalid-sha256`
 * @throws MlbenchError `download-failed`, `download-interrupted`, `download-too-large`, `checksum-mismatch`,
 * `archive-refused`
 * @throws the signal's reason when aborted
 */
export async function downloadNasa(options: DownloadNasaOptions): Promise<DownloadedNasa> {
  const { dir, signal } = options;
  const url = checkedUrl(options.url ?? NASA_ARCHIVE.url);
  const known = url === NASA_ARCHIVE.url ? NASA_ARCHIVE.sha256 : null;
  const expected = options.sha256 === undefined ? known : checkedSha256(options.sha256);
  const limits = { ...defaultLimits, ...options.limits };
  const partPath = join(dir, PART_NAME);
  await downloadResumably({
    url,
    partPath,
    signal,
    onProgress: options.onProgress,
    maxBytes: limits.maxArchiveBytes,
    retries: options.retries ?? 3,
    retryDelayMs: options.retryDelayMs ?? 1000,
  });
  const sha256 = await sha256OfFile(partPath);
  if (expected !== null && sha256 !== expected) {
    await discardPart(partPath);
    throw new MlbenchError(
      "checksum-mismatch",
      `${url}: the archive's SHA-256 is ${sha256}, expected ${expected}; it was removed`,
    );
  }
  await makeFolder(dir);
  const staging = await mkdtemp(join(dir, ".unpacking-"));
  try {
    const wanted = (name: string): boolean => (isCell(name) || /\.txt$/i.test(name)) && !name.startsWith(".");
    const files = await place(await unpackArchive(partPath, staging, { limits, wanted, signal }), dir);
    await discardPart(partPath);
    return { sha256, verified: expected !== null, files };
  } catch (error) {
    // An archive that is refused is refused again; after a full disk, say, the download itself is still good.
    if (error instanceof MlbenchError && error.code === "archive-refused") await discardPart(partPath);
    throw error;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
