/** What `ask` is given: a space for the trial, or options. */
import type { Distribution, SearchSpace } from "../core/index.js";
import { UsageError } from "../core/index.js";
import { requireKnownKeys } from "../core/known-keys.js";
import { parseSpace } from "../search-space/space-json.js";
import { askKeys } from "./commands.js";
import type { AskOptions } from "./commands.js";

function isDistribution(value: unknown): value is Distribution {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** A space has nothing but distributions; whatever else is given are options. */
function isSpace(given: SearchSpace | AskOptions): given is SearchSpace {
  const values = Object.values(given as Readonly<Record<string, unknown>>);
  return values.length > 0 && values.every(isDistribution);
}

const KEY_LENGTH = 255;
const WORKER_LENGTH = 200;

function checkRequest({ lease, key, worker }: AskOptions): void {
  if (lease !== undefined && !(Number.isFinite(lease) && lease > 0))
    throw new UsageError("invalid-option", `lease must be a number of seconds above 0, got ${lease}`);
  // It is shown in terminals.
  if (worker !== undefined && !(isText(worker, WORKER_LENGTH) && !/\p{Cc}/u.test(worker)))
    throw new UsageError("invalid-option", `worker must be a text of 1 to ${WORKER_LENGTH} printable characters`);
  if (key === undefined) return;
  if (!isText(key, KEY_LENGTH))
    throw new UsageError("invalid-option", `key must be a text of 1 to ${KEY_LENGTH} characters`);
  if (lease === undefined)
    throw new UsageError("invalid-option", "a trial is asked for with a key under a lease only: give lease as well");
}

function isText(value: unknown, longest: number): boolean {
  return typeof value === "string" && value.length > 0 && value.length <= longest;
}

/** @throws UsageError `unknown-option`, `invalid-option`, `invalid-space`. */
export function askOptionsOf(given: SearchSpace | AskOptions = {}): AskOptions {
  if (isSpace(given)) return { space: parseSpace(given) };
  requireKnownKeys("study.ask", given, askKeys);
  checkRequest(given);
  return given.space === undefined ? given : { ...given, space: parseSpace(given.space) };
}
