/** One training run from configuration to result: its events, when a checkpoint is written, how it ended. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type {
  Dataset,
  EpochEvent,
  FinishEvent,
  FinishOfPart,
  IsaName,
  KernelsName,
  Metrics,
  PartOfRun,
  RunConfig,
  RunEvent,
} from "../core/index.js";
import { UsageError, defined } from "../core/index.js";
import { baselines } from "../datasets/baselines/index.js";
import { sharedDatasets } from "../datasets/index.js";
import type { Backend } from "../tensor/index.js";
import { isaOf, useKernels } from "../tensor/index.js";
import { partFile } from "../io/part-file.js";
import { chooseBackend } from "./choose-backend.js";
import { CheckpointWriter, configToStore } from "./checkpoint-writer.js";
import type { Trained } from "./checkpoint-writer.js";
import type { ResolvedConfig } from "./config.js";
import { resolveConfig } from "./config.js";
import type { Curve } from "./lockstep.js";
import { Lockstep } from "./lockstep.js";
import type { PassControl } from "./loop.js";
import { countParameters, measureInference } from "./model-cost.js";
import { meanMetrics } from "./part-means.js";
import { resumeConfig } from "./resume.js";
import type { Partition, RunPart } from "./run-parts.js";
import { combinedHash, partitionOf, partsOf, placeOf } from "./run-parts.js";
import type { EventAnswer, PartResult, RunOptions, RunProbe, RunResult, RunState } from "./run-types.js";
import { Trainer } from "./trainer.js";

export type { EventAnswer, PartResult, RunOptions, RunProbe, RunResult, RunState } from "./run-types.js";

/** What runs a training. */
interface RunningOn {
  readonly backend: Backend;
  readonly kernels: KernelsName;
  readonly isa: IsaName | null;
}

/** One model of a run: of a run that trains once the only one. */
interface Member extends Trained {
  /** Null where the run trains once. */
  readonly part: PartOfRun | null;
  readonly writer: CheckpointWriter;
}

/** A run before its first epoch. */
interface TrainingContext extends RunningOn {
  readonly options: RunOptions;
  readonly members: readonly [Member, ...Member[]];
  readonly curve: Curve;
  /** As it was asked for, folds and seeds included, with all that is resolved. */
  readonly config: RunConfig & { readonly seed: number };
}

/** Loads the data of a run: parsed elsewhere, or once a process. */
function datasetFor({ dataset, data, dataSeed: seed, alignWindow }: ResolvedConfig, options: RunOptions) {
  const { baseDir, tables } = options;
  return sharedDatasets.get(dataset, data, defined({ seed, baseDir, tables, alignWindow }));
}

/** Chooses backend and kernels: by the first part, for all. */
async function runningOn(config: ResolvedConfig, dataset: Dataset): Promise<RunningOn> {
  const backend = await chooseBackend(config, dataset);
  const kernels = await useKernels(config.kernels);
  return { backend, kernels, isa: isaOf(kernels) };
}

/** A run's control over its passes: ends them on request, and lets this thread's messages in. */
function controlOf({ signal, cancelFlag }: RunOptions): PassControl {
  return defined({
    stopped: () => signal?.aborted === true || (cancelFlag !== undefined && Atomics.load(cancelFlag, 0) !== 0),
    // Timers and signal handlers of this thread only run when the loop yields: once a batch, a few microseconds.
    yieldToEventLoop: signal ? async () => void (await nextTurn()) : undefined,
  });
}

/** One run under way: drives the training, emits events, has checkpoints written. */
class Run {
  readonly #context: TrainingContext;
  readonly #probe: RunProbe;
  readonly #history: EpochEvent[] = [];
  #seconds = 0;

