/** A checkpoint together with the windows of a dataset that it is used on. */
import type {
  BackendName,
  CellTables,
  ConfigValue,
  KernelsName,
  KnownKeys,
  Loader,
  Split,
  SplitName,
} from "../core/index.js";
import { UsageError, defined } from "../core/index.js";
import type { AppliedData, BuildOptions, WindowSplit } from "../datasets/index.js";
import { applyDataset, cellDigest, listOf, loadTables } from "../datasets/index.js";
import type { ForwardModel } from "../models/index.js";
import { hasTensorflow, kernelsWork, useBackend, useKernels } from "../tensor/index.js";
import type { Checkpoint } from "./checkpoint.js";
import { foundPaths, pathParameters } from "./data-paths.js";
import { checkpointModel, groupParams } from "./load-checkpoint.js";

/** What a checkpoint is used on. */
export interface CheckpointOptions {
  /** @default "val" */
  readonly split?: SplitName;
  /** Another dataset than the one trained on, with its defaults. */
  readonly dataset?: string;
  /** Parameters of group `data` that replace the stored ones, by qualified name. */
  readonly params?: Readonly<Record<string, ConfigValue>>;
  /** @default "auto": `tensorflow` for what it trained, where it is installed, else `wasm` */
  readonly backend?: BackendName | "auto";
  /** @default "auto" */
  readonly kernels?: KernelsName | "auto";
  /** Relative data paths start here. @default the current folder */
  readonly baseDir?: string;
}

export const checkpointKeys: KnownKeys<CheckpointOptions> = {
  ...({ split: true, dataset: true, params: true, backend: true, kernels: true, baseDir: true } as const),
};

/** The dataset that a checkpoint is used on: how it is built. */
export interface CheckpointDataset {
  readonly name: string;
  readonly params: Readonly<Record<string, ConfigValue>>;
  readonly build: BuildOptions & { readonly tables: CellTables };
  /** The rows that a cell's newest window takes; of several checkpoints the longest of theirs. */
  readonly newestLength?: number;
  /** Whether a cell is one that the checkpoint was trained, validated or tested with. */
  readonly isKnown: (cell: Parameters<typeof cellDigest>[0]) => boolean;
}

/** A loaded checkpoint and the windows that it is used on. */
export interface CheckpointOnData {
  readonly model: ForwardModel;
  readonly checkpoint: Checkpoint;
  readonly dataset: CheckpointDataset;
  readonly data: AppliedData;
  readonly split: SplitName;
  readonly part: WindowSplit;
}

/** Windows that a checkpoint is scored on, or predicts, at a time. */
export const BATCH = 256;

/** Batches of a part, as a checkpoint is scored on them. */
export function batchesOf(part: Split): Loader {
  return part.loader({ batchSize: BATCH });
}

const splitNames = ["split", "val_cells", "val_split", "val_part", "test_cells", "test_split"] as const;

/** Whether the caller asks for a part, by its name or by parameters of the split. */
export function asksForPart({ split, params = {} }: CheckpointOptions): boolean {
  return split !== undefined || splitNames.some((name) => Object.hasOwn(params, `data.${name}`));
}

/** The stored parameters that still hold beside the given ones. */
function kept(
  stored: Readonly<Record<string, ConfigValue>>,
  given: Readonly<Record<string, ConfigValue>>,
  paths: readonly string[],
): Record<string, ConfigValue> {
  const base: Record<string, ConfigValue> = { ...stored };
  const has = (name: string): boolean => Object.hasOwn(given, name) && given[name] !== null;
  for (const part of ["val", "test"]) {
    if (has(`${part}_cells`)) delete base[`${part}_split`];
    if (has(`${part}_split`)) delete base[`${part}_cells`];
  }
  if (has("split") && given["split"] !== "by-cell") delete base["val_cells"];
  // A fold over time, or nothing, gives way to whatever else is to be validated.
  if (["val_cells", "val_split", "split"].some(has)) delete base["val_part"];
  if (has("val_part")) for (const name of ["val_cells", "val_split"]) delete base[name];
  // The cells of another folder have other names.
  if (paths.some(has) && typeof base["cells"] !== "number") delete base["cells"];
  return base;
}

/** Cells that the stored split names, as far as the data at hand have them. */
function knownCells(
  { cells }: CellTables,
  params: Readonly<Record<string, ConfigValue>>,
  given: Readonly<Record<string, ConfigValue>>,
): Record<string, ConfigValue> {
  const names = new Set(cells.map(({ cell }) => cell));
  const left: Record<string, ConfigValue> = { ...params };
  for (const option of ["val_cells", "test_cells"]) {
    const named = listOf((params[option] ?? null) as string | readonly string[] | null);
    if (named === null || Object.hasOwn(given, option)) continue;
    const there = named.filter((cell) => names.has(cell));
    left[option] = there.length > 0 ? there : null;
  }
  return left;
}

