/** Datasets built from a source's tables: parameters, columns, windows, parts, normalisation. */
import { createHash } from "node:crypto";
import type { CellTables, Dataset, DatasetMetadata, KnownKeys, SplitName } from "../core/index.js";
import { UsageError, canonicalJson, deriveSeed, didYouMean, requireKnownKeys } from "../core/index.js";
import type { QualifiedParameter } from "../registry/index.js";
import { parseParameters, qualify } from "../registry/index.js";
import { z } from "zod";
import { tableCache } from "./cache.js";
import type { DatasetSource } from "./dataset.js";
import { WindowSplit } from "./loader.js";
import { normalisationOf, normaliseRows } from "./normalisation.js";
import { datasets } from "./registry.js";
import type { Parts } from "./splits.js";
import { splitWindows } from "./splits.js";
import type { TaskParameters } from "./task.js";
import { listOf, taskParameters } from "./task.js";
import type { Rows, Windows } from "./windows.js";
import { cutWindows, gatherRows } from "./windows.js";

/** The schemas made by {@link dataSchema}, by the source's own. */
const dataSchemas = new WeakMap<z.ZodObject, z.ZodObject>();

/** The source's own parameters, then those of the task; what a source declares again replaces the task's. */
export function dataSchema(name: string): z.ZodObject {
  const { parameters } = datasets.get(name);
  const known = dataSchemas.get(parameters);
  if (known) return known;
  const own = parameters.shape as Record<string, z.ZodType>;
  const task = Object.entries(taskParameters.shape).map(([key, schema]) => [key, own[key] ?? schema] as const);
  const only = Object.entries(own).filter(([key]) => !Object.hasOwn(taskParameters.shape, key));
  const schema = z.object(Object.fromEntries([...only, ...task]));
  dataSchemas.set(parameters, schema);
  return schema;
}

/**
 * Every parameter of a dataset by its qualified name (`data.window`), the source's own first.
 * @throws UsageError `unknown-dataset`
 */
export function dataParameters(name: string): QualifiedParameter[] {
  return qualify("data", dataSchema(name));
}

export interface LoadOptions {
  /** Derives the streams `data` and `split` where `generator_seed` and `split_seed` are not given. @default 0 */
  readonly seed?: number;
  /** Relative paths start here. @default the current folder */
  readonly baseDir?: string;
}

export interface BuildOptions extends LoadOptions {
  /** Tables of an earlier {@link loadTables}, as a worker thread gets them: nothing is read or copied. */
  readonly tables?: CellTables;
  /** Windows shorter than this are cut where windows of this length exist. @default the window itself */
  readonly alignWindow?: number;
  /** Further sets of features that `data.features` may name. */
  readonly featureSets?: Readonly<Record<string, readonly string[]>>;
}

const loadKeys: KnownKeys<LoadOptions> = { seed: true, baseDir: true };
const buildKeys: KnownKeys<BuildOptions> = { ...loadKeys, tables: true, alignWindow: true, featureSets: true };

interface Resolved {
  readonly own: Readonly<Record<string, unknown>>;
  readonly task: TaskParameters;
}

function resolve(name: string, params: Readonly<Record<string, unknown>>, seed: number): Resolved {
  const values = parseParameters("data", dataSchema(name), params, `dataset "${name}"`);
  const isTask = ([key]: [string, unknown]): boolean => Object.hasOwn(taskParameters.shape, key);
  const entries = Object.entries(values);
  const own = Object.fromEntries(entries.filter((entry) => !isTask(entry)));
  if (own["generator_seed"] === null) own["generator_seed"] = deriveSeed(seed, "data");
  return { own, task: Object.fromEntries(entries.filter(isTask)) as TaskParameters };
}

async function loadResolved(name: string, source: DatasetSource, { own }: Resolved, baseDir: string) {
  return tableCache.get([name, own, baseDir], () => source.load(own, { baseDir }));
}

/**
 * Parses a dataset's tables, once a process for the same parameters; a failed load is tried again by the next call.
 * @param params as for {@link buildDataset}; those of the task have no bearing
 * @throws UsageError for an unknown dataset or parameter, an invalid value, or what the source could not find
 */
export async function loadTables(
  name: string,
  params: Readonly<Record<string, unknown>> = {},
  options: LoadOptions = {},
): Promise<CellTables> {
  requireKnownKeys("loadTables", options, loadKeys);
  const resolved = resolve(name, params, options.seed ?? 0);
  return loadResolved(name, await datasets.get(name).load(), resolved, options.baseDir ?? process.cwd());
}

/**
 * The files that a dataset reads, absolute; none for one that is generated.
 * @param params as for {@link buildDataset}
 * @throws UsageError as {@link loadTables}
 */
export async function dataFiles(
  name: string,
  params: Readonly<Record<string, unknown>> = {},
  options: LoadOptions = {},
): Promise<readonly string[]> {
  const { own } = resolve(name, params, options.seed ?? 0);
  const source = await datasets.get(name).load();
  return (await source.files?.(own, { baseDir: options.baseDir ?? process.cwd() })) ?? [];
}

