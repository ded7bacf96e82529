/** Datasets built from a source's tables: columns, windows, parts, normalisation. */
import { createHash } from "node:crypto";
import type { CellTables, Dataset, DatasetMetadata, KnownKeys, Normalisation, SplitName } from "../core/index.js";
import { UsageError, canonicalJson, deriveSeed, didYouMean, requireKnownKeys } from "../core/index.js";
import type { LoadOptions } from "./load.js";
import { loadKeys, loadResolved, resolveData } from "./load.js";
import type { WindowSource } from "./loader.js";
import { WindowSplit } from "./loader.js";
import { normalisationOf, normaliseRows } from "./normalisation.js";
import { datasets } from "./registry.js";
import type { Rows } from "./rows.js";
import { gatherRows } from "./rows.js";
import type { Parts } from "./splits.js";
import { splitWindows } from "./splits.js";
import type { TaskParameters } from "./task.js";
import { listOf } from "./task.js";
import type { Windows } from "./windows.js";
import { cutWindows } from "./windows.js";

/** The options of {@link buildDataset}. */
export interface BuildOptions extends LoadOptions {
  /** Tables of an earlier {@link loadTables}, as a worker thread gets them: nothing is read or copied. */
  readonly tables?: CellTables;
  /** Windows shorter than this are cut where windows of this length exist. @default the window itself */
  readonly alignWindow?: number;
  /** Further sets of features that `data.features` may name. */
  readonly featureSets?: Readonly<Record<string, readonly string[]>>;
  /** Exactly these features in this order, whatever `data.features` says: those that a model was trained on. */
  readonly columns?: readonly string[];
}

const buildKeys: KnownKeys<BuildOptions> = {
  ...loadKeys,
  ...({ tables: true, alignWindow: true, featureSets: true, columns: true } as const),
};

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

/** What the chosen columns hold, whatever the order of the source's, and whatever further ones it has. */
function contentOf({ source, hash, columnHashes, featureNames }: CellTables, chosen: readonly string[]): unknown {
  const columns = chosen.map((name) => featureNames.indexOf(name));
  if (!columnHashes) return [hash, columns];
  return [source, columnHashes.at(-1), chosen, columns.map((column) => columnHashes[column])];
}

/** Over the numbers and the task as it came out: equal hashes mean equal windows in equal parts. */
function hashOf({ tables, featureNames, rows, windows, task }: CutData, parts: Parts): string {
  const { window, horizon, eol } = task;
  const content = contentOf(tables, featureNames);
  const hash = createHash("sha256").update(canonicalJson([content, window, horizon, eol]));
  // Where cycles were dropped, which ones: the rows' numbers say it.
  const observed = rows.truth.ofRow === null ? [] : [rows.cycles];
  for (const numbers of [windows.end, parts.train, parts.val, parts.test, ...observed])
    hash.update(`${numbers.length}:`).update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  return hash.digest("hex");
}

/** What is suspicious about the data, whatever their parts: told wherever they are shown, searched on or trained on. */
function warningsOfData({ tables, rows, task }: Pick<CutData, "tables" | "rows" | "task">): string[] {
  const warnings = [...tables.warnings];
  if (task.split === "random")
    warnings.push(
      "split random: windows overlap their neighbours in the other part, so validation errors are too small",
    );
  if (rows.filled > 0) warnings.push(`${rows.filled} missing feature values take the cell's last known value`);
  return warnings;
}

function warningsOf(cut: CutData, parts: Parts): string[] {
  const { test_split: share } = cut.task;
  return share !== null && parts.test.length === 0
    ? [...warningsOfData(cut), `test_split ${share} is too small a share to hold a window`]
    : warningsOfData(cut);
}

function requireWindows(parts: Parts, { tables, rows, task, alignWindow }: CutData): void {
  const observed = task.drop_cycles > 0 ? `, observed under drop_cycles ${task.drop_cycles}` : "";
  const needs = `a cell needs ${Math.max(task.window, alignWindow)} + ${task.horizon} cycles for one window`;
  const lengths = tables.cells.map(({ cell, cycles }, c) => {
    const left = (rows.cellStart[c + 1] as number) - (rows.cellStart[c] as number);
    return `${cell} ${observed === "" ? cycles.length : left}`;
  });
  const listed = lengths.length > 8 ? [...lengths.slice(0, 8), "…"] : lengths;
  const needed = task.val_part === "empty" ? (["train"] as const) : (["train", "val"] as const);
  for (const part of needed)
    if (parts[part].length === 0)
      throw new UsageError(
        "no-windows",
        `the ${part === "train" ? "training" : "validation"} part has no windows: ${needs}` +
          `${task.split === "by-cell" ? "" : `, and parts in time stay ${task.horizon} apart`} (cycles${observed}: ${listed.join(", ")})`,
      );
}

