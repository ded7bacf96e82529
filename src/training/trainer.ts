/** A model in training, epoch by epoch: best and last weights, early stopping, resume state. */
import type { Dataset, EpochEvent, Loader, Metrics } from "../core/index.js";
import { UsageError } from "../core/index.js";
import type { ForwardModel } from "../models/index.js";
import { models } from "../models/index.js";
import type { Checkpoint, EpochMetrics, ResumeState } from "./checkpoint.js";
import type { ResolvedConfig } from "./config.js";
import { evaluate, trainOneEpoch, tryStep } from "./loop.js";
import type { PassControl } from "./loop.js";
import { ofPart, prefixed } from "./metrics.js";
import type { PassResult } from "./metrics.js";
import type { Optimizer } from "./optimizers/index.js";
import { optimizers } from "./optimizers/index.js";
import { PartScores } from "./part-scores.js";
import type { Scheduler } from "./schedulers/index.js";
import { schedulers } from "./schedulers/index.js";

/** The end of one epoch. */
export type EpochOutcome =
  | { readonly kind: "done"; readonly event: EpochEvent }
  | { readonly kind: "stopped" }
  | { readonly kind: "diverged"; readonly message: string };

interface Parts {
  readonly model: ForwardModel;
  readonly optimizer: Optimizer;
  readonly scheduler: Scheduler;
  readonly train: Loader;
  readonly val: Loader;
  /** Null where nothing beside the sums is scored: the truth of a large part need not be kept. */
  readonly scores: PartScores | null;
}

type ToldMetric = "train_loss" | "train_rmse" | "val_rmse" | "val_rmse_end" | "val_mae" | "val_r2" | "val_max_error";

/** Metrics of checkpoints and `finish` that an epoch's event leaves out. */
const untold = new Set(["train_rmse_end", "train_mae", "train_r2", "train_max_error", "val_loss"]);

/** Windows a validation batch: large, for there is no step to take; fixed, so that equal weights score equally. */
const VALIDATION_BATCH = 256;

/** An error that says so of itself: an ODE that could not be solved any further. */
function isDivergence(error: unknown): error is Error {
  return error instanceof Error && "failureClass" in error && error.failureClass === "diverged";
}

async function assemble(config: ResolvedConfig, dataset: Dataset, metrics?: readonly string[]): Promise<Parts> {
  const { train, streams } = config;
  const Model = await models.get(config.model).load();
  const createOptimizer = await optimizers.get(train.optimizer).load();
  const createScheduler = await schedulers.get(train.scheduler).load();
  const scores = await PartScores.create(dataset.split("val"), dataset, metrics);
  const { window, horizon, featureNames } = dataset.metadata;
  const model = new Model(config.modelParams, {
    window,
    horizon,
    features: featureNames.length,
    // A copy: other runs of this thread are given the same dataset, whatever a model does with its facts.
    normalisation: structuredClone(dataset.normalisation),
    seeds: { init: streams.init, dropout: streams.dropout },
  });
  return {
    model,
    optimizer: createOptimizer(model.variables, train),
    scheduler: createScheduler(train, { lr: train.lr, epochs: train.epochs }),
    train: dataset.split("train").loader({
      batchSize: train.batch_size,
      shuffle: true,
      seed: streams.shuffle,
      dropLast: train.drop_last,
    }),
    val: dataset.split("val").loader({ batchSize: VALIDATION_BATCH }),
    scores: scores.paths === null ? null : scores,
  };
}

/** What a {@link Trainer} need not be told. */
export interface TrainerOptions {
  /** The registered metrics to score. @default all */
  readonly metrics?: readonly string[] | undefined;
  /** It is a part of a cross-validated run, under this label, which says itself which epoch is the best. @default no */
  readonly partOf?: string | undefined;
}

/** A model in training: one epoch at a time, the best and last weights, early stopping. Emits and logs nothing. */
export class Trainer {
  readonly #config: ResolvedConfig;
  readonly #parts: Parts;
  readonly #partOf: string | undefined;
  #epoch = 0;
  #waited = 0;
  #best: EpochMetrics | null = null;
  #last: EpochMetrics | null = null;
  #bestWeights: Map<string, Float32Array> = new Map();

  private constructor(config: ResolvedConfig, parts: Parts, partOf: string | undefined) {
    this.#config = config;
    this.#parts = parts;
    this.#partOf = partOf;
  }

  static async create(config: ResolvedConfig, dataset: Dataset, options: TrainerOptions = {}): Promise<Trainer> {
    const parts = await assemble(config, dataset, options.metrics);
    if (parts.train.batches > 0) return new Trainer(config, parts, options.partOf);
    parts.optimizer.dispose();
    parts.model.dispose();
    throw new UsageError(
      "no-batches",
      `drop_last leaves no batch: the training part has ${dataset.metadata.counts.train} windows, train.batch_size is ${config.train.batch_size}`,
    );
  }

  get model(): ForwardModel {
    return this.#parts.model;
  }
  /** Epochs done. */
  get epoch(): number {
    return this.#epoch;
  }
  get best(): EpochMetrics | null {
    return this.#best;
  }
  get last(): EpochMetrics | null {
    return this.#last;
  }
  /** By PyTorch name; empty before the first epoch. */
  get bestWeights(): ReadonlyMap<string, Float32Array> {
    return this.#bestWeights;
  }

