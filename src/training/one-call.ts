/** Passes over a part with one call a batch, for what is built in from end to end: model, optimizer, loader, kernels. */
import type { Batch, Loader } from "../core/index.js";
import { loadedWindows } from "../datasets/loader.js";
import type { LoadedWindows } from "../datasets/loader.js";
import type { ForwardModel } from "../models/index.js";
import { networkRunner } from "../models/network-runner.js";
import { odeMetricsOf } from "../models/ode-parameters.js";
import type { BatchPass, BatchScores, Network, UpdateStep } from "../tensor/index.js";
import { OwnMeans, ScoreSums } from "./metrics.js";
import type { PassResult } from "./metrics.js";
import type { Optimizer, StepNumbers } from "./optimizers/optimizer.js";
import { updateOf } from "./optimizers/update-optimizer.js";

/** Some of a pass's windows, or a batch of them where the rows are too many to be kept in the kernels' memory. */
type Piece = { readonly from: number; readonly size: number } | Batch;

export interface OneCallRequest {
  /** Takes steps; null in evaluation. */
  readonly training: { readonly optimizer: Optimizer; readonly numbers: Omit<StepNumbers, "t"> } | null;
  readonly epoch: number;
  /** [N,H], filled with the paths. */
  readonly paths: Float32Array | null;
}

/** Whether a loader's batches are those that the network takes; else the model itself says what is wrong with them. */
function fits({ window, features, horizon }: Network, { source }: LoadedWindows): boolean {
  return window === source.window && features === source.rows.width && horizon === source.horizon;
}

/**
 * A pass of a model over a loader's windows.
 * @returns null where anything is not built in, was changed, or has no kernels: the tape does it then
 */
export function openOneCall(model: ForwardModel, loader: Loader, request: OneCallRequest): OneCallPass | null {
  const { training } = request;
  const found = networkRunner(model);
  const windows = loadedWindows(loader);
  const own = training && updateOf(training.optimizer);
  if (!found || !windows || !fits(found.network, windows) || (training && !own)) return null;
  const { inputs, soh, targetsUnknown } = windows.source;
  const open = (kept: boolean): BatchPass | null =>
    found.runner.open({
      windows: kept ? { rows: { inputs, soh }, starts: windows.starts(request.epoch) } : null,
      update: own?.update ?? null,
      paths: request.paths !== null,
    });
  const whole = targetsUnknown ? null : open(true);
  const pass = whole ?? open(false);
  if (!pass) return null;
  const numbers = own && training && ((t: number): UpdateStep => own.numbers({ ...training.numbers, t }));
  const pieces = whole ? piecesOf(loader.windows, windows.batchSize) : loader.epoch(request.epoch);
  return new OneCallPass({ model, pass, pieces, numbers, horizon: found.network.horizon, paths: request.paths });
}

function* piecesOf(windows: number, batchSize: number): Generator<Piece, void, undefined> {
  for (let from = 0; from < windows; from += batchSize) yield { from, size: Math.min(batchSize, windows - from) };
}

interface PassParts {
  readonly model: ForwardModel;
  readonly pass: BatchPass;
  readonly pieces: Iterable<Piece>;
  readonly numbers: ((t: number) => UpdateStep) | null;
  readonly horizon: number;
  readonly paths: Float32Array | null;
}

/** A pass under way. */
export class OneCallPass {
  readonly pieces: Iterable<Piece>;
  readonly #parts: PassParts;
  readonly #sums = new ScoreSums();
  readonly #own = new OwnMeans();
  #written = 0;

  constructor(parts: PassParts) {
    this.#parts = parts;
    this.pieces = parts.pieces;
  }

  /** One batch, with its step in training. */
  run(piece: Piece): void {
    const { model, pass, numbers, paths } = this.#parts;
    const step = numbers ? numbers(model.step + 1) : null;
    const scores: BatchScores = "from" in piece ? pass.windows(piece.from, piece.size, step) : pass.batch(piece, step);
    if (step) model.step = step.t;
    this.#sums.add(piece.size, scores);
    if (scores.ode) this.#own.add(piece.size, odeMetricsOf(scores.ode));
    if (!paths) return;
    const own = pass.paths();
    paths.set(own, this.#written);
    this.#written += own.length;
  }

  finish(): PassResult {
    const { pass, horizon } = this.#parts;
    return { ...this.#sums.finish(horizon, pass.targets()), own: this.#own.finish() };
  }

  /** Brings the weights back. */
  dispose(): void {
    this.#parts.pass.close();
  }
}
