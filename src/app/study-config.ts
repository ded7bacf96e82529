/** Study files: what they may say, checked. */
import { dirname, isAbsolute, resolve } from "node:path";
import { z } from "zod";
import { categorical } from "../core/distribution.js";
import type { Distribution, ParamValue } from "../core/distribution.js";
import { UsageError, messageOf } from "../core/errors.js";
import type { ConfigValue } from "../core/run.js";
import { readYaml } from "../io/yaml.js";
import { parseDistributionJson } from "../search-space/space-json.js";
import { onDuplicateRules, onNanRules, trialValueRules } from "../core/study.js";
import type { ComponentSpec, OnDuplicate, OnNan, TrialValueRule } from "../core/study.js";
import { directionNames } from "../core/trial.js";
import type { Direction, Folds } from "../core/trial.js";
import { didYouMean } from "../core/nearest.js";
import type { DeclaredSearch } from "../search-space/derived-space.js";
import { TERMINATOR_LEAST_TRIALS } from "../study/terminator.js";
import { studyConfigPath } from "./presets.js";

/** A study file, checked. What it leaves out is absent. */
export interface StudyConfig {
  readonly name?: string;
  readonly model?: string | readonly string[];
  readonly dataset?: string;
  /** Absolute. */
  readonly objective?: string;
  /** A line, or its words. */
  readonly command?: string | readonly string[];
  readonly shell?: boolean;
  /** Absolute. */
  readonly cwd?: string;
  readonly report_pattern?: string;
  /** Absolute where they are files beside the study file. */
  readonly plugins?: readonly string[];
  /** As `deriveSpace` takes it. */
  readonly search?: readonly (string | DeclaredSearch)[];
  /** The keys `params` and `fix` together: by parameter name. */
  readonly fixed?: Readonly<Record<string, ConfigValue>>;
  readonly sampler?: ComponentSpec;
  readonly pruner?: ComponentSpec;
  readonly direction?: Direction;
  /** `NAME` or `NAME:minimize`, or several. */
  readonly metric?: string | readonly string[];
  readonly objectives?: readonly { readonly metric: string; readonly direction?: Direction }[];
  readonly constraints?: readonly string[];
  readonly prune_by?: string;
  readonly force_direction?: boolean;
  readonly seed?: number;
  readonly trial_value?: TrialValueRule;
  readonly on_nan?: OnNan;
  readonly on_duplicate?: OnDuplicate;
  readonly dry_run_pruner?: boolean;
  readonly folds?: Folds | "none";
  readonly seeds?: number;
  /** A study in the new one's storage. */
  readonly from?: string | { readonly name: string; readonly top?: number | undefined };
  readonly terminator?: boolean | { readonly min_trials?: number | undefined };
}

const scalar = z.union([z.number(), z.string(), z.boolean(), z.null()]);
/** Names, such as cells': those that look like numbers need no quotes. */
const names = z.array(z.union([z.string(), z.number(), z.boolean()]).transform(String));
const values = z.record(z.string(), z.union([scalar, names]));
const component = z.union([
  z.string(),
  z.strictObject({ name: z.string(), options: z.record(z.string(), z.unknown()).optional() }),
]);
const choices = z.array(z.union([scalar, z.array(z.string())])).min(1);
const searched = z.union([z.literal(true), z.string(), choices, z.looseObject({ type: z.string() })]);

const direction = z.enum(directionNames);

/** Folds, or seeds: a model each is in memory at once. */
const MOST_PARTS = 1000;

/** Trials of another study: a study carries them in its head. */
export const MOST_PRIOR = 1000;

const schema = z.strictObject({
  name: z.string().optional(),
  model: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  dataset: z.string().optional(),
  objective: z.string().optional(),
  command: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  shell: z.boolean().optional(),
  cwd: z.string().optional(),
  report_pattern: z.string().optional(),
  plugins: z.array(z.string()).optional(),
  params: values.optional(),
  fix: values.optional(),
  search: z.union([z.array(z.string()), z.record(z.string(), searched)]).optional(),
  sampler: component.optional(),
  pruner: component.optional(),
  direction: direction.optional(),
  metric: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  objectives: z
    .array(z.strictObject({ metric: z.string(), direction: direction.optional() }))
    .min(1)
    .optional(),
  constraints: z.array(z.string()).optional(),
  prune_by: z.string().optional(),
  force_direction: z.boolean().optional(),
  seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  trial_value: z.enum(trialValueRules).optional(),
  on_nan: z.enum(onNanRules).optional(),
  on_duplicate: z.enum(onDuplicateRules).optional(),
  dry_run_pruner: z.boolean().optional(),
  folds: z.union([z.enum(["cells", "none"]), z.number().int().min(2).max(MOST_PARTS)]).optional(),
  seeds: z.number().int().min(1).max(MOST_PARTS).optional(),
  from: z
    .union([z.string(), z.strictObject({ name: z.string(), top: z.number().int().min(1).max(MOST_PRIOR).optional() })])
    .optional(),
  terminator: z
    .union([z.boolean(), z.strictObject({ min_trials: z.number().int().min(TERMINATOR_LEAST_TRIALS).optional() })])
    .optional(),
});

