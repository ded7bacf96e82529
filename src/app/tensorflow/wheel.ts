/** The wheel that libtensorflow comes in: fetched, checked, and what is needed taken out of it. */
import { mkdir, rename, stat } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { MlbenchError, UsageError } from "../../core/index.js";
import { discardPart, downloadResumably } from "../../datasets/download/resumable-download.js";
import { unpackArchive } from "../../datasets/download/unpack-archive.js";
import { fileNamePart } from "../../io/file-name.js";
import { sha256OfFile } from "../../io/sha256.js";
import { takeDownload } from "./folders.js";
import type { WheelSource } from "./sources.js";
import { findWheel, withCredentials } from "./wheel-index.js";
import type { WheelAddress } from "./wheel-index.js";

/** What is asked for: the published wheel, or a file or an address of the user's. */
export interface WheelRequest {
  readonly source: WheelSource;
  readonly wheel?: string | undefined;
  readonly sha256?: string | undefined;
}

/** Where a wheel is: a file, an address, or, with neither, the package index. */
export interface WheelPlace {
  readonly source: WheelSource;
  readonly name: string;
  /** What its SHA-256 must be (hex); undefined where nobody says. */
  readonly expected: string | undefined;
  readonly file?: string;
  readonly address?: string;
}

export interface WheelProgress {
  readonly onProgress?: ((received: number, total: number | null) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Attempts to take up a broken connection again. */
  readonly retries: number;
  readonly retryDelayMs: number;
}

export interface FetchedWheel {
  readonly path: string;
  readonly name: string;
  readonly sha256: string;
  /** Whether that was what was expected; false where nothing was. */
  readonly verified: boolean;
  /** Whether it was fetched into the installation's folder; a file of the user's stays where it is, whatever comes of it. */
  readonly downloaded: boolean;
}

const limits = { maxFiles: 100_000, maxBytes: 4 * 2 ** 30, maxRatio: 1_000, maxDepth: 0 };
const MAX_WHEEL_BYTES = 2 * 2 ** 30;

const isAddress = (wheel: string): boolean => /^[a-z][a-z\d+.-]*:\/\//i.test(wheel);

/** `…/x.whl#sha256=…`: pip's way of saying what is expected. */
function takenApart(wheel: string): {
  readonly url: string;
  readonly name: string;
  readonly sha256: string | undefined;
} {
  if (!URL.canParse(wheel) || !/^https?:$/.test(new URL(wheel).protocol))
    throw new UsageError("invalid-url", `--wheel: expected a file or an http or https address, got ${wheel}`);
  const url = new URL(wheel);
  const sha256 = /^#sha256=([0-9a-f]{64})$/i.exec(url.hash)?.[1]?.toLowerCase();
  url.hash = "";
  return { url: url.href, name: fileNamePart(basename(url.pathname)) || "tensorflow.whl", sha256 };
}

/**
 * Where the wheel that is asked for is; nothing is fetched.
 * @throws UsageError `file-not-found`, `invalid-url`, `invalid-sha256`
 */
export async function locateWheel({ source, wheel, sha256 }: WheelRequest): Promise<WheelPlace> {
  const given = sha256?.toLowerCase();
  if (given !== undefined && !/^[0-9a-f]{64}$/.test(given))
    throw new UsageError("invalid-sha256", `sha256: expected 64 hexadecimal digits, got ${JSON.stringify(given)}`);
  const published = (name: string): string | undefined => (name === source.file ? source.sha256 : undefined);
  if (wheel === undefined) return { source, name: source.file, expected: given ?? source.sha256 };
  if (isAddress(wheel)) {
    const { url, name, sha256: said } = takenApart(wheel);
    return { source, name, expected: given ?? said ?? published(name), address: url };
  }
  await requireFile(wheel);
  const name = basename(wheel);
  return { source, name, expected: given ?? published(name), file: wheel };
}

/**
 * Fetches the wheel into the installation's folder, going on with what an earlier one left; a file stays where it is.
 * @param index where the published wheel's address is asked
 * @throws UsageError `invalid-url`
 * @throws MlbenchError `download-failed`, `download-interrupted`, `download-too-large`, `checksum-mismatch`
 */
export async function fetchWheel(
  place: WheelPlace,
  index: string,
  { cache, folder }: { readonly cache: string; readonly folder: string },
  progress: WheelProgress,
): Promise<FetchedWheel> {
  const { source, name, file, address } = place;
  if (file !== undefined) return checked(place, file, { downloaded: false, from: file });
  const found = address === undefined ? await findWheel(index, source, progress.signal) : withCredentials(address);
  const path = await download(found, await takeDownload(cache, folder, name), progress);
  return checked(place, path, { downloaded: true, from: found.url });
}

async function requireFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile())
    throw new UsageError("file-not-found", `--wheel ${path}: ${found ? "not a file" : "no such file"}`);
}