/** A dataset's rows and windows before they are put into parts. */
export interface CutData {
  readonly name: string;
  readonly tables: CellTables;
  readonly task: TaskParameters;
  readonly featureNames: readonly string[];
  readonly featureUnits: readonly string[];
  readonly rows: Rows;
  readonly windows: Windows;
  /** The longest window that others are compared with. */
  readonly alignWindow: number;
  /** Draws cells and windows where a share of them is held out. */
  readonly splitSeed: number;
}

/** Parses a dataset's tables (once a process) and cuts them into windows. @throws UsageError */
export async function cutData(
  name: string,
  params: Readonly<Record<string, unknown>>,
  options: BuildOptions,
): Promise<CutData> {
  const { seed = 0, baseDir = process.cwd() } = options;
  const resolved = resolveData(name, params, seed);
  const source = await datasets.get(name).load();
  const tables = options.tables ?? (await loadResolved(name, source, resolved, baseDir));
  const { task } = resolved;
  const { window, horizon, stride, drop_cycles: share } = task;
  const dropSeed = task.drop_seed ?? deriveSeed(seed, "drop");
  const alignWindow = Math.max(window, options.alignWindow ?? 0);
  const chosen = options.columns ?? task.features;
  const columns = chosenColumns(tables, chosen, { ...source.featureSets, ...options.featureSets });
  const rows = gatherRows(tables, columns, share > 0 ? { share, seed: dropSeed } : null);
  return {
    ...{ name, tables, task, rows, alignWindow },
    featureNames: columns.map((c) => tables.featureNames[c] as string),
    featureUnits: columns.map((c) => tables.featureUnits[c] as string),
    windows: cutWindows(rows, { window, horizon, stride, alignWindow }),
    splitSeed: task.split_seed ?? deriveSeed(seed, "split"),
  };
}

/**
 * A dataset's tables, and what is suspicious about them: units, dropped columns and rows, gaps, jumps, twins.
 * @param params as for {@link buildDataset}
 * @throws UsageError as {@link buildDataset}, but for what only parts can lack
 */
export async function dataWarnings(
  name: string,
  params: Readonly<Record<string, unknown>> = {},
  options: BuildOptions = {},
): Promise<{ readonly tables: CellTables; readonly warnings: readonly string[] }> {
  const cut = await cutData(name, params, options);
  return { tables: cut.tables, warnings: warningsOfData(cut) };
}

/** What loaders gather batches from. */
export function windowSource(
  { rows, windows, task: { window, horizon } }: CutData,
  normalisation: Pick<Normalisation, "xMean" | "xStd">,
): WindowSource {
  const inputs = normaliseRows(rows, normalisation);
  // Of the rows no more than batches need: raw features are as large as the table.
  const { cycles, width } = rows;
  const truth = rows.truth.ofRow === null ? null : new Float32Array(rows.truth.soh);
  return { rows: { cycles, width }, windows, window, horizon, inputs, soh: new Float32Array(rows.soh), truth };
}

/** A dataset's metadata, its windows put into parts. */
export function metadataOf(cut: CutData, parts: Parts): DatasetMetadata {
  const { name, tables, task, featureNames, featureUnits } = cut;
  return {
    ...{ name, featureNames, featureUnits },
    target: `SOH path over the next ${task.horizon} cycles`,
    ...{ window: task.window, horizon: task.horizon, eol: task.eol },
    cells: tables.cells.map(({ cell }) => cell),
    counts: { train: parts.train.length, val: parts.val.length, test: parts.test.length },
    provenance: tables.provenance,
    hash: hashOf(cut, parts),
    warnings: warningsOf(cut, parts),
  };
}

/**
 * Cuts a dataset into windows and parts. Tables are parsed once a process; the rest takes milliseconds and holds one
 * float32 copy of the rows, whatever the number of windows.
 * @param params the dataset's and the task's parameters, bare (`window`) or qualified (`data.window`)
 * @throws UsageError in one line for anything that the user can mend
 * @example
 * const dataset = await buildDataset("dummy", { cells: 3, window: 16, horizon: 5 }, { seed: 1 });
 * dataset.split("train").windows;
 */
export async function buildDataset(
  name: string,
  params: Readonly<Record<string, unknown>> = {},
  options: BuildOptions = {},
): Promise<Dataset> {
  requireKnownKeys("buildDataset", options, buildKeys);
  const cut = await cutData(name, params, options);
  const { tables, task, rows, windows } = cut;
  const { window, horizon } = task;
  const cells = tables.cells.map((cell) => cell.cell);
  const parts = splitWindows({ windows, cells, horizon, task, seed: cut.splitSeed });
  requireWindows(parts, cut);
  const normalisation = normalisationOf(rows, windows, parts.train, { window, horizon });
  const source = windowSource(cut, normalisation);
  const splits = new Map(
    (["train", "val", "test"] as const).map((part) => [part, new WindowSplit(part, source, parts[part])]),
  );
  return {
    metadata: metadataOf(cut, parts),
    normalisation,
    tables,
    split: (part: SplitName) => splits.get(part) as WindowSplit,
  };
}