type Raw = z.output<typeof schema>;

/** What a study file holds, as it is written. */
export type StudyFile = Omit<z.input<typeof schema>, "search"> & {
  readonly search?:
    | readonly string[]
    | Readonly<Record<string, true | string | readonly (ParamValue | readonly string[])[] | Distribution>>
    | undefined;
};

/** `fail, prune or worst` */
function anyOf(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

/** What the keys of a study file may hold, for messages where a union says only that nothing fits. */
const expected: Readonly<Record<string, string>> = {
  model: "a name or a list of names",
  command: "a line such as python train.py --lr {lr}, or a list of its words",
  shell: "true or false",
  cwd: "a folder",
  report_pattern: "a regular expression with the groups step and value",
  params: "names with values, as in train.epochs: 50",
  fix: "names with values, as in train.epochs: 50",
  search:
    "a list as for --search, or names with true, a range such as log:1e-5..1e-1, a list of choices or a distribution",
  metric: "a name or a list of names, each with :minimize or :maximize where that is not the metric's own",
  objectives: "a list of metric and direction, as in [{ metric: val_rmse, direction: minimize }]",
  constraints: "a list of conditions, as in ['parameters <= 50000']",
  sampler: "a name, or name and options",
  pruner: "a name, or name and options",
  plugins: "a list of files or packages",
  prune_by: "a metric's name, with :minimize or :maximize where that is not its own",
  force_direction: "true or false",
  direction: anyOf(directionNames),
  trial_value: anyOf(trialValueRules),
  on_nan: anyOf(onNanRules),
  on_duplicate: anyOf(onDuplicateRules),
  dry_run_pruner: "true or false",
  folds: `cells, none, or how many (2 to ${MOST_PARTS})`,
  seeds: `a whole number from 1 to ${MOST_PARTS}`,
  from: `a study's name, or name and top (1 to ${MOST_PRIOR})`,
  terminator: `true, false, or { min_trials: N } with N from ${TERMINATOR_LEAST_TRIALS} on`,
};

function invalid(source: string, what: string, cause?: unknown): UsageError {
  return new UsageError("invalid-config", `${source}: ${what}`, cause === undefined ? {} : { cause });
}

/** The keys of what stands within a key. */
const nested: Readonly<Record<string, readonly string[]>> = {
  objectives: ["metric", "direction"],
  sampler: ["name", "options"],
  pruner: ["name", "options"],
  from: ["name", "top"],
  terminator: ["min_trials"],
};

/** The first key that nobody knows, with where it stands; in a union each branch has its say. */
function unknownKey(issues: readonly z.core.$ZodIssue[]): { readonly key: string; readonly path: string } | null {
  for (const issue of issues) {
    if (issue.code === "unrecognized_keys") return { key: issue.keys[0] as string, path: issue.path.join(".") };
    const inner = issue.code === "invalid_union" ? unknownKey(issue.errors.flat()) : null;
    if (inner) return { key: inner.key, path: [...issue.path, inner.path].filter((part) => part !== "").join(".") };
  }
  return null;
}

/** Where the first thing stands that does not fit; of a union's branches the one speaks that got deepest. */
function placeOf(issue: z.core.$ZodIssue): readonly PropertyKey[] {
  if (issue.code !== "invalid_union") return issue.path;
  const places = issue.errors.flat().map(placeOf);
  const deepest = places.reduce((most, place) => (place.length > most.length ? place : most), []);
  return [...issue.path, ...deepest];
}

/** `train.lr is {"a":1}`, `entry 2 is 5`: what stands within a key and does not fit; null: all of it. */
function entryInWords(data: unknown, [key, ...place]: readonly PropertyKey[]): string | null {
  let value = (data as Record<PropertyKey, unknown>)[key as PropertyKey];
  const words: string[] = [];
  for (const part of place) {
    const inner: unknown = (value as Record<PropertyKey, unknown>)[part];
    if (inner === undefined) break;
    words.push(typeof part === "number" ? `entry ${part + 1}` : String(part));
    value = inner;
  }
  if (words.length === 0) return null;
  return `${words.join(", ")} is ${typeof value === "number" ? value : JSON.stringify(value)}`;
}

function schemaError(source: string, error: z.ZodError, data: unknown): UsageError {
  const unknown = unknownKey(error.issues);
  if (unknown) {
    const known =
      unknown.path === "" ? Object.keys(schema.shape) : (nested[unknown.path.split(".", 1)[0] as string] ?? []);
    const place = unknown.path === "" ? "" : ` in ${unknown.path}`;
    return invalid(
      source,
      `unknown key "${unknown.key}"${place}:${didYouMean(unknown.key, known)} known: ${known.join(", ")}`,
    );
  }
  const issue = error.issues[0] as z.core.$ZodIssue;
  const key = String(issue.path[0] ?? "");
  const wanted = expected[key] ?? issue.message;
  if (key === "") return invalid(source, "expected keys such as model, dataset, search");
  const entry = entryInWords(data, placeOf(issue));
  return invalid(source, entry === null ? `${key}: ${wanted}` : `${key}: ${entry}; expected ${wanted}`);
}

/**
 * Refuses a value that a study file could not have under a key.
 * @param what where it was given, for messages: `createStudy: onNan`
 * @throws UsageError `invalid-option`.
 */
export function checkValueOf(key: keyof StudyFile, value: unknown, what: string): void {
  const field: z.ZodType = schema.shape[key];
  const parsed = field.safeParse(value);
  if (parsed.success) return;
  const wanted = expected[key] ?? (parsed.error.issues[0] as z.core.$ZodIssue).message;
  throw new UsageError("invalid-option", `${what}: expected ${wanted}, got ${JSON.stringify(value) ?? String(value)}`);
}

function parseSearch(search: Raw["search"], source: string): (string | DeclaredSearch)[] {
  if (search === undefined || Array.isArray(search)) return search ?? [];
  return Object.entries(search).map(([name, wanted]) => {
    if (wanted === true) return name;
    if (typeof wanted === "string") return `${name}=${wanted}`;
    if (!Array.isArray(wanted))
      return { name, distribution: parseDistributionJson(wanted, `${source}: search.${name}`) };
    const named = wanted.map((choice): ParamValue => (Array.isArray(choice) ? choice.join("+") : choice));
    try {
      return { name, distribution: categorical(named) };
    } catch (error) {
      throw invalid(source, `search.${name}: ${messageOf(error)}`, error);
    }
  });
}

function fixedOf({ params = {}, fix = {} }: Raw, source: string): Record<string, ConfigValue> {
  const twice = Object.keys(params).find((name) => Object.hasOwn(fix, name));
  if (twice !== undefined) throw invalid(source, `${twice} is given under params and under fix`);
  return { ...params, ...fix };
}

function componentOf(given: Raw["sampler"]): ComponentSpec | undefined {
  if (given === undefined) return undefined;
  return typeof given === "string" ? { name: given, options: {} } : { name: given.name, options: given.options ?? {} };
}

/** Relative paths of a file start at its folder; a plug-in may also be an installed package. */
function resolvePaths(raw: Raw, folder: string): Pick<StudyConfig, "objective" | "cwd" | "plugins"> {
  const beside = (path: string): string =>
    isAbsolute(path) || path.startsWith("file:") ? path : resolve(folder, path);
  return {
    ...(raw.objective === undefined ? {} : { objective: beside(raw.objective) }),
    ...(raw.cwd === undefined ? {} : { cwd: resolve(folder, raw.cwd) }),
    ...(raw.plugins ? { plugins: raw.plugins.map((p) => (p.startsWith(".") ? beside(p) : p)) } : {}),
  };
}

/**
 * The data of a study file, checked.
 * @param source what to call it in messages
 * @param folder where its relative paths start
 * @throws UsageError `invalid-config` or `invalid-space`, in one line
 */
export function checkStudyConfig(data: unknown, source: string, folder: string): StudyConfig {
  const parsed = schema.safeParse(data ?? {});
  if (!parsed.success) throw schemaError(source, parsed.error, data);
  const { params, fix, search, sampler, pruner, ...plain } = parsed.data;
  const config = {
    ...plain,
    ...resolvePaths(parsed.data, folder),
    ...(search === undefined ? {} : { search: parseSearch(search, source) }),
    ...(params || fix ? { fixed: fixedOf(parsed.data, source) } : {}),
    sampler: componentOf(sampler),
    pruner: componentOf(pruner),
  };
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}

/**
 * A study file by its path, or a preset (`studies/presets/`) by its name.
 * @param directory where a relative path starts
 * @throws UsageError `unknown-preset`, `config-not-found`, `invalid-config`, `invalid-space`
 */
export async function loadStudyConfig(nameOrPath: string, directory = "."): Promise<StudyConfig> {
  const path = await studyConfigPath(nameOrPath, directory);
  const source = `--config ${nameOrPath}`;
  return checkStudyConfig(await readYaml(path, source), source, dirname(path));
}
