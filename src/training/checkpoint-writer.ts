/** A run's checkpoint file: what is written into it, and when. */
import { resolve } from "node:path";
import type { CheckpointEvent, Dataset, KernelsName, RunConfig } from "../core/index.js";
import { defined } from "../core/index.js";
import { cellDigest } from "../datasets/index.js";
import type { Backend } from "../tensor/index.js";
import type { Checkpoint, ResumeState, TrainedData } from "./checkpoint.js";
import { storedConfig, storedNormalisation, writeCheckpoint } from "./checkpoint.js";
import type { ResolvedConfig } from "./config.js";
import { portablePaths, portablePlugins } from "./data-paths.js";
import { keepEarlier } from "./earlier-checkpoint.js";
import type { RunOptions } from "./run-types.js";
import type { Trainer } from "./trainer.js";

/** The least time between two writes of a running run's checkpoint. */
const CHECKPOINT_INTERVAL_MS = 1000;

/** What ran a training. */
export interface RanBy {
  readonly backend: Backend;
  readonly kernels: KernelsName;
}

/** A model in training, and what it is trained by and on. */
export interface Trained {
  readonly config: ResolvedConfig;
  readonly dataset: Dataset;
  readonly trainer: Trainer;
}

/** A configuration as it is stored: with the backend and kernels that ran it, and paths that another machine finds. */
export function configToStore(
  config: ResolvedConfig,
  { backend, kernels }: RanBy,
  baseDir = process.cwd(),
): RunConfig & { seed: number } {
  const stored = storedConfig(config);
  const params = portablePaths(stored.params ?? {}, config.dataset, baseDir);
  const plugins = stored.plugins && portablePlugins(stored.plugins, baseDir);
  return { ...stored, params, ...defined({ plugins }), backend: backend.name, kernels };
}

type WriterOptions = Pick<RunOptions, "baseDir" | "keepEarlier" | "resumable" | "resume">;

/** Writes the checkpoint of one model in training. */
export class CheckpointWriter {
  readonly #path: string | null;
  readonly #trained: Trained;
  readonly #ranBy: RanBy;
  readonly #options: WriterOptions;
  #data: TrainedData | null = null;
  #pending: ResumeState | null = null;
  #written: string | null = null;
  #writtenAt = 0;

  /** @param path null: nothing is written */
  constructor(path: string | null, trained: Trained, ranBy: RanBy, options: WriterOptions) {
    this.#path = path;
    this.#trained = trained;
    this.#ranBy = ranBy;
    this.#options = options;
  }

  /** The file, once it has been written. */
  get written(): string | null {
    return this.#written;
  }

  get #resumable(): boolean {
    return this.#path !== null && this.#options.resumable !== false;
  }

  /** Takes in that an epoch has ended: what a continuation would go on from. */
  epochEnded(): void {
    this.#pending = this.#resumable ? this.#trained.trainer.resumeState() : null;
  }

  /** Writes what there is of the last finished epoch; between epochs at most once a second, and only if resumable. */
  async save(final: boolean): Promise<CheckpointEvent | null> {
    const { best, last } = this.#trained.trainer;
    const path = this.#path;
    if (path === null || best === null || last === null) return null;
    const now = performance.now();
    if (!final && (!this.#resumable || now - this.#writtenAt < CHECKPOINT_INTERVAL_MS)) return null;
    const checkpoint = this.#checkpoint();
    const kept = this.#written === null ? await this.#keepEarlier(path, checkpoint) : null;
    await writeCheckpoint(path, checkpoint);
    this.#written = path;
    this.#writtenAt = now;
    return { event: "checkpoint", epoch: last.epoch, path, ...(kept === null ? {} : { kept }) };
  }

  /** A continuation writes over what it goes on from. */
  async #keepEarlier(path: string, checkpoint: Checkpoint): Promise<string | null> {
    const { keepEarlier: wanted = false, resume } = this.#options;
    if (!wanted || (resume !== undefined && resolve(resume) === resolve(path))) return null;
    return keepEarlier(path, checkpoint);
  }

  get #trainedData(): TrainedData {
    const { metadata, tables } = this.#trained.dataset;
    this.#data ??= {
      features: metadata.featureNames,
      cells: Object.fromEntries(tables.cells.map((table) => [table.cell, cellDigest(table)])),
    };
    return this.#data;
  }

  #checkpoint(): Checkpoint {
    const { config, dataset, trainer } = this.#trained;
    const { model, best, last, bestWeights } = trainer;
    if (!best || !last) throw new Error("a checkpoint needs a finished epoch");
    return {
      model: config.model,
      config: configToStore(config, this.#ranBy, this.#options.baseDir),
      best,
      last,
      normalisation: storedNormalisation(model),
      datasetHash: dataset.metadata.hash,
      data: this.#trainedData,
      weights: new Map(
        [...bestWeights].map(([name, data]) => [name, { shape: model.variables.get(name)?.shape ?? [], data }]),
      ),
      resume: this.#pending,
    };
  }
}
