/** What `ask` is given: a space for the trial, or options. */
import type { Distribution, SearchSpace } from "../core/index.js";
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

/** @throws UsageError `unknown-option`, `invalid-space`. */
export function askOptionsOf(given: SearchSpace | AskOptions = {}): AskOptions {
  if (isSpace(given)) return { space: parseSpace(given) };
  requireKnownKeys("study.ask", given, askKeys);
  return given.space === undefined ? given : { ...given, space: parseSpace(given.space) };
}
