/** The parameters of a dataset, and the tables and files that its source makes of them. */
import { stat } from "node:fs/promises";
import type { CellTables, KnownKeys } from "../core/index.js";
import { deriveSeed, requireKnownKeys } from "../core/index.js";
import type { QualifiedParameter } from "../registry/index.js";
import { parseParameters, qualify } from "../registry/index.js";
import { z } from "zod";
import { tableCache } from "./cache.js";
import type { DatasetSource } from "./dataset.js";
import { datasets } from "./registry.js";
import type { TaskParameters } from "./task.js";
import { taskParameters } from "./task.js";

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

/** Where a dataset is loaded from, and under which seed. */
export interface LoadOptions {
  /** Derives the streams `data` and `split` where `generator_seed` and `split_seed` are not given. @default 0 */
  readonly seed?: number;
  /** Relative paths start here. @default the current folder */
  readonly baseDir?: string;
}

export const loadKeys: KnownKeys<LoadOptions> = { seed: true, baseDir: true };

/** A dataset's parameters, checked: the source's own and those of the task. */
export interface ResolvedData {
  readonly own: Readonly<Record<string, unknown>>;
  readonly task: TaskParameters;
}

/** @throws UsageError for an unknown dataset or parameter, or an invalid value */
export function resolveData(name: string, params: Readonly<Record<string, unknown>>, seed: number): ResolvedData {
  const values = parseParameters("data", dataSchema(name), params, `dataset "${name}"`);
  const isTask = ([key]: [string, unknown]): boolean => Object.hasOwn(taskParameters.shape, key);
  const entries = Object.entries(values);
  const own = Object.fromEntries(entries.filter((entry) => !isTask(entry)));
  if (own["generator_seed"] === null) own["generator_seed"] = deriveSeed(seed, "data");
  return { own, task: Object.fromEntries(entries.filter(isTask)) as TaskParameters };
}

/** The state of a source's files: tables of a file that has been written since are parsed anew. */
async function stampOf(source: DatasetSource, own: ResolvedData["own"], baseDir: string): Promise<string[]> {
  const files = (await source.files?.(own, { baseDir })) ?? [];
  const stats = files.map((file) => stat(file, { bigint: true }).catch(() => null));
  return (await Promise.all(stats)).map((found) => (found ? `${found.mtimeNs} ${found.size}` : "none"));
}

/** The tables of a source, from the process's cache where they are there. */
export async function loadResolved(
  name: string,
  source: DatasetSource,
  { own }: ResolvedData,
  baseDir: string,
): Promise<CellTables> {
  const stamp = await stampOf(source, own, baseDir);
  return tableCache.get([name, own, baseDir, stamp], () => source.load(own, { baseDir }));
}

/**
 * Parses a dataset's tables, once a process for the same parameters; a failed load is tried again by the next call.
 * @param params bare (`cells`) or qualified (`data.cells`); those of the task have no bearing
 * @throws UsageError for an unknown dataset or parameter, an invalid value, or what the source could not find
 */
export async function loadTables(
  name: string,
  params: Readonly<Record<string, unknown>> = {},
  options: LoadOptions = {},
): Promise<CellTables> {
  requireKnownKeys("loadTables", options, loadKeys);
  const resolved = resolveData(name, params, options.seed ?? 0);
  return loadResolved(name, await datasets.get(name).load(), resolved, options.baseDir ?? process.cwd());
}

/**
 * The files that a dataset reads, absolute; none for one that is generated.
 * @param params as for {@link loadTables}
 * @throws UsageError as {@link loadTables}
 */
export async function dataFiles(
  name: string,
  params: Readonly<Record<string, unknown>> = {},
  options: LoadOptions = {},
): Promise<readonly string[]> {
  const { own } = resolveData(name, params, options.seed ?? 0);
  const source = await datasets.get(name).load();
  return (await source.files?.(own, { baseDir: options.baseDir ?? process.cwd() })) ?? [];
}
