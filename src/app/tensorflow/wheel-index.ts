/** A wheel's address, asked of a package index. */
import { MlbenchError, messageOf, UsageError, withoutSecrets } from "../../core/index.js";
import type { WheelSource } from "./sources.js";

export interface WheelAddress {
  readonly url: string;
  /** For an index that wants to know who asks. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A page of an index is some hundred kilobytes. */
const MAX_PAGE_BYTES = 32 * 2 ** 20;

/** An address without its user and password, which `fetch` refuses, and the header that says the same. */
export function withCredentials(address: string): WheelAddress {
  const url = new URL(address);
  const { username, password } = url;
  url.username = url.password = "";
  const pair = [username, password].map(decodeURIComponent).join(":");
  const headers: Record<string, string> =
    username === "" ? {} : { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
  return { url: url.href, headers };
}

/**
 * Looks a file up in an index: as JSON (PEP 691) where it has that, else in its HTML (PEP 503).
 * @param index where projects are found, as pip's `--index-url`
 * @throws MlbenchError `download-failed`, UsageError `invalid-url`
 */
export async function findWheel(
  index: string,
  { project, file }: WheelSource,
  signal?: AbortSignal,
): Promise<WheelAddress> {
  const shown = withoutSecrets(index);
  if (!URL.canParse(index) || !/^https?:$/.test(new URL(index).protocol))
    throw new UsageError(
      "invalid-url",
      `PIP_INDEX_URL: expected an http or https address, got ${JSON.stringify(shown)}`,
    );
  const { url, headers } = withCredentials(`${index.replace(/\/+$/, "")}/${project}/`);
  const page = await fetchPage(url, headers, shown, signal);
  const href = hrefOf(page, file);
  if (href === undefined)
    throw new MlbenchError(
      "download-failed",
      `${shown} has no ${file}: --wheel takes a file or an address of your own`,
    );
  const address = new URL(href, page.url);
  address.hash = "";
  return { url: address.href, headers: address.origin === new URL(url).origin ? headers : {} };
}

interface Page {
  readonly url: string;
  readonly type: string;
  readonly text: string;
}

async function fetchPage(
  url: string,
  headers: Readonly<Record<string, string>>,
  shown: string,
  signal?: AbortSignal,
): Promise<Page> {
  const remedy = "--wheel FILE takes a wheel that was downloaded elsewhere";
  try {
    const accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.5";
    const response = await fetch(url, { headers: { accept, ...headers }, signal: signal ?? null });
    if (!response.ok) {
      await response.body?.cancel();
      const answer = `${response.status} ${response.statusText}`.trimEnd();
      throw new MlbenchError("download-failed", `${shown}: the server answered ${answer}; ${remedy}`);
    }
    return { url: response.url, type: response.headers.get("content-type") ?? "", text: await textOf(response) };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof MlbenchError) throw error;
    const cause = error instanceof Error && error.cause ? `: ${messageOf(error.cause)}` : "";
    throw new MlbenchError("download-failed", `${shown} cannot be reached: ${messageOf(error)}${cause}; ${remedy}`, {
      cause: error,
    });
  }
}

async function textOf(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += piece.length;
    if (bytes > MAX_PAGE_BYTES) throw new Error(`its page is larger than ${MAX_PAGE_BYTES / 2 ** 20} MB`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function hrefOf({ type, text }: Page, file: string): string | undefined {
  if (/json/.test(type)) {
    const { files } = JSON.parse(text) as { files?: { filename?: unknown; url?: unknown }[] };
    const found = files?.find(({ filename }) => filename === file)?.url;
    return typeof found === "string" ? found : undefined;
  }
  for (const [, attributes = "", name = ""] of text.matchAll(/<a\s([^>]*)>([^<]*)<\/a>/gi))
    if (name.trim() === file) return /href\s*=\s*["']([^"']*)["']/i.exec(attributes)?.[1]?.replaceAll("&amp;", "&");
  return undefined;
}
