/** How a service is named: its URL, and the token that it is asked with. */
import { readFile } from "node:fs/promises";
import { messageOf, UsageError } from "../core/index.js";

/** A service, and who asks it. */
export interface ServerAddress {
  /** Without a trailing slash, and without the token. */
  readonly url: string;
  /** Null: none was given. */
  readonly token: string | null;
}

const EXPECTED = "expected the URL of a service, such as http://127.0.0.1:7070";

/**
 * A service's URL, with its token as the fragment perhaps: `http://127.0.0.1:7070#token=…`.
 * @param source what it was given by, for messages
 * @throws UsageError `invalid-server`.
 */
export function parseServer(text: string, source = "--server"): ServerAddress {
  const wrong = (why: string): UsageError =>
    // What stands behind the # may be a token.
    new UsageError("invalid-server", `${source} ${withoutFragment(text)}: ${why}`);
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    throw wrong(EXPECTED);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") throw wrong(EXPECTED);
  if (url.username !== "" || url.password !== "")
    throw new UsageError("invalid-server", `${source}: no user or password goes into the URL: a service takes a token`);
  if (url.search !== "") throw wrong("no query goes into the URL; a token is its fragment, as in #token=…");
  const token = new URLSearchParams(url.hash.slice(1)).get("token");
  if (url.hash !== "" && !token) throw wrong("behind the # nothing but token=… is expected");
  const path = url.pathname.replace(/\/+$/, "").replace(/\/api\/v1$/, "");
  return { url: `${url.origin}${path}`, token: token && requireToken(token, source) };
}

/** Whether a storage's location is a service. */
export function isServer(location: string): boolean {
  return /^https?:/i.test(location);
}

/** A location as it is shown: a service's without its token. */
export function withoutFragment(location: string): string {
  const [before = ""] = location.split("#");
  return before;
}

/** A location that says which service is meant, and how it is asked. */
export function locationOf({ url, token }: ServerAddress): string {
  return token === null ? url : `${url}#token=${encodeURIComponent(token)}`;
}

/** What no header can carry is no token. @throws UsageError `invalid-token`. */
function requireToken(token: string, source: string): string {
  if (/^[\x21-\x7e]{1,512}$/.test(token)) return token;
  throw new UsageError("invalid-token", `${source}: that is no token: expected 1 to 512 printable ASCII characters`);
}

/** @throws UsageError `invalid-token`. */
export async function readTokenFile(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError("invalid-token", `--token-file ${path}: ${messageOf(error)}`, { cause: error });
  }
  return requireToken(text.trim(), `--token-file ${path}`);
}

/**
 * The token of `MLBENCH_HPO_TOKEN`; null where it is not set.
 * @throws UsageError `invalid-token`.
 */
export function tokenOfEnvironment(): string | null {
  const token = process.env["MLBENCH_HPO_TOKEN"];
  return token === undefined || token === "" ? null : requireToken(token, "MLBENCH_HPO_TOKEN");
}
