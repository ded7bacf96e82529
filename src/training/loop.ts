/** The training loop's passes over a part: an epoch of training, an evaluation. */
import { requireKnownKeys } from "../core/index.js";
import type { Batch, KnownKeys, Loader } from "../core/index.js";
import type { ForwardModel } from "../models/index.js";
import { batchToTensors, pathLoss } from "../tensor/index.js";
import type { BatchTensors } from "../tensor/index.js";
import { untapedIfThrown } from "../tensor/own-tape.js";
import * as tf from "../tensor/tf.js";
import type { Tensor2D } from "../tensor/tf.js";
import { MetricSums } from "./metrics.js";
import type { PassResult, Scored } from "./metrics.js";
import { openOneCall } from "./one-call.js";
import type { Optimizer } from "./optimizers/optimizer.js";

/** Control over a pass from outside: its end, and turns for this thread's messages. */
export interface PassControl {
  /** Asked before every batch; true ends the pass. */
  readonly stopped?: () => boolean;
  /** Awaited after every batch, so that signals and messages of this thread are heard. */
  readonly yieldToEventLoop?: () => Promise<void>;
}

/** The options of {@link evaluate}. */
export interface EvaluateOptions extends PassControl {
  /** [N,H], filled with the predicted paths in SOH units, windows in the loader's order. @default nobody wants them */
  readonly paths?: Float32Array | null;
}

/** The options of {@link trainOneEpoch}. */
export interface EpochOptions extends PassControl {
  /** Changes the model's variables. */
  readonly optimizer: Optimizer;
  /** The learning rate of this epoch. */
  readonly lr: number;
  /** @default 0 */
  readonly weightDecay?: number;
  /** Largest global norm of the gradients; 0: no clipping. @default 1 */
  readonly maxNorm?: number;
  /** From 0: picks the loader's order. @default 0 */
  readonly epoch?: number;
}

const passKeys: KnownKeys<PassControl> = { stopped: true, yieldToEventLoop: true };
const evaluateKeys: KnownKeys<EvaluateOptions> = { ...passKeys, paths: true };
const epochKeys: KnownKeys<EpochOptions> = {
  ...({ ...passKeys, optimizer: true, lr: true, weightDecay: true, maxNorm: true, epoch: true } as const),
};

/** Takes a batch's predicted path [B,H] while it is there. */
type PathTaker = (path: Tensor2D) => void;

/** The model's loss on a batch and the sums of its path's errors. */
function score(model: ForwardModel, batch: BatchTensors, take?: PathTaker): Scored {
  const { outputs, traj } = model.forward(batch, batch.tEval);
  take?.(outputs.soh_r);
  const { loss, sums, metrics = {} } = model.computeLoss(batch, outputs, traj);
  return {
    loss,
    sums: sums ?? pathLoss(outputs.soh_r, batch.target, tf.ones([batch.tEval.size])).sums,
    own: metrics,
  };
}

/** Keeps what a tidy would free of a batch's scores. */
function kept({ loss, sums, own }: Scored): Scored {
  tf.keep(loss);
  tf.keep(sums);
  for (const value of Object.values(own)) if (typeof value !== "number") tf.keep(value);
  return { loss, sums, own };
}

/** Runs `body`; of a batch that ends by an error, such as a solve that goes no further, nothing stays: neither tape nor scores. */
function orNothing<T>(body: () => T, scored: () => Scored | undefined): T {
  try {
    return untapedIfThrown(body);
  } catch (error) {
    const made = scored();
    if (made) tf.dispose([made.loss, made.sums, made.own]);
    throw error;
  }
}

/** One optimizer step; returns the kept scores. */
function trainStep(model: ForwardModel, batch: Batch, options: EpochOptions): Scored {
  return tf.tidy(() => {
    const tensors = batchToTensors(batch);
    const variables = [...model.variables];
    let scored: Scored | undefined;
    const { grads } = orNothing(
      () =>
        tf.variableGrads(
          () => {
            scored = kept(score(model, tensors));
            return scored.loss;
          },
          variables.map(([, variable]) => variable),
        ),
      () => scored,
    );
    const gradients = new Map(
      variables.flatMap(([name, variable]) => {
        const gradient = grads[variable.name];
        return gradient ? [[name, gradient] as const] : [];
      }),
    );
    model.step++;
    options.optimizer.step(gradients, {
      lr: options.lr,
      weightDecay: options.weightDecay ?? 0,
      maxNorm: options.maxNorm ?? 1,
      t: model.step,
    });
    return scored as Scored;
  });
}