  /** Whether all epochs are done, or early stopping has waited long enough. */
  get finished(): boolean {
    return this.#epoch >= this.#config.train.epochs || this.stoppedEarly;
  }
  get stoppedEarly(): boolean {
    const patience = this.#config.train.early_stopping_patience;
    return patience > 0 && this.#waited >= patience;
  }

  /** One optimizer step on the first batch, for what it costs; nothing of it counts. */
  tryStep(): void {
    const { model, optimizer, train } = this.#parts;
    const { lr, weight_decay: weightDecay, grad_clip: maxNorm } = this.#config.train;
    const [batch] = train.epoch(0);
    if (batch) tryStep(model, batch, { optimizer, lr, weightDecay, maxNorm });
  }

  /** `epoch 3`, `epoch 3 of fold B0005`. */
  get #nextEpoch(): string {
    const part = this.#partOf === undefined ? "" : ` of part "${this.#partOf}"`;
    return `epoch ${this.#epoch + 1}${part}`;
  }

  /** Trains one epoch and scores the validation part, where there is one. A stopped or diverged epoch counts for nothing. */
  async runEpoch(control: PassControl): Promise<EpochOutcome> {
    try {
      return await this.#runEpoch(control);
    } catch (error) {
      if (!isDivergence(error)) throw error;
      return { kind: "diverged", message: `diverged in ${this.#nextEpoch}: ${error.message}` };
    }
  }

  async #runEpoch(control: PassControl): Promise<EpochOutcome> {
    const { model, optimizer, scheduler, train, val, scores } = this.#parts;
    const { weight_decay, grad_clip } = this.#config.train;
    const started = performance.now();
    const { lr } = scheduler;
    const trained = await trainOneEpoch(model, train, {
      ...control,
      optimizer,
      lr,
      weightDecay: weight_decay,
      maxNorm: grad_clip,
      epoch: this.#epoch,
    });
    if (!trained) return { kind: "stopped" };
    if (trained.divergence) return this.#diverged("training", trained);
    let metrics: Metrics = prefixed("train", trained);
    if (val.windows > 0) {
      const scored = await evaluate(model, val, { ...control, ...(scores ? { paths: scores.paths } : {}) });
      if (!scored) return { kind: "stopped" };
      if (scored.divergence) return this.#diverged("validation", scored);
      const further = scores ? ofPart("val", scores.metrics(scored.own)) : {};
      metrics = { ...metrics, ...prefixed("val", scored), ...further };
    }
    this.#advance(metrics);
    return { kind: "done", event: this.#event(metrics, lr, (performance.now() - started) / 1000) };
  }

  /** Books a finished epoch, which may be the best so far; without a validation part it is. */
  #advance(metrics: Metrics): void {
    this.#epoch++;
    this.#last = { epoch: this.#epoch, metrics };
    const valRmse = metrics["val_rmse"];
    this.#parts.scheduler.step(valRmse ?? (metrics["train_rmse"] as number));
    if (this.#partOf === undefined)
      this.judge(valRmse === undefined || valRmse < (this.#best?.metrics["val_rmse"] ?? Infinity));
  }

  /** What the last epoch was: the best so far, whose weights are kept, or none. A part of a run is told so. */
  judge(improved: boolean): void {
    this.#waited = improved ? 0 : this.#waited + 1;
    if (!improved) return;
    this.#best = this.#last;
    this.#bestWeights = this.#parts.model.weights();
  }

  #event(metrics: Metrics, lr: number, seconds: number): EpochEvent {
    const told = Object.entries(metrics).filter(([name]) => !untold.has(name));
    const numbers = Object.fromEntries(told) as Pick<EpochEvent, ToldMetric>;
    return { event: "epoch", epoch: this.#epoch, ...numbers, lr, seconds };
  }

  #diverged(part: string, { divergence }: PassResult): EpochOutcome {
    const seen = `the ${part} loss was ${String(divergence?.loss)} in batch ${divergence?.batch ?? 0}`;
    return { kind: "diverged", message: `diverged in ${this.#nextEpoch}: ${seen}` };
  }

  /** The state that a continuation needs, as of the last finished epoch. */
  resumeState(): ResumeState {
    const { model, optimizer, scheduler } = this.#parts;
    return {
      epoch: this.#epoch,
      step: model.step,
      waited: this.#waited,
      scheduler: scheduler.state(),
      weights: model.weights(),
      optimizer: optimizer.state(),
    };
  }

  /** Goes on from a checkpoint with its `resume` part. */
  restore({ resume, best, last, weights }: Checkpoint): void {
    if (!resume) return;
    const { model, optimizer, scheduler } = this.#parts;
    model.setWeights(resume.weights);
    model.step = resume.step;
    optimizer.restore(resume.optimizer);
    scheduler.restore(resume.scheduler);
    this.#epoch = resume.epoch;
    this.#waited = resume.waited;
    this.#best = best;
    this.#last = last;
    this.#bestWeights = new Map([...weights].map(([name, { data }]) => [name, data as Float32Array]));
  }

  dispose(): void {
    this.#parts.optimizer.dispose();
    this.#parts.model.dispose();
  }
}
