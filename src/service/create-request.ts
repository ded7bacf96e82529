/** A study as a request asks for it, made what the library takes; nothing in it reaches a file that is not allowed. */
import { realpath } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import type { z } from "zod";
import { presetNames } from "../app/study-config.js";
import { didYouMean, UsageError } from "../core/index.js";
import type { ListedEntry } from "../app/views/registry-lists.js";
import { ServiceError } from "./problem.js";
import type { createRequest } from "./schemas/studies.js";

/** The body of POST /studies, checked. */
export type CreateBody = z.output<typeof createRequest>;

/** The keys that have another name in the library. */
const renamed: Readonly<Record<string, string>> = {
  preset: "config",
  default_space: "defaultSpace",
  force_direction: "forceDirection",
  prune_by: "pruneBy",
  trial_value: "trialValue",
  on_nan: "onNan",
  on_duplicate: "onDuplicate",
  dry_run_pruner: "dryRunPruner",
};

/** What decides which files a request may name. */
export interface Allowed {
  /** Folders, absolute and resolved. */
  readonly allow: readonly string[];
  /** Where relative paths start: the storage's folder. */
  readonly base: string;
  /** The names of parameters that are files or folders. */
  readonly paths: ReadonlySet<string>;
}

/** The parameters of datasets and models that are files or folders. */
export function pathParameters(entries: readonly ListedEntry[]): ReadonlySet<string> {
  const named = entries.flatMap(({ parameters }) => parameters.filter((one) => one.is_path).map(({ name }) => name));
  return new Set(named.flatMap((name) => [name, name.slice(name.indexOf(".") + 1)]));
}

/**
 * The options of `createStudy` for a request.
 * @throws ServiceError `not-allowed` | UsageError `unknown-preset`.
 */
export async function createOptions(body: CreateBody, allowed: Allowed): Promise<Record<string, unknown>> {
  const { dry_run: _dry, terminator, ...given } = body;
  await requirePreset(given.preset);
  await requireAllowed(given, allowed);
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) if (value !== undefined) options[renamed[key] ?? key] = value;
  if (terminator !== undefined)
    options["terminator"] = typeof terminator === "boolean" ? terminator : { minTrials: terminator.min_trials };
  return options;
}

/** A preset's name only: a file is none of a request's. */
async function requirePreset(preset: string | undefined): Promise<void> {
  if (preset === undefined) return;
  const known = await presetNames();
  if (known.includes(preset)) return;
  const hint = didYouMean(preset, known);
  throw new UsageError("unknown-preset", `unknown preset "${preset}":${hint} presets: ${known.join(", ")}`);
}

async function requireAllowed(given: Omit<CreateBody, "dry_run" | "terminator">, allowed: Allowed): Promise<void> {
  const { objective, plugins = [], command, params = {}, fix = {}, search = {} } = given;
  if (command !== undefined && allowed.allow.length === 0) throw notAllowed("command");
  if (objective !== undefined) await requireFile("objective", objective, allowed);
  for (const plugin of plugins) await requireFile("plugins", plugin, allowed);
  const fixed = Array.isArray(fix) ? fix.map(assigned) : Object.entries(fix);
  for (const [name, value] of [...Object.entries(params), ...fixed])
    if (allowed.paths.has(name)) for (const path of [value].flat()) await requireFile(name, String(path), allowed);
  const searched = Array.isArray(search) ? search.map((text) => assigned(text)[0]) : Object.keys(search);
  for (const name of searched) if (allowed.paths.has(name)) throw notAllowed(name);
}

/** `data.path=/etc` as name and value. */
function assigned(text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  return at < 0 ? [text.trim(), ""] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** @throws ServiceError `not-allowed` for what is not in a folder of `--allow`, links followed. */
async function requireFile(what: string, path: string, { allow, base }: Allowed): Promise<void> {
  if (allow.length === 0) throw notAllowed(what);
  const asked = isAbsolute(path) ? path : resolve(base, path);
  const real = await realpath(asked).catch(() => null);
  const inside = (folder: string): boolean => {
    if (real === null) return false;
    const from = relative(folder, real);
    return from === "" || (from !== ".." && !from.startsWith(`..${sep}`) && !isAbsolute(from));
  };
  if (!allow.some((folder) => inside(join(folder)))) throw notAllowed(what);
}

function notAllowed(what: string): ServiceError {
  return new ServiceError(
    "not-allowed",
    403,
    `${what}: requests may name files only in folders that the service was started with: --allow DIR`,
  );
}
