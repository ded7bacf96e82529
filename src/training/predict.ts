import type {
  BackendName,
  Batch,
  ConfigValue,
  Dataset,
  KernelsName,
  Loader,
  Metrics,
  SplitName,
} from "../core/index.js";
import { UsageError } from "../core/index.js";
import { baselines } from "../datasets/baselines/index.js";
import { RulScore, buildDataset } from "../datasets/index.js";
import { csvLine } from "../io/csv.js";
import { writeFileAtomically } from "../io/atomic-write.js";
import type { ForwardModel } from "../models/index.js";
import { batchToTensors, useBackend, useKernels } from "../tensor/index.js";
import * as tf from "../tensor/tf.js";
import type { Checkpoint } from "./checkpoint.js";
import { groupParams, loadCheckpoint } from "./checkpoint.js";
import { evaluate } from "./loop.js";
import { prefixed } from "./metrics.js";
import { renormalised } from "./renormalise.js";
import { encodeSafetensors } from "./safetensors.js";

export interface CheckpointOptions {
  /** @default "val" */
  readonly split?: SplitName;
  /** Another dataset than the one trained on, with its defaults. */
  readonly dataset?: string;
  /** Parameters of group `data` that replace the stored ones, by qualified name. */
  readonly params?: Readonly<Record<string, ConfigValue>>;
  /** @default "wasm" */
  readonly backend?: BackendName | "auto";
  /** @default "auto" */
  readonly kernels?: KernelsName | "auto";
  /** Relative data paths start here. @default the current folder */
  readonly baseDir?: string;
}

export interface Evaluation {
  readonly model: string;
  readonly dataset: string;
  readonly split: SplitName;
  readonly windows: number;
  /**
   * SOH units, named after the part: `val_rmse`, `val_rmse_end`, `val_mae`, … or `test_rmse`, …; and of the remaining
   * useful life in cycles `rul_mae` and `rul_rmse` (absent when no window sees an end of life), `rul_windows`,
   * `rul_censored_cells`.
   */
  readonly metrics: Metrics;
  /** `persistence_rmse`, … on the same windows. */
  readonly baselines: Metrics;
  readonly warnings: readonly string[];
}

/** A loaded checkpoint and the part of a dataset that it is used on. */
interface Loaded {
  readonly model: ForwardModel;
  readonly checkpoint: Checkpoint;
  readonly dataset: Dataset;
  readonly split: SplitName;
  readonly loader: Loader;
}

const BATCH = 256;

async function datasetFor({ config }: Checkpoint, options: CheckpointOptions): Promise<Dataset> {
  const name = options.dataset ?? config.dataset;
  const stored = groupParams(config, "data");
  // Of another dataset only the task is kept: its own parameters mean nothing there.
  const base = name === config.dataset ? stored : { window: stored["window"], horizon: stored["horizon"] };
  const given = groupParams({ ...config, params: options.params ?? {} }, "data");
  return buildDataset(
    name,
    { ...base, ...given },
    {
      seed: config.dataSeed ?? config.seed,
      ...(options.baseDir === undefined ? {} : { baseDir: options.baseDir }),
      ...(config.alignWindow === undefined ? {} : { alignWindow: config.alignWindow }),
    },
  );
}

