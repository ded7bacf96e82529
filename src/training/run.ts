/** One training run from configuration to result: its events, when a checkpoint is written, how it ended. */
import { resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type {
  Dataset,
  EpochEvent,
  FinishEvent,
  IsaName,
  KernelsName,
  Metrics,
  RunConfig,
  RunEvent,
} from "../core/index.js";
import { UsageError, defined } from "../core/index.js";
import { baselines } from "../datasets/baselines/index.js";
import { cellDigest, sharedDatasets } from "../datasets/index.js";
import type { Backend } from "../tensor/index.js";
import { isaOf, useKernels } from "../tensor/index.js";
import type { Checkpoint, ResumeState, TrainedData } from "./checkpoint.js";
import { chooseBackend } from "./choose-backend.js";
import { storedConfig, storedNormalisation, writeCheckpoint } from "./checkpoint.js";
import type { ResolvedConfig } from "./config.js";
import { resolveConfig } from "./config.js";
import { portablePaths, portablePlugins } from "./data-paths.js";
import { keepEarlier } from "./earlier-checkpoint.js";
import type { PassControl } from "./loop.js";
import { countParameters, measureInference } from "./model-cost.js";
import { resumeConfig } from "./resume.js";
import type { EventAnswer, RunOptions, RunProbe, RunResult, RunState } from "./run-types.js";
import { Trainer } from "./trainer.js";

export type { EventAnswer, RunOptions, RunProbe, RunResult, RunState } from "./run-types.js";

/** The least time between two writes of a running run's checkpoint. */
const CHECKPOINT_INTERVAL_MS = 1000;

/** The validated configuration, data, backend and kernels of a run. */
interface TrainingContext {
  readonly config: ResolvedConfig;
  readonly options: RunOptions;
  readonly dataset: Dataset;
  readonly backend: Backend;
  readonly kernels: KernelsName;
  readonly isa: IsaName | null;
}

/** Validates, loads the data and chooses backend and kernels. */
async function prepare(config: ResolvedConfig, options: RunOptions): Promise<TrainingContext> {
  const { dataSeed: seed, alignWindow } = config;
  const { baseDir, tables } = options;
  const from = defined({ seed, baseDir, tables, alignWindow });
  const dataset = await sharedDatasets.get(config.dataset, config.data, from);
  const backend = await chooseBackend(config, dataset);
  const kernels = await useKernels(config.kernels);
  return { config, options, dataset, backend, kernels, isa: isaOf(kernels) };
}

/** A run's control over its passes: ends them on request, and lets this thread's messages in. */
function controlOf({ signal, cancelFlag }: RunOptions): PassControl {
  return defined({
    stopped: () => signal?.aborted === true || (cancelFlag !== undefined && Atomics.load(cancelFlag, 0) !== 0),
    // Timers and signal handlers of this thread only run when the loop yields: once a batch, a few microseconds.
    yieldToEventLoop: signal ? async () => void (await nextTurn()) : undefined,
  });
}

/** One run under way: drives the trainer, emits events, writes checkpoints. */
class Run {
  readonly #context: TrainingContext;
  readonly #trainer: Trainer;
  readonly #probe: RunProbe;
  #data: TrainedData | null = null;
  readonly #history: EpochEvent[] = [];
  #seconds = 0;
  #pending: ResumeState | null = null;
  #written: string | null = null;
  #writtenAt = 0;

  constructor(context: TrainingContext, trainer: Trainer) {
    this.#context = context;
    this.#trainer = trainer;
    this.#probe = {
      parameters: countParameters(trainer.model),
      kernels: context.kernels,
      inferenceUs: () => measureInference(trainer.model, context.dataset),
    };
  }

  async #emit(event: RunEvent): Promise<EventAnswer> {
    return this.#context.options.onEvent?.(event, this.#probe);
  }

  async run(): Promise<RunResult> {
    // A continuation with nothing left to do keeps what it came with.
    if (this.#resumable && this.#trainer.epoch > 0) this.#pending = this.#trainer.resumeState();
    await this.#emit({ event: "start", epoch: this.#trainer.epoch, epochs: this.#context.config.train.epochs });
    const ended = await this.#epochs();
    if (ended.state !== "diverged") await this.#save(true);
    const { dataset, options } = this.#context;
    const scores = options.baselines === false ? {} : baselines(dataset, "val");
    if (ended.state === "complete") await this.#emit(this.#finishEvent(scores));
    return this.#result(ended, scores);
  }

  async #epochs(): Promise<{ state: RunState; message: string }> {
    const trainer = this.#trainer;
    const control = controlOf(this.#context.options);
    while (!trainer.finished) {
      const outcome = await trainer.runEpoch(control);
      if (outcome.kind === "stopped") return { state: "cancelled", message: `cancelled in epoch ${trainer.epoch + 1}` };
      if (outcome.kind === "diverged") return { state: "diverged", message: outcome.message };
      this.#history.push(outcome.event);
      this.#seconds += outcome.event.seconds;
      this.#pending = this.#resumable ? trainer.resumeState() : null;
      await this.#save(false);
      const answer = await this.#emit(outcome.event);
      if (answer === "stop") return { state: "pruned", message: `stopped after epoch ${trainer.epoch}` };
      // Once an epoch in any case, so that a prune answer or an abort can arrive.
      await nextTurn();
    }
    const early = trainer.stoppedEarly ? ": no better epoch for early_stopping_patience epochs" : "";
    return { state: "complete", message: `${trainer.epoch} epochs${early}` };
  }

  get #resumable(): boolean {
    const { checkpoint, resumable } = this.#context.options;
    return (checkpoint ?? null) !== null && resumable !== false;
  }

  /** Writes what there is of the last finished epoch; between epochs at most once a second, and only if resumable. */
  async #save(final: boolean): Promise<void> {
    const path = this.#context.options.checkpoint ?? null;
    const { best, last } = this.#trainer;
    if (path === null || best === null || last === null) return;
    const now = performance.now();
    if (!final && (!this.#resumable || now - this.#writtenAt < CHECKPOINT_INTERVAL_MS)) return;
    const checkpoint = this.#checkpoint();
    const kept = this.#written === null ? await this.#keepEarlier(path, checkpoint) : null;
    await writeCheckpoint(path, checkpoint);
    this.#written = path;
    this.#writtenAt = now;
    await this.#emit({ event: "checkpoint", epoch: last.epoch, path, ...(kept === null ? {} : { kept }) });
  }

  /** A continuation writes over what it goes on from. */
  async #keepEarlier(path: string, checkpoint: Checkpoint): Promise<string | null> {
    const { keepEarlier: wanted = false, resume } = this.#context.options;
    if (!wanted || (resume !== undefined && resolve(resume) === resolve(path))) return null;
    return keepEarlier(path, checkpoint);
  }

  get #storedConfig(): RunConfig & { seed: number } {
    const { config, options, backend, kernels } = this.#context;
    const stored = storedConfig(config);
    const baseDir = options.baseDir ?? process.cwd();
    const params = portablePaths(stored.params ?? {}, config.dataset, baseDir);
    const plugins = stored.plugins && portablePlugins(stored.plugins, baseDir);
    return { ...stored, params, ...defined({ plugins }), backend: backend.name, kernels };
  }

  get #trainedData(): TrainedData {
    const { metadata, tables } = this.#context.dataset;
    this.#data ??= {
      features: metadata.featureNames,
      cells: Object.fromEntries(tables.cells.map((table) => [table.cell, cellDigest(table)])),
    };
    return this.#data;
  }

  #checkpoint(): Checkpoint {
    const { model, best, last, bestWeights } = this.#trainer;
    const { dataset } = this.#context;
    if (!best || !last) throw new Error("a checkpoint needs a finished epoch");
    return {
      model: this.#context.config.model,
      config: this.#storedConfig,
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

  get #warnings(): string[] {
    const { config, dataset } = this.#context;
    const idle = config.inactive.map((name) => `${name} has no effect under these settings`);
    return [...dataset.metadata.warnings, ...idle];
  }

  #finishEvent(scores: Metrics): FinishEvent {
    const { best, last } = this.#trainer;
    return {
      event: "finish",
      metrics: best?.metrics ?? {},
      last_metrics: last?.metrics ?? {},
      baselines: scores,
      checkpoint: this.#written,
      best_epoch: best?.epoch ?? 0,
      seconds: this.#seconds,
      warnings: this.#warnings,
    };
  }

  #result(ended: { state: RunState; message: string }, scores: Metrics): RunResult {
    const { dataset, backend, kernels, isa } = this.#context;
    const { epoch, best, last } = this.#trainer;
    return {
      ...ended,
      epoch,
      best,
      last,
      baselines: scores,
      history: this.#history,
      checkpoint: this.#written,
      seconds: this.#seconds,
      parameters: this.#probe.parameters,
      backend,
      kernels,
      isa,
      config: this.#storedConfig,
      datasetHash: dataset.metadata.hash,
      windows: dataset.metadata.counts,
      warnings: this.#warnings,
    };
  }
}

/**
 * Trains a model: what the command line's `train` and every trial call, parameter for parameter. The same configuration
 * and seed give the same numbers on the same platform, bit for bit. Plug-ins that the configuration names must be loaded
 * before.
 * @returns how the run ended; a diverged, pruned or cancelled run is a result, not an error
 * @throws UsageError for what the user can mend: unknown names, values out of range, missing data, a checkpoint that
 * does not fit
 */
export async function run(config: RunConfig, options: RunOptions = {}): Promise<RunResult> {
  const resumed = options.resume === undefined ? null : await resumeConfig(config, options.resume, options.baseDir);
  const resolved = resolveConfig(resumed?.config ?? config);
  const context = await prepare(resolved, options);
  if (resumed && resumed.checkpoint.datasetHash !== context.dataset.metadata.hash)
    throw new UsageError(
      "resume-mismatch",
      `--resume ${options.resume ?? ""}: the data have changed since the run began`,
    );
  const trainer = await Trainer.create(resolved, context.dataset, options.metrics);
  try {
    if (resumed) trainer.restore(resumed.checkpoint);
    return await new Run(context, trainer).run();
  } finally {
    trainer.dispose();
  }
}