/** The columns that `data.features` names. */
function chosenColumns(tables: CellTables, features: string | readonly string[], sets: BuildOptions["featureSets"]) {
  const known = tables.featureNames;
  const named = listOf(features);
  const only = named.length === 1 ? (named[0] as string) : "";
  const chosen = only === "all" ? known : sets && Object.hasOwn(sets, only) ? (sets[only] ?? []) : named;
  if (chosen.length === 0) throw new UsageError("invalid-parameter", "data.features is empty: name at least one");
  return [...new Set(chosen)].map((feature) => {
    const column = known.indexOf(feature);
    if (column >= 0) return column;
    const hint = didYouMean(feature, [...known, ...Object.keys(sets ?? {})]);
    throw new UsageError(
      "unknown-feature",
      `unknown feature "${feature}" of dataset "${tables.source}":${hint} known: all, ${known.join(", ")}`,
    );
  });
}

/** Over the numbers and the task as it came out: equal hashes mean equal windows in equal parts. */
function hashOf(
  tables: CellTables,
  columns: readonly number[],
  { window, horizon, eol }: TaskParameters,
  windows: Windows,
  parts: Parts,
): string {
  const hash = createHash("sha256").update(canonicalJson([tables.hash, columns, window, horizon, eol]));
  for (const numbers of [windows.end, parts.train, parts.val, parts.test])
    hash.update(`${numbers.length}:`).update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  return hash.digest("hex");
}

function warningsOf(tables: CellTables, rows: Rows, task: TaskParameters, parts: Parts): string[] {
  const warnings = [...tables.warnings];
  if (task.split === "random")
    warnings.push(
      "split random: windows overlap their neighbours in the other part, so validation errors are too small",
    );
  if (rows.dropped > 0) warnings.push(`${rows.dropped} rows without SOH are left out, as missing cycles`);
  if (rows.filled > 0) warnings.push(`${rows.filled} missing feature values take the cell's last known value`);
  if (task.test_split !== null && parts.test.length === 0)
    warnings.push(`test_split ${task.test_split} is too small a share to hold a window`);
  return warnings;
}

function requireWindows(parts: Parts, tables: CellTables, task: TaskParameters, align: number): void {
  const needs = `a cell needs ${Math.max(task.window, align)} + ${task.horizon} cycles for one window`;
  const lengths = tables.cells.map((cell) => `${cell.cell} ${cell.cycles.length}`);
  const listed = lengths.length > 8 ? [...lengths.slice(0, 8), "…"] : lengths;
  for (const part of ["train", "val"] as const)
    if (parts[part].length === 0)
      throw new UsageError(
        "no-windows",
        `the ${part === "train" ? "training" : "validation"} part has no windows: ${needs}` +
          `${task.split === "by-cell" ? "" : `, and parts in time stay ${task.horizon} apart`} (cycles: ${listed.join(", ")})`,
      );
}

/**
 * Cuts a dataset into windows and parts. Tables are parsed once a process; the rest takes milliseconds and holds one
 * float32 copy of the rows, whatever the number of windows.
 * @param params the dataset's and the task's parameters, bare (`window`) or qualified (`data.window`)
 * @throws UsageError in one line for anything that the user can mend
 */
export async function buildDataset(
  name: string,
  params: Readonly<Record<string, unknown>> = {},
  options: BuildOptions = {},
): Promise<Dataset> {
  requireKnownKeys("buildDataset", options, buildKeys);
  const { seed = 0, baseDir = process.cwd() } = options;
  const resolved = resolve(name, params, seed);
  const source = await datasets.get(name).load();
  const tables = options.tables ?? (await loadResolved(name, source, resolved, baseDir));
  const { task } = resolved;
  const { window, horizon, stride } = task;
  const alignWindow = Math.max(window, options.alignWindow ?? 0);
  const columns = chosenColumns(tables, task.features, { ...source.featureSets, ...options.featureSets });
  const rows = gatherRows(tables, columns);
  const windows = cutWindows(rows, { window, horizon, stride, alignWindow });
  const cells = tables.cells.map((cell) => cell.cell);
  const splitSeed = task.split_seed ?? deriveSeed(seed, "split");
  const parts = splitWindows({ windows, cells, horizon, task, seed: splitSeed });
  requireWindows(parts, tables, task, alignWindow);
  const normalisation = normalisationOf(rows, windows, parts.train, { window, horizon });
  const content = { rows, inputs: normaliseRows(rows, normalisation), soh: Float32Array.from(rows.soh) };
  const splits = new Map(
    (["train", "val", "test"] as const).map((part) => [
      part,
      new WindowSplit(part, { ...content, windows, window, horizon }, parts[part]),
    ]),
  );
  const metadata: DatasetMetadata = {
    name,
    featureNames: columns.map((c) => tables.featureNames[c] as string),
    featureUnits: columns.map((c) => tables.featureUnits[c] as string),
    target: `SOH path over the next ${horizon} cycles`,
    window,
    horizon,
    eol: task.eol,
    cells,
    counts: { train: parts.train.length, val: parts.val.length, test: parts.test.length },
    provenance: tables.provenance,
    hash: hashOf(tables, columns, task, windows, parts),
    warnings: warningsOf(tables, rows, task, parts),
  };
  return { metadata, normalisation, tables, split: (part: SplitName) => splits.get(part) as WindowSplit };
}