async function download({ url, headers }: WheelAddress, partPath: string, progress: WheelProgress): Promise<string> {
  await downloadResumably({ url, headers, partPath, maxBytes: MAX_WHEEL_BYTES, ...progress, signal: progress.signal });
  return partPath;
}

async function checked(
  { name, expected }: WheelPlace,
  path: string,
  { downloaded, from }: { readonly downloaded: boolean; readonly from: string },
): Promise<FetchedWheel> {
  const sha256 = await sha256OfFile(path);
  if (expected !== undefined && sha256 !== expected) {
    if (downloaded) await discardPart(path);
    const what = downloaded ? "; it was removed" : "";
    throw new MlbenchError("checksum-mismatch", `${from}: its SHA-256 is ${sha256}, expected ${expected}${what}`);
  }
  return { path, name, sha256, verified: expected !== undefined, downloaded };
}

const LIBRARIES = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"] as const;

/** Headers of the C API and of what they include; the folder is the root of their includes. */
const isHeader = (entry: string): boolean =>
  /^tensorflow\/include\/[\w./-]+\.h$/.test(entry) && /\/(c|platform)\//.test(entry);

/** The version that the wheel's own folder of metadata is named by. */
const METADATA = /^tensorflow[\w.]*-(\d[\w.+!]*)\.dist-info\/METADATA$/;

/** One that was downloaded and is refused is refused again: it is not kept for the next installation. */
async function discardRefused({ path, downloaded }: FetchedWheel, error: unknown): Promise<void> {
  if (downloaded && error instanceof MlbenchError && error.code === "archive-refused") await discardPart(path);
}

/**
 * Unpacks libtensorflow into `lib` and the C API's headers into `include`; nothing else leaves the archive.
 * @returns TensorFlow's version
 * @throws MlbenchError `archive-refused`
 */
export async function unpackWheel(
  wheel: FetchedWheel,
  folder: string,
  target: { readonly lib: string; readonly include: string },
  signal?: AbortSignal,
): Promise<string> {
  const library = (entry: string): string | undefined => LIBRARIES.find((name) => entry === `tensorflow/${name}`);
  const found = await unpackArchive(wheel.path, join(folder, "unpacking"), {
    ...{ limits, signal, label: wheel.name },
    wanted: (_name, entry) => library(entry) !== undefined || isHeader(entry) || METADATA.test(entry),
  }).catch(async (error: unknown) => {
    await discardRefused(wheel, error);
    throw error;
  });
  let version: string | undefined;
  const missing = new Set<string>(LIBRARIES);
  await mkdir(target.lib, { recursive: true });
  for (const { entry, path } of found) {
    const name = library(entry);
    version ??= METADATA.exec(entry)?.[1];
    if (name !== undefined) await rename(path, join(target.lib, name));
    else if (isHeader(entry)) await place(path, target.include, relative("tensorflow/include", entry));
    if (name !== undefined) missing.delete(name);
  }
  if (missing.size > 0 || version === undefined)
    throw new MlbenchError(
      "archive-refused",
      `${wheel.name}: ${version === undefined ? "no TensorFlow wheel" : `no ${[...missing].join(", no ")} in it`}; wanted is ` +
        "tensorflow-cpu's wheel for Linux",
    );
  return version;
}

async function place(path: string, folder: string, name: string): Promise<void> {
  const target = join(folder, ...name.split(sep));
  await mkdir(dirname(target), { recursive: true });
  await rename(path, target);
}