  constructor(context: TrainingContext) {
    this.#context = context;
    const [{ trainer, dataset }] = context.members;
    this.#probe = {
      parameters: countParameters(trainer.model),
      kernels: context.kernels,
      inferenceUs: () => measureInference(trainer.model, dataset),
    };
  }

  async #emit(event: RunEvent): Promise<EventAnswer> {
    return this.#context.options.onEvent?.(event, this.#probe);
  }

  async run(): Promise<RunResult> {
    const { members, curve } = this.#context;
    // A continuation with nothing left to do keeps what it came with.
    if (curve.epoch > 0) for (const { writer } of members) writer.epochEnded();
    await this.#emit({ event: "start", epoch: curve.epoch, epochs: members[0].config.train.epochs });
    const ended = await this.#epochs();
    if (ended.state !== "diverged") await this.#save(true);
    const scored = this.#context.options.baselines !== false;
    const scores = members.map(({ dataset }) => (scored ? baselines(dataset, "val") : {}));
    if (ended.state === "complete") await this.#emit(this.#finishEvent(scores));
    return this.#result(ended, scores);
  }

  async #epochs(): Promise<{ state: RunState; message: string }> {
    const { curve, options, members } = this.#context;
    const control = controlOf(options);
    while (!curve.finished) {
      const outcome = await curve.runEpoch(control);
      if (outcome.kind === "stopped") return { state: "cancelled", message: `cancelled in epoch ${curve.epoch + 1}` };
      if (outcome.kind === "diverged") return { state: "diverged", message: outcome.message };
      this.#history.push(outcome.event);
      this.#seconds += outcome.event.seconds;
      for (const { writer } of members) writer.epochEnded();
      await this.#save(false);
      const answer = await this.#emit(outcome.event);
      if (answer === "stop") return { state: "pruned", message: `stopped after epoch ${curve.epoch}` };
      // Once an epoch in any case, so that a prune answer or an abort can arrive.
      await nextTurn();
    }
    const early = curve.stoppedEarly ? ": no better epoch for early_stopping_patience epochs" : "";
    return { state: "complete", message: `${curve.epoch} epochs${early}` };
  }

  async #save(final: boolean): Promise<void> {
    for (const { writer } of this.#context.members) {
      const event = await writer.save(final);
      if (event) await this.#emit(event);
    }
  }

  get #warnings(): string[] {
    const { members } = this.#context;
    return [...new Set(members.flatMap(({ config, dataset }) => warningsOf(config, dataset)))];
  }

  get #checkpoint(): string | null {
    const [{ part, writer }] = this.#context.members;
    return part ? null : writer.written;
  }

  #finishEvent(scores: readonly Metrics[]): FinishEvent {
    const { curve, members } = this.#context;
    const [{ part }] = members;
    return {
      event: "finish",
      metrics: curve.best?.metrics ?? {},
      last_metrics: curve.last?.metrics ?? {},
      baselines: meanMetrics(scores),
      checkpoint: this.#checkpoint,
      best_epoch: curve.best?.epoch ?? 0,
      seconds: this.#seconds,
      warnings: this.#warnings,
      ...(part ? { parts: members.map((member, i) => this.#finishOfPart(member, i, scores[i] ?? {})) } : {}),
    };
  }

  #finishOfPart({ part, trainer, writer, config, dataset }: Member, index: number, scores: Metrics): FinishOfPart {
    return {
      ...placeOf(part as PartOfRun),
      event: "finish",
      metrics: trainer.best?.metrics ?? {},
      last_metrics: trainer.last?.metrics ?? {},
      baselines: scores,
      checkpoint: writer.written,
      best_epoch: trainer.best?.epoch ?? 0,
      seconds: this.#historyOf(index).reduce((sum, { seconds }) => sum + seconds, 0),
      warnings: warningsOf(config, dataset),
    };
  }

  #historyOf(index: number): EpochEvent[] {
    return this.#history.flatMap(({ parts }) => parts?.[index] ?? []);
  }

  #partResults(scores: readonly Metrics[]): readonly PartResult[] | null {
    const { members } = this.#context;
    if (!members[0].part) return null;
    return members.map(({ part, trainer, writer, dataset: { metadata } }, i) => ({
      ...placeOf(part as PartOfRun),
      history: this.#historyOf(i),
      ...{ best: trainer.best, last: trainer.last, baselines: scores[i] ?? {}, checkpoint: writer.written },
      ...{ datasetHash: metadata.hash, windows: metadata.counts },
    }));
  }

  #result(ended: { state: RunState; message: string }, scores: readonly Metrics[]): RunResult {
    const { members, backend, kernels, isa, curve, config } = this.#context;
    const { epoch, best, last } = curve;
    const data = members.map(({ dataset }) => dataset.metadata);
    const count = (of: "train" | "val" | "test"): number => data.reduce((sum, { counts }) => sum + counts[of], 0);
    return {
      ...ended,
      ...{ epoch, best, last, baselines: meanMetrics(scores), history: this.#history },
      parts: this.#partResults(scores),
      checkpoint: this.#checkpoint,
      seconds: this.#seconds,
      parameters: this.#probe.parameters,
      ...{ backend, kernels, isa, config },
      datasetHash: combinedHash(data.map(({ hash }) => hash)),
      windows: { train: count("train"), val: count("val"), test: count("test") },
      warnings: this.#warnings,
    };
  }
}