/** What a checkpoint was trained for, whatever the data: its inputs, how far it looks ahead, and where a life ends. */
function taskOf({ window, horizon, eol }: Readonly<Record<string, ConfigValue>>): Record<string, ConfigValue> {
  return { window: window as number, horizon: horizon as number, ...(eol === undefined ? {} : { eol }) };
}

/** How the dataset that a checkpoint is used on is built: stored settings, given ones in their place. */
export async function datasetOf(
  path: string,
  { config, data }: Checkpoint,
  options: CheckpointOptions,
): Promise<CheckpointDataset> {
  const name = options.dataset ?? config.dataset;
  const found = foundPaths(config.params ?? {}, config.dataset, path, options.baseDir ?? ".");
  const stored = groupParams({ ...config, params: found }, "data");
  const given = groupParams({ ...config, params: options.params ?? {} }, "data");
  const paths = pathParameters(name);
  // Of another dataset only the task is kept: its own parameters mean nothing there.
  const base = name === config.dataset ? kept(stored, given, paths) : taskOf(stored);
  const source = { seed: config.dataSeed ?? config.seed, ...defined({ baseDir: options.baseDir }) };
  const chosen = { ...base, ...given };
  // Once: which cells are split how has no bearing on what is read.
  const tables = await loadTables(name, chosen, source);
  const build = { ...source, tables, ...defined({ alignWindow: config.alignWindow, columns: data?.features }) };
  const params = knownCells(tables, chosen, given);
  if (data) requireColumns(path, data.features, tables.featureNames, given["features"]);
  const trained = new Set(Object.values(data?.cells ?? {}));
  return { name, params, build, isKnown: (cell) => data === null || trained.has(cellDigest(cell)) };
}

/** The columns that a model was trained on must be there; further ones are passed over. */
function requireColumns(
  path: string,
  wanted: readonly string[],
  found: readonly string[],
  asked: ConfigValue | undefined,
): void {
  const named = listOf((asked ?? "all") as string | readonly string[]);
  // A name that is no column is "all" or a set of them.
  const chosen = named.every((name) => found.includes(name)) ? named : found;
  const missing = wanted.filter((name) => !chosen.includes(name));
  if (missing.length === 0) return;
  throw new UsageError(
    "dataset-mismatch",
    `${path} was trained on the features ${wanted.join(", ")}; these data lack ${missing.join(", ")} ` +
      `(they have ${chosen.join(", ")})`,
  );
}

/** A model reads the inputs that it was trained on: as many, and paths of the same length. */
function requireFit(path: string, model: ForwardModel, { metadata }: AppliedData): void {
  const { features, window, horizon } = model.facts;
  const facts: readonly [string, number, number][] = [
    ["features", features, metadata.featureNames.length],
    ["data.window", window, metadata.window],
    ["data.horizon", horizon, metadata.horizon],
  ];
  for (const [what, wanted, found] of facts)
    if (wanted !== found)
      throw new UsageError(
        "dataset-mismatch",
        `${path} was trained with ${what} ${wanted}, the dataset "${metadata.name}" has ${found}`,
      );
}

/** A checkpoint's model beside the data that the options name; inputs are normalised as it was trained. */
export interface OpenedCheckpoint extends Omit<CheckpointOnData, "part" | "split"> {
  /** Whether cells that the model has never seen are taken whole, as no part is asked for. */
  readonly whole: boolean;
  /** Makes a model of its own, which its caller disposes. */
  readonly create: () => ForwardModel;
}

/** Which windows are taken where nothing else is said. */
export interface OpenOptions {
  /**
   * Where no part is asked for and there are cells that the model was not trained with: their every window, and no other
   * cell's. @default false
   */
  readonly strangersWhole?: boolean;
  /** The longest window of several checkpoints that are used together. @default the stored one */
  readonly alignWindow?: number;
}

/** `auto` stands for the one that trained the checkpoint, where that can be TensorFlow. */
function backendFor(asked: BackendName | "auto", stored?: BackendName | "auto"): BackendName | "auto" {
  return asked === "auto" && stored === "tensorflow" && hasTensorflow() ? stored : asked;
}

/** `auto` stands for those that trained the checkpoint where they run here, so that its own numbers come out again. */
function kernelsFor(asked: KernelsName | "auto", stored: KernelsName | "auto" = "auto"): KernelsName | "auto" {
  return asked === "auto" && stored !== "auto" && !process.env["MLBENCH_HPO_KERNELS"] && kernelsWork(stored)
    ? stored
    : asked;
}