/** A model reads the inputs that it was trained on: as many, and paths of the same length. */
function requireFit(path: string, model: ForwardModel, { metadata }: Dataset): void {
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

async function load(path: string, options: CheckpointOptions): Promise<Loaded> {
  await useBackend(options.backend ?? "wasm");
  await useKernels(options.kernels ?? "auto");
  const { model, checkpoint } = await loadCheckpoint(path);
  try {
    const dataset = await datasetFor(checkpoint, options);
    requireFit(path, model, dataset);
    const split = options.split ?? "val";
    const part = dataset.split(split);
    if (part.windows === 0)
      throw new UsageError(
        "no-windows",
        `the ${split} part has no windows${split === "test" ? ": set data.test_cells or data.test_split" : ""}`,
      );
    const loader = renormalised(part.loader({ batchSize: BATCH }), dataset.normalisation, model.facts.normalisation);
    return { model, checkpoint, dataset, split, loader };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/**
 * Scores a checkpoint's best weights on a part of its dataset, or of another one, beside the baselines (which are fitted
 * on that dataset's training part). Plug-ins that its configuration names must be loaded before.
 * @throws UsageError `invalid-checkpoint`, `dataset-mismatch`, `no-windows`
 */
export async function evaluateCheckpoint(path: string, options: CheckpointOptions = {}): Promise<Evaluation> {
  const { model, checkpoint, dataset, split, loader } = await load(path, options);
  try {
    const result = await evaluate(model, loader);
    return {
      ...{ model: checkpoint.model, dataset: dataset.metadata.name, split, windows: loader.windows },
      metrics: result ? { ...prefixed(split, result.metrics), ...rulMetrics(model, loader, dataset) } : {},
      baselines: baselines(dataset, split),
      warnings: [...dataset.metadata.warnings, ...(await seenBefore(checkpoint, dataset, options))],
    };
  } finally {
    model.dispose();
  }
}

/** Other cells held out, another split: what is scored may be what was trained on. */
async function seenBefore(checkpoint: Checkpoint, dataset: Dataset, options: CheckpointOptions): Promise<string[]> {
  const { config, datasetHash } = checkpoint;
  if (dataset.metadata.name !== config.dataset || dataset.metadata.hash === datasetHash) return [];
  // Another end of life makes another task of the same parts.
  const eol = config.params?.["data.eol"] ?? 0.7;
  const sameEnd = await datasetFor(checkpoint, { ...options, params: { ...options.params, "data.eol": eol } });
  if (sameEnd.metadata.hash === datasetHash) return [];
  return ["the data or their parts are not those of the training run: it may have trained on what is scored here"];
}

/** Errors of the remaining useful life that the predicted paths imply. */
function rulMetrics(model: ForwardModel, loader: Loader, { tables, metadata }: Dataset): Metrics {
  const score = new RulScore(tables, metadata.eol);
  const horizon = metadata.horizon;
  const soh = predictPaths(model, loader);
  let at = 0;
  for (const batch of loader.epoch(0)) {
    score.add(batch, soh.subarray(at, at + batch.size * horizon));
    at += batch.size * horizon;
  }
  return score.metrics();
}

/** One predicted step. */
export interface PredictionRow {
  readonly cell: string;
  /** The target's discharge, from 1 in its cell: the window's last one + `step`. */
  readonly cycle: number;
  /** From 1 to the horizon. */
  readonly step: number;
  readonly soh_true: number;
  readonly soh_pred: number;
}

export interface CellEndPoints {
  readonly cell: string;
  /** Each path's last step, in the order of cycles. */
  readonly points: readonly { readonly cycle: number; readonly true: number; readonly predicted: number }[];
}

/** What a model predicts for every window of a part, row-major. */
export class Prediction {
  readonly #cells: readonly string[];
  readonly #batch: Batch;
  /** [N,H], SOH units. */
  readonly soh: Float32Array;

  constructor(cells: readonly string[], batch: Batch, soh: Float32Array) {
    this.#cells = cells;
    this.#batch = batch;
    this.soh = soh;
  }

  get windows(): number {
    return this.#batch.size;
  }
  get horizon(): number {
    return this.#batch.horizon;
  }

  #row(n: number, h: number): PredictionRow {
    const { window, horizon, cycles, cell, target } = this.#batch;
    const at = n * horizon + h;
    return {
      cell: this.#cells[cell[n] as number] as string,
      cycle: (cycles[(n + 1) * window - 1] as number) + h + 1,
      step: h + 1,
      soh_true: target[at] as number,
      soh_pred: this.soh[at] as number,
    };
  }

  /** Windows in the part's order, steps ascending. */
  *rows(): Generator<PredictionRow> {
    for (let n = 0; n < this.windows; n++) for (let h = 0; h < this.horizon; h++) yield this.#row(n, h);
  }

  /** `cell,cycle,step,soh_true,soh_pred` and a line a row, each with its newline. */
  *csvLines(): Generator<string> {
    yield csvLine(["cell", "cycle", "step", "soh_true", "soh_pred"]);
    for (const { cell, cycle, step, soh_true, soh_pred } of this.rows())
      yield csvLine([cell, cycle, step, soh_true, soh_pred]);
  }

  /** For plots: each path's last step, by cell. */
  endPoints(): CellEndPoints[] {
    const byCell = new Map<string, { cycle: number; true: number; predicted: number }[]>();
    for (let n = 0; n < this.windows; n++) {
      const { cell, cycle, soh_true, soh_pred } = this.#row(n, this.horizon - 1);
      const points = byCell.get(cell) ?? [];
      points.push({ cycle, true: soh_true, predicted: soh_pred });
      byCell.set(cell, points);
    }
    return [...byCell].map(([cell, points]) => ({ cell, points: points.sort((a, b) => a.cycle - b.cycle) }));
  }

  /** Writes `x` [N,T,F] as fed, `last_soh` [N], `t_eval` [H], `y_true` and `soh_r` [N,H] as safetensors. */
  async dump(path: string): Promise<void> {
    const { size, window, features, horizon, x, lastSoh, tEval, target } = this.#batch;
    const bytes = encodeSafetensors({
      metadata: {},
      tensors: new Map([
        ["x", { shape: [size, window, features], data: x }],
        ["last_soh", { shape: [size], data: lastSoh }],
        ["t_eval", { shape: [horizon], data: tEval }],
        ["y_true", { shape: [size, horizon], data: target }],
        ["soh_r", { shape: [size, horizon], data: this.soh }],
      ]),
    });
    await writeFileAtomically(path, bytes);
  }
}

/** The SOH paths [N,H] that a model predicts for a loader's windows. */
export function predictPaths(model: ForwardModel, loader: Loader): Float32Array {
  model.training = false;
  const soh = new Float32Array(loader.windows * model.facts.horizon);
  let at = 0;
  for (const batch of loader.epoch(0)) {
    const path = tf.tidy(() => {
      const tensors = batchToTensors(batch);
      return model.forward(tensors, tensors.tEval).outputs.soh_r.dataSync();
    });
    soh.set(path, at);
    at += path.length;
  }
  return soh;
}

/** The whole of a loader's pass as one batch. */
function gathered(loader: Loader, whole: Batch): Batch {
  const x = new Float32Array(whole.x.length);
  let at = 0;
  for (const batch of loader.epoch(0)) {
    x.set(batch.x, at);
    at += batch.x.length;
  }
  return { ...whole, x };
}

/**
 * Predicts a part of a checkpoint's dataset, or of another one.
 * @throws UsageError as {@link evaluateCheckpoint}
 */
export async function predictCheckpoint(path: string, options: CheckpointOptions = {}): Promise<Prediction> {
  const { model, dataset, split, loader } = await load(path, options);
  try {
    const soh = predictPaths(model, loader);
    return new Prediction(dataset.metadata.cells, gathered(loader, dataset.split(split).all()), soh);
  } finally {
    model.dispose();
  }
}
