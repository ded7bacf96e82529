/** A download that goes on where it was interrupted. */
import { constants } from "node:fs";
import { lstat, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { MlbenchError, messageOf } from "../../core/errors.js";
import { makeFolder } from "../../io/make-folder.js";

export interface ResumableDownload {
  readonly url: string;
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The file for the bytes; those there already are gone on with if the server's file is still the same. */
  readonly partPath: string;
  /** @param total null where the server does not say */
  readonly onProgress?: ((received: number, total: number | null) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** A larger file is refused, in bytes. */
  readonly maxBytes: number;
  /** Attempts to take up a broken connection again. */
  readonly retries: number;
  /** Before the first retry; doubled for each further one. */
  readonly retryDelayMs: number;
}

/** The record of a started download, kept beside its bytes. */
interface PartRecord {
  readonly url: string;
  /** A strong ETag or a Last-Modified date: what `If-Range` compares. Null: the download cannot be resumed. */
  readonly validator: string | null;
  readonly total: number | null;
}

const recordPath = (partPath: string): string => `${partPath}.json`;

async function readRecord(partPath: string): Promise<PartRecord | null> {
  try {
    return JSON.parse(await readFile(recordPath(partPath), "utf8")) as PartRecord;
  } catch {
    return null;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

/** Flags for a file of ours: a link that stands in its place is not followed (where the system can be told so). */
function ownFile(mode: "append" | "anew"): number {
  const { O_WRONLY, O_CREAT, O_APPEND, O_TRUNC } = constants;
  const noFollow = (constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0;
  return O_WRONLY | O_CREAT | noFollow | (mode === "append" ? O_APPEND : O_TRUNC);
}

/** @throws MlbenchError `download-failed` for a link in place of the download or of its record */
async function refuseLinks(partPath: string): Promise<void> {
  for (const path of [partPath, recordPath(partPath)])
    if ((await lstat(path).catch(() => null))?.isSymbolicLink())
      throw new MlbenchError("download-failed", `${path} is a symbolic link, and would be written through: remove it`);
}

/** Removes a download's bytes and its record. */
export async function discardPart(partPath: string): Promise<void> {
  await Promise.all([rm(partPath, { force: true }), rm(recordPath(partPath), { force: true })]);
}

function validatorOf(headers: Headers): string | null {
  const etag = headers.get("etag");
  // A weak tag does not promise equal bytes, so it may not be used to put two pieces together (RFC 9110, 13.1.5).
  if (etag !== null && !etag.startsWith("W/")) return etag;
  return headers.get("last-modified");
}

/** `bytes 100-199/200` */
function contentRange(headers: Headers): { start: number; total: number | null } | null {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
  return match ? { start: Number(match[1]), total: match[2] === "*" ? null : Number(match[2]) } : null;
}

/** A failure that trying again may mend. */
class Interrupted extends Error {}

async function request(url: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  try {
    // Without identity, fetch would unpack a gzip encoding and byte positions would mean something else.
    return await fetch(url, { headers: { "accept-encoding": "identity", ...headers }, signal: signal ?? null });
  } catch (error) {
    signal?.throwIfAborted();
    throw new Interrupted(
      `${messageOf(error)}${error instanceof Error && error.cause ? `: ${messageOf(error.cause)}` : ""}`,
    );
  }
}

interface Started {
  readonly response: Response;
  /** Bytes of the file that are already there and stay. */
  readonly offset: number;
  readonly total: number | null;
}

/** Asks for the rest of the file where that is safe, for all of it otherwise. */
async function start(download: ResumableDownload): Promise<Started | "complete"> {
  const { url, partPath, signal } = download;
  const record = await readRecord(partPath);
  const present = await sizeOf(partPath);
  const canResume = record?.url === url && record.validator !== null && present > 0;
  if (canResume && present === record.total) return "complete";
  const partial = canResume ? { range: `bytes=${present}-`, "if-range": record.validator } : {};
  const response = await request(url, { ...download.headers, ...partial }, signal);
  const range = contentRange(response.headers);
  if (canResume && response.status === 206 && range?.start === present)
    return { response, offset: present, total: range.total };
  if (response.status === 200) {
    const length = response.headers.get("content-length");
    return { response, offset: 0, total: length === null ? null : Number(length) };
  }
  await response.body?.cancel();
  if (canResume && (response.status === 206 || response.status === 416)) {
    // The server's file is another one than what was begun.
    await discardPart(partPath);
    return start(download);
  }
  const answer = `the server answered ${response.status} ${response.statusText}`.trimEnd();
  if (response.status >= 500) throw new Interrupted(answer);
  throw new MlbenchError("download-failed", `${url}: ${answer}`);
}

async function receive(download: ResumableDownload, { response, offset, total }: Started): Promise<void> {
  const { url, partPath, onProgress, signal, maxBytes } = download;
  const tooLarge = (bytes: number): MlbenchError =>
    new MlbenchError("download-too-large", `${url}: ${bytes} bytes, more than the ${maxBytes} that are accepted`);
  if (total !== null && total > maxBytes) {
    await response.body?.cancel();
    throw tooLarge(total);
  }
  const record: PartRecord = { url, validator: validatorOf(response.headers), total };
  await writeFile(recordPath(partPath), JSON.stringify(record), { flag: ownFile("anew") });
  let received = offset;
  onProgress?.(received, total);
  const file = await open(partPath, ownFile(offset > 0 ? "append" : "anew"));
  try {
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      if (received + chunk.length > maxBytes) throw tooLarge(received + chunk.length);
      await file.appendFile(chunk);
      received += chunk.length;
      onProgress?.(received, total);
      // Some versions of Node never end a body that is aborted between two chunks.
      signal?.throwIfAborted();
    }
  } catch (error) {
    signal?.throwIfAborted();
    const isOfTheDisk = error instanceof Error && "syscall" in error;
    if (error instanceof MlbenchError || isOfTheDisk) throw error;
    throw new Interrupted(`the connection broke after ${received} bytes: ${messageOf(error)}`);
  } finally {
    await file.close();
  }
  if (total !== null && received < total)
    throw new Interrupted(`the connection ended after ${received} of ${total} bytes`);
}

/**
 * Downloads a file, going on where an earlier call was interrupted: the bytes stay in `partPath`, what identifies the
 * server's file (ETag or Last-Modified) beside them, and the rest is asked for with `Range` and `If-Range`, so that a
 * changed file or a server without ranges starts anew.
 * @throws MlbenchError `download-failed`, `download-interrupted` (the same call goes on), `download-too-large`
 * @throws the signal's reason when aborted; the bytes stay
 */
export async function downloadResumably(download: ResumableDownload): Promise<void> {
  await makeFolder(dirname(download.partPath));
  await refuseLinks(download.partPath);
  for (let attempt = 0; ; attempt++) {
    download.signal?.throwIfAborted();
    try {
      const started = await start(download);
      if (started !== "complete") await receive(download, started);
      return;
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      if (attempt >= download.retries)
        throw new MlbenchError("download-interrupted", `${download.url}: ${error.message}; the same command goes on`, {
          cause: error,
        });
      await delay(download.retryDelayMs * 2 ** attempt, undefined, download.signal ? { signal: download.signal } : {});
    }
  }
}
