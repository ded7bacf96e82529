/** The checkpoint file, written and read: weights under PyTorch's names, configuration, metrics, resume state. */
import { readFile } from "node:fs/promises";
import type { Metrics, RunConfig } from "../core/index.js";
import { UsageError, canonicalJson, decodeNumber, defined, messageOf } from "../core/index.js";
import { writeFileAtomically } from "../io/atomic-write.js";
import type { ForwardModel } from "../models/index.js";
import type { ResolvedConfig } from "./config.js";
import { FormatError, decodeSafetensors, encodeSafetensors } from "./safetensors.js";
import type { SafetensorsFile, StoredTensor } from "./safetensors.js";

/** The value of `mlbench_hpo.format`. */
export const CHECKPOINT_FORMAT = "1";
const RESUME = "resume.";

/** The best (or last) epoch's numbers. */
export interface EpochMetrics {
  readonly epoch: number;
  readonly metrics: Metrics;
}

/** The state that `--resume` needs beside the best weights. */
export interface ResumeState {
  /** Epochs done. */
  readonly epoch: number;
  /** Optimizer steps done. */
  readonly step: number;
  /** Epochs since the best one that early stopping counts. */
  readonly waited: number;
  readonly scheduler: Readonly<Record<string, number>>;
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** By `<variable>.<slot>`. */
  readonly optimizer: ReadonlyMap<string, Float32Array>;
}

export interface Checkpoint {
  readonly model: string;
  /** With every active parameter. */
  readonly config: RunConfig & { readonly seed: number };
  readonly normalisation: StoredNormalisation;
  readonly datasetHash: string;
  /** Null in a file that names no columns: they are those of its configuration, by place. */
  readonly data: TrainedData | null;
  readonly best: EpochMetrics;
  readonly last: EpochMetrics;
  /** The best epoch's, by PyTorch name. */
  readonly weights: ReadonlyMap<string, StoredTensor>;
  readonly resume: ResumeState | null;
}

/** What a model was trained on, so that it can be applied to other data. */
export interface TrainedData {
  /** The columns that it reads, in its order. */
  readonly features: readonly string[];
  /** Its cells by name, those of the validation and test parts included, each with what tells it from another one. */
  readonly cells: Readonly<Record<string, string>>;
}

/** As stored: y is the change from the last SOH for a residual model, else the SOH. */
export interface StoredNormalisation {
  readonly x_mean: readonly number[];
  readonly x_std: readonly number[];
  readonly y_mean: readonly number[];
  readonly y_std: readonly number[];
}

export function storedNormalisation(model: ForwardModel): StoredNormalisation {
  const { xMean, xStd } = model.facts.normalisation;
  return { x_mean: xMean, x_std: xStd, y_mean: model.scale.mean, y_std: model.scale.std };
}

/** The configuration as stored; it runs the same training again. */
export function storedConfig(config: ResolvedConfig): RunConfig & { seed: number } {
  const { model, dataset, seed, dataSeed, params, backend, kernels, plugins, alignWindow } = config;
  return {
    model,
    dataset,
    seed,
    params,
    backend,
    kernels,
    ...defined({
      dataSeed: dataSeed === seed ? undefined : dataSeed,
      plugins: plugins.length > 0 ? plugins : undefined,
      alignWindow,
    }),
  };
}

const utf8 = new TextEncoder();

function resumeTensors(resume: ResumeState, shapes: ReadonlyMap<string, StoredTensor>): [string, StoredTensor][] {
  const { weights, optimizer, ...position } = resume;
  const text = utf8.encode(canonicalJson(position));
  return [
    ...[...weights].map(([name, data]): [string, StoredTensor] => [
      `${RESUME}last.${name}`,
      { shape: shapes.get(name)?.shape ?? [data.length], data },
    ]),
    ...[...optimizer].map(([name, data]): [string, StoredTensor] => [
      `${RESUME}optimizer.${name}`,
      { shape: [data.length], data },
    ]),
    [`${RESUME}position`, { shape: [text.length], data: text }],
  ];
}

/** The bytes of a checkpoint: no time stamps, so that equal runs give equal bytes. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { model, config, normalisation, datasetHash, data, best, last, weights, resume } = checkpoint;
  return encodeSafetensors({
    metadata: {
      "mlbench_hpo.format": CHECKPOINT_FORMAT,
      "mlbench_hpo.model": model,
      "mlbench_hpo.config": canonicalJson(config),
      "mlbench_hpo.normalisation": JSON.stringify(normalisation),
      "mlbench_hpo.dataset_hash": datasetHash,
      ...(data ? { "mlbench_hpo.data": canonicalJson(data) } : {}),
      "mlbench_hpo.metrics": canonicalJson({ best, last }),
    },
    tensors: new Map([...weights, ...(resume ? resumeTensors(resume, weights) : [])]),
  });
}

/** Writes a checkpoint atomically (temporary file, fsync, rename). */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  await writeFileAtomically(path, encodeCheckpoint(checkpoint));
}