function evaluateStep(model: ForwardModel, batch: Batch, take?: PathTaker): Scored {
  return tf.tidy(() => kept(score(model, batchToTensors(batch), take)));
}

/** Writes one batch's paths behind another's. */
function pathWriter(paths: Float32Array): PathTaker {
  let at = 0;
  return (path) => {
    paths.set(path.dataSync(), at);
    at += path.size;
  };
}

/** A pass's batches, what is done with each, and what comes of all. */
interface Pass<P> {
  readonly pieces: Iterable<P>;
  run(piece: P): void;
  finish(): PassResult;
  dispose(): void;
}

/** A pass that computes each batch by the model's own code. */
function byOps(batches: Iterable<Batch>, step: (batch: Batch) => Scored): Pass<Batch> {
  const sums = new MetricSums();
  return {
    pieces: batches,
    run: (batch) => {
      sums.add(batch, step(batch));
    },
    finish: () => sums.finish(),
    dispose: () => {
      sums.dispose();
    },
  };
}

async function carryOut<P>(pass: Pass<P>, { stopped, yieldToEventLoop }: PassControl): Promise<PassResult | null> {
  try {
    for (const piece of pass.pieces) {
      if (stopped?.()) return null;
      pass.run(piece);
      if (yieldToEventLoop) await yieldToEventLoop();
    }
    return stopped?.() ? null : pass.finish();
  } finally {
    pass.dispose();
  }
}

/**
 * One pass over a loader with an optimizer step a batch. The metrics are those seen during the pass: each batch is
 * scored before its step, with dropout in force.
 * @returns null when `stopped` ended the pass
 * @throws UsageError `unknown-option`.
 */
export async function trainOneEpoch(
  model: ForwardModel,
  loader: Loader,
  options: EpochOptions,
): Promise<PassResult | null> {
  requireKnownKeys("trainOneEpoch", options, epochKeys);
  const { optimizer, lr, weightDecay = 0, maxNorm = 1, epoch = 0 } = options;
  model.training = true;
  try {
    const training = { optimizer, numbers: { lr, weightDecay, maxNorm } };
    const inOneCall = openOneCall(model, loader, { training, epoch, paths: null });
    if (inOneCall) return await carryOut(inOneCall, options);
    return await carryOut(
      byOps(loader.epoch(epoch), (batch) => trainStep(model, batch, options)),
      options,
    );
  } finally {
    model.training = false;
  }
}

/** One step as {@link trainOneEpoch} takes it, on a model that is thrown away. */
export function tryStep(model: ForwardModel, batch: Batch, options: EpochOptions): void {
  model.training = true;
  const { loss, sums, own } = trainStep(model, batch, options);
  tf.dispose([loss, sums, ...Object.values(own).filter((value) => typeof value !== "number")]);
}

/**
 * Scores a model on a loader's windows, without dropout; changes nothing.
 * @returns null when `stopped` ended the pass
 * @throws UsageError `unknown-option`.
 */
export async function evaluate(
  model: ForwardModel,
  loader: Loader,
  options: EvaluateOptions = {},
): Promise<PassResult | null> {
  requireKnownKeys("evaluate", options, evaluateKeys);
  const paths = options.paths ?? null;
  // A pass in the midst of a training pass leaves that its dropout.
  const { training } = model;
  model.training = false;
  try {
    const inOneCall = openOneCall(model, loader, { training: null, epoch: 0, paths });
    if (inOneCall) return await carryOut(inOneCall, options);
    const take = paths ? pathWriter(paths) : undefined;
    return await carryOut(
      byOps(loader.epoch(0), (batch) => evaluateStep(model, batch, take)),
      options,
    );
  } finally {
    model.training = training;
  }
}