/**
 * Loads a checkpoint's model and the data that the options name.
 * @throws UsageError `invalid-checkpoint`, `dataset-mismatch`
 */
export async function openCheckpoint(
  path: string,
  options: CheckpointOptions,
  { strangersWhole = false, alignWindow }: OpenOptions = {},
): Promise<OpenedCheckpoint> {
  const { checkpoint, create } = await checkpointModel(path);
  await useBackend(backendFor(options.backend ?? "auto", checkpoint.config.backend));
  await useKernels(kernelsFor(options.kernels ?? "auto", checkpoint.config.kernels));
  const model = create();
  return disposingOnFailure(model, async () => {
    const found = await datasetOf(path, checkpoint, options);
    const together = defined({ alignWindow });
    const dataset = { ...found, build: { ...found.build, ...together }, ...defined({ newestLength: alignWindow }) };
    const strangers = found.build.tables.cells.some((cell) => !dataset.isKnown(cell));
    const whole = strangersWhole && !asksForPart(options) && strangers;
    return { model, create, checkpoint, dataset, whole, data: await apply(path, model, dataset, whole) };
  });
}

/** What SOH is a share of in a checkpoint's training: the nominal capacity, or each cell's first. */
function sohReference({ config }: Checkpoint): ConfigValue {
  const { soh_reference, nominal_capacity } = groupParams(config, "data");
  return soh_reference ?? ((nominal_capacity ?? null) === null ? "first" : "nominal");
}

/** A mean over models of which each predicts another quantity would be none. */
function requireSameReference(path: string, checkpoint: Checkpoint, first: Checkpoint): void {
  const [wanted, found] = [sohReference(first), sohReference(checkpoint)];
  if (checkpoint.config.dataset !== first.config.dataset || wanted === found) return;
  throw new UsageError(
    "dataset-mismatch",
    `${path} was trained with data.soh_reference ${String(found)}, the first checkpoint with ${String(wanted)}: ` +
      `they cannot be taken together`,
  );
}

/**
 * Another checkpoint on the windows of one that is open already: its own columns, window and normalisation.
 * @throws UsageError `invalid-checkpoint`, `dataset-mismatch`
 */
export async function openMember(path: string, first: OpenedCheckpoint): Promise<OpenedCheckpoint> {
  const { checkpoint, create } = await checkpointModel(path);
  requireSameReference(path, checkpoint, first.checkpoint);
  const model = create();
  return disposingOnFailure(model, async () => {
    const { params, build } = first.dataset;
    const { features, window } = groupParams(checkpoint.config, "data");
    const columns = checkpoint.data?.features;
    if (columns) requireColumns(path, columns, first.data.tables.featureNames, undefined);
    const { columns: _first, ...common } = build;
    const dataset = {
      ...first.dataset,
      params: { ...params, ...defined({ features, window }) },
      build: { ...common, ...defined({ columns }) },
    };
    const data = await apply(path, model, dataset, first.whole);
    return { model, create, checkpoint, dataset, whole: first.whole, data };
  });
}

async function disposingOnFailure<T>(model: ForwardModel, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    model.dispose();
    throw error;
  }
}

async function apply(
  path: string,
  model: ForwardModel,
  { name, params, build, newestLength, isKnown }: CheckpointDataset,
  whole: boolean,
): Promise<AppliedData> {
  const data = await applyDataset(name, params, {
    ...build,
    ...defined({ newestLength }),
    normalisation: model.facts.normalisation,
    whole: whole ? (cell) => !isKnown(cell) : null,
  });
  requireFit(path, model, data);
  return data;
}

/** The error for a part without windows. @param split null: no part, but every window of new cells */
export function noWindows({ metadata, tables }: AppliedData, split: SplitName | null): UsageError {
  const { window, horizon } = metadata;
  const longest = tables.cells.reduce((most, { cycles }) => Math.max(most, cycles.length), 0);
  const needed = `one takes ${window} + ${horizon} cycles of a cell, the longest has ${longest}`;
  const words =
    split === null
      ? `no window has its whole truth in these data: ${needed}; --forecast looks ahead of them`
      : `the ${split} part has no windows: ${split === "test" ? "set data.test_cells or data.test_split" : needed}`;
  return new UsageError("no-windows", words);
}

/**
 * Loads a checkpoint's model and the part of a dataset that the options name.
 * @throws UsageError `invalid-checkpoint`, `dataset-mismatch`, `no-windows`
 */
export async function openOnData(path: string, options: CheckpointOptions): Promise<CheckpointOnData> {
  const opened = await openCheckpoint(path, options);
  const split = options.split ?? "val";
  const part = opened.data.known(split);
  if (part.windows > 0) return { ...opened, split, part };
  opened.model.dispose();
  throw noWindows(opened.data, split);
}