function parsed(file: SafetensorsFile, key: string): unknown {
  const text = file.metadata[`mlbench_hpo.${key}`];
  if (text === undefined) throw new FormatError(`its metadata lack mlbench_hpo.${key}: not written by mlbench-hpo`);
  if (key === "model" || key === "dataset_hash" || key === "format") return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError(`its mlbench_hpo.${key} is not JSON`);
  }
}

function numbersOf(value: unknown): Metrics {
  const entries = typeof value === "object" && value !== null ? Object.entries<unknown>({ ...value }) : [];
  return Object.fromEntries(entries.map(([k, v]) => [k, decodeNumber(v) ?? NaN]));
}

function epochMetrics(value: unknown): EpochMetrics {
  const { epoch, metrics } = (value ?? {}) as { epoch?: number; metrics?: unknown };
  return { epoch: epoch ?? 0, metrics: numbersOf(metrics) };
}

function normalisationOf(value: unknown): StoredNormalisation {
  const stored = (value ?? {}) as Readonly<Record<string, unknown>>;
  for (const key of ["x_mean", "x_std", "y_mean", "y_std"]) {
    const numbers = stored[key];
    if (!Array.isArray(numbers) || !numbers.every((n) => typeof n === "number" && Number.isFinite(n)))
      throw new FormatError(`its mlbench_hpo.normalisation lacks ${key}`);
  }
  return stored as unknown as StoredNormalisation;
}

/** @param inputs how many numbers a cycle has for the model */
function dataOf(file: SafetensorsFile, inputs: number): TrainedData | null {
  if (file.metadata["mlbench_hpo.data"] === undefined) return null;
  const { features, cells } = (parsed(file, "data") ?? {}) as Partial<TrainedData>;
  const named = Array.isArray(features) && features.length === inputs && features.every((f) => typeof f === "string");
  if (!named) throw new FormatError(`its mlbench_hpo.data does not name ${inputs} features`);
  return { features: features, cells: cells ?? {} };
}

function configOf(value: unknown): RunConfig & { seed: number } {
  const config = (value ?? {}) as Partial<RunConfig>;
  if (typeof config.model !== "string" || typeof config.dataset !== "string" || typeof config.seed !== "number")
    throw new FormatError("its mlbench_hpo.config lacks model, dataset or seed");
  return config as RunConfig & { seed: number };
}

function resumeOf(tensors: SafetensorsFile["tensors"]): ResumeState | null {
  const text = tensors.get(`${RESUME}position`)?.data;
  if (!(text instanceof Uint8Array)) return null;
  const position = JSON.parse(new TextDecoder().decode(text)) as { epoch: number; step: number; waited: number };
  const under = (prefix: string): Map<string, Float32Array> =>
    new Map(
      [...tensors]
        .filter(([name, { data }]) => name.startsWith(prefix) && data instanceof Float32Array)
        .map(([name, { data }]) => [name.slice(prefix.length), data as Float32Array]),
    );
  return {
    epoch: position.epoch,
    step: position.step,
    waited: position.waited,
    scheduler: numbersOf((position as { scheduler?: unknown }).scheduler),
    weights: under(`${RESUME}last.`),
    optimizer: under(`${RESUME}optimizer.`),
  };
}

/** @throws FormatError */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const file = decodeSafetensors(bytes);
  const format = parsed(file, "format");
  if (format !== CHECKPOINT_FORMAT)
    throw new FormatError(`its format is ${String(format)}, this version reads ${CHECKPOINT_FORMAT}`);
  const { best, last } = parsed(file, "metrics") as { best?: unknown; last?: unknown };
  const normalisation = normalisationOf(parsed(file, "normalisation"));
  return {
    model: parsed(file, "model") as string,
    config: configOf(parsed(file, "config")),
    normalisation,
    datasetHash: parsed(file, "dataset_hash") as string,
    data: dataOf(file, normalisation.x_mean.length),
    best: epochMetrics(best),
    last: epochMetrics(last),
    weights: new Map([...file.tensors].filter(([name]) => !name.startsWith(RESUME))),
    resume: resumeOf(file.tensors),
  };
}

/** @throws UsageError `invalid-checkpoint`: one line naming the file and what is wrong with it. */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === "ENOENT" ? "there is no such file" : messageOf(error);
    throw new UsageError("invalid-checkpoint", `checkpoint ${path} cannot be read: ${why}`, { cause: error });
  }
  try {
    return decodeCheckpoint(bytes);
  } catch (error) {
    throw new UsageError("invalid-checkpoint", `${path} is not a readable checkpoint: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * The stored configuration: enough to know which plug-ins and dataset a checkpoint needs. Plug-ins that are files are
 * found from the folder that relative paths start at, or from the checkpoint's.
 */
export async function readCheckpointConfig(
  path: string,
  baseDir = ".",
): Promise<RunConfig & { readonly seed: number }> {
  const { config } = await readCheckpoint(path);
  const { findData } = await import("./data-paths.js");
  const plugins = config.plugins?.map((plugin) => (plugin.startsWith(".") ? findData(plugin, path, baseDir) : plugin));
  return { ...config, ...defined({ plugins }) };
}