function warningsOf({ inactive }: ResolvedConfig, { metadata }: Dataset): string[] {
  return [...metadata.warnings, ...inactive.map((name) => `${name} has no effect under these settings`)];
}

function requireValidation({ metadata: { counts } }: Dataset): void {
  if (counts.val === 0)
    throw new UsageError(
      "no-windows",
      "data.val_part=empty: nothing is validated, so there is no best epoch to train for",
    );
}

/** A run that trains once. */
async function trainOnce(config: RunConfig, options: RunOptions): Promise<RunResult> {
  const resumed = options.resume === undefined ? null : await resumeConfig(config, options.resume, options.baseDir);
  const resolved = resolveConfig(resumed?.config ?? config);
  const dataset = await datasetFor(resolved, options);
  if (options.unvalidated !== true) requireValidation(dataset);
  const on = await runningOn(resolved, dataset);
  if (resumed && resumed.checkpoint.datasetHash !== dataset.metadata.hash)
    throw new UsageError(
      "resume-mismatch",
      `--resume ${options.resume ?? ""}: the data have changed since the run began`,
    );
  const trainer = await Trainer.create(resolved, dataset, { metrics: options.metrics });
  try {
    if (resumed) trainer.restore(resumed.checkpoint);
    const trained = { config: resolved, dataset, trainer };
    const { checkpoint = null } = options;
    const path = typeof checkpoint === "function" ? checkpoint("") : checkpoint;
    const member = { ...trained, part: null, writer: new CheckpointWriter(path, trained, on, options) };
    const stored = configToStore(resolved, on, options.baseDir);
    return await new Run({ ...on, options, members: [member], curve: trainer, config: stored }).run();
  } finally {
    trainer.dispose();
  }
}

/** Where a part's weights go. */
function pathOf(part: RunPart, { checkpoint = null }: RunOptions): string | null {
  if (typeof checkpoint === "function") return checkpoint(part.label);
  return checkpoint === null ? null : partFile(checkpoint, part);
}

/** What is wrong with a part's data is told with its name. */
async function datasetOfPart({ config, label }: RunPart, options: RunOptions): Promise<Dataset> {
  try {
    return await datasetFor(config, options);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(error.code, `part "${label}": ${error.message}`, { cause: error });
  }
}

async function membersOf(parts: readonly RunPart[], options: RunOptions, made: Member[]): Promise<RunningOn> {
  const data: Dataset[] = [];
  for (const part of parts) data.push(await datasetOfPart(part, options));
  const on = await runningOn((parts[0] as RunPart).config, data[0] as Dataset);
  for (const [i, part] of parts.entries()) {
    const { config, label } = part;
    const dataset = data[i] as Dataset;
    const trainer = await Trainer.create(config, dataset, { metrics: options.metrics, partOf: label });
    const trained = { config, dataset, trainer };
    made.push({ ...trained, part, writer: new CheckpointWriter(pathOf(part, options), trained, on, options) });
  }
  return on;
}

/** A run that trains a model a fold and seed. */
async function trainInLockstep(partition: Partition, options: RunOptions): Promise<RunResult> {
  const { folds, seeds } = partition;
  if (options.resume !== undefined)
    throw new UsageError("not-available", "a run over folds or seeds cannot be continued: leave out --resume");
  const resolved = resolveConfig(partition.config);
  const parts = await partsOf(partition, resolved, options);
  const made: Member[] = [];
  try {
    const on = await membersOf(parts, options, made);
    const members = made as [Member, ...Member[]];
    const stored = {
      ...configToStore(resolved, on, options.baseDir),
      ...defined({ folds: folds ?? undefined }),
      seeds,
    };
    const inTraining = made.map(({ part, trainer }) => ({ part: part as PartOfRun, trainer }));
    const curve = new Lockstep(inTraining, resolved.train);
    return await new Run({ ...on, options, members, curve, config: stored }).run();
  } finally {
    for (const { trainer } of made) trainer.dispose();
  }
}

/**
 * Trains a model: what the command line's `train` and every trial call, parameter for parameter. The same configuration
 * and seed give the same numbers on the same platform, bit for bit. Plug-ins that the configuration names must be loaded
 * before. With folds or seeds the parts are trained in lockstep, an epoch of each in turn.
 * @returns how the run ended; a diverged, pruned or cancelled run is a result, not an error
 * @throws UsageError for what the user can mend: unknown names, values out of range, missing data, a checkpoint that
 * does not fit
 */
export async function run(config: RunConfig, options: RunOptions = {}): Promise<RunResult> {
  const partition = partitionOf(config);
  return partition ? trainInLockstep(partition, options) : trainOnce(config, options);
}
