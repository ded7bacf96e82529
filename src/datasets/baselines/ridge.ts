import type { Batch, Dataset } from "../../core/index.js";
import type { Baseline, Predictor } from "./baseline.js";
import { choleskyInPlace, choleskySolve, dot } from "./cholesky.js";

/** Penalties tried, relative to the number of windows (inputs are standardised). */
export const RIDGE_PENALTIES: readonly number[] = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100];
/** Inputs at most: of longer windows the last cycles are used, of wider rows the first features. */
const MAX_INPUTS = 1000;
const MAX_WINDOWS = 20_000;
/** Multiply-adds for all of cross-validation's factors, and for the Gram matrices: about a second each. */
const FACTOR_BUDGET = 1.5e9;
const GRAM_BUDGET = 2e9;
const MAX_FOLDS = 5;

interface Shape {
  /** Inputs with the constant, which comes last and is not penalised. */
  readonly size: number;
  readonly horizon: number;
  /** Where a window's used inputs start in its flattened row, and how many there are. */
  readonly from: number;
  readonly inputs: number;
}

function shapeOf(batch: Pick<Batch, "window" | "features" | "horizon">): Shape {
  const features = Math.min(batch.features, MAX_INPUTS);
  const cycles = Math.max(1, Math.min(batch.window, Math.floor(MAX_INPUTS / features)));
  const inputs = cycles === 1 ? features : cycles * batch.features;
  return { size: inputs + 1, horizon: batch.horizon, from: (batch.window - cycles) * batch.features, inputs };
}

/** The training windows in columns. */
interface Design {
  readonly shape: Shape;
  readonly count: number;
  /** [size, count] */
  readonly x: Float64Array;
  /** [horizon, count]: the change from the last SOH about its mean, so that a heavy penalty ends in `mean_change`. */
  readonly y: Float64Array;
  /** [count + …]: windows in the order of folds; fold k is `starts[k] … starts[k + 1] - 1`. */
  readonly starts: readonly number[];
}

/**
 * Folds that share no cell, where there are several cells (neighbouring windows are near copies: folds of random windows
 * would choose too small a penalty); blocks in time otherwise.
 */
function foldOf(index: number, count: number, cellRank: number, cells: number): number {
  return cells > 1 ? cellRank % Math.min(MAX_FOLDS, cells) : Math.floor((index * MAX_FOLDS) / count);
}

function chooseWindows(dataset: Dataset, size: number): { order: Int32Array; starts: number[] } {
  const split = dataset.split("train");
  const limit = Math.max(500, Math.min(MAX_WINDOWS, Math.floor(GRAM_BUDGET / size ** 2)));
  const count = Math.min(split.windows, limit);
  const cellOf = new Int32Array(split.windows);
  let at = 0;
  for (const batch of split.loader({ batchSize: 4096 }).epoch()) {
    cellOf.set(batch.cell, at);
    at += batch.size;
  }
  const picked = Array.from({ length: count }, (_, i) => Math.floor((i * split.windows) / count));
  const ranks = new Map(
    [...new Set(picked.map((w) => cellOf[w] as number))].sort((a, b) => a - b).map((c, r) => [c, r]),
  );
  const folds: number[][] = Array.from({ length: MAX_FOLDS }, () => []);
  for (const [i, w] of picked.entries())
    folds[foldOf(i, count, ranks.get(cellOf[w] as number) as number, ranks.size)]?.push(w);
  const filled = folds.filter((fold) => fold.length > 0);
  const starts = [0];
  for (const fold of filled) starts.push((starts.at(-1) as number) + fold.length);
  return { order: Int32Array.from(filled.flat()), starts };
}

function designOf(dataset: Dataset): Design {
  const split = dataset.split("train");
  const { deltaMean } = dataset.normalisation;
  const { metadata } = dataset;
  const shape = shapeOf({ window: metadata.window, features: metadata.featureNames.length, horizon: metadata.horizon });
  const { order, starts } = chooseWindows(dataset, shape.size);
  const count = order.length;
  const column = new Map<number, number>();
  for (const [i, w] of order.entries()) column.set(w, i);
  const x = new Float64Array(shape.size * count);
  const y = new Float64Array(shape.horizon * count);
  let first = 0;
  for (const batch of split.loader({ batchSize: 1024 }).epoch()) {
    const stride = batch.window * batch.features;
    for (let b = 0; b < batch.size; b++) {
      const i = column.get(first + b);
      if (i === undefined) continue;
      for (let f = 0; f < shape.inputs; f++) x[f * count + i] = batch.x[b * stride + shape.from + f] as number;
      x[shape.inputs * count + i] = 1;
      for (let h = 0; h < shape.horizon; h++)
        y[h * count + i] =
          (batch.target[b * shape.horizon + h] as number) - (batch.lastSoh[b] as number) - (deltaMean[h] as number);
    }
    first += batch.size;
  }
  return { shape, count, x, y, starts };
}

/** XᵀX (lower triangle) and XᵀY [horizon, size] of a range of windows. */
interface Moments {
  readonly gram: Float64Array;
  readonly cross: Float64Array;
  readonly count: number;
}

function momentsOf({ shape, count, x, y }: Design, from: number, to: number): Moments {
  const { size, horizon } = shape;
  const gram = new Float64Array(size * size);
  const cross = new Float64Array(horizon * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) gram[i * size + j] = dot(x, i * count + from, x, j * count + from, to - from);
    for (let h = 0; h < horizon; h++) cross[h * size + i] = dot(x, i * count + from, y, h * count + from, to - from);
  }
  return { gram, cross, count: to - from };
}

/** Coefficients [horizon, size] for `all` without `held`. */
function solve(shape: Shape, all: Moments, held: Moments | null, penalty: number): Float64Array {
  const { size, horizon } = shape;
  const minus = (a: Float64Array, b: Float64Array | undefined): Float64Array =>
    b ? a.map((value, i) => value - (b[i] as number)) : a.slice();
  const gram = minus(all.gram, held?.gram);
  const weights = minus(all.cross, held?.cross);
  const alpha = penalty * (all.count - (held?.count ?? 0));
  for (let i = 0; i < size - 1; i++) gram[i * size + i] = (gram[i * size + i] as number) + alpha;
  choleskyInPlace(gram, size);
  for (let h = 0; h < horizon; h++) choleskySolve(gram, size, weights.subarray(h * size, (h + 1) * size));
  return weights;
}

/** Squared error of `weights` on windows `from … to - 1`: yᵀy - 2 wᵀXᵀy + wᵀXᵀX w, from the moments alone. */
function squaredError(shape: Shape, held: Moments, weights: Float64Array, yy: number): number {
  const { size, horizon } = shape;
  let total = yy;
  const full = new Float64Array(size);
  for (let h = 0; h < horizon; h++) {
    const w = weights.subarray(h * size, (h + 1) * size);
    full.fill(0);
    for (let i = 0; i < size; i++) {
      full[i] = (full[i] as number) + dot(held.gram, i * size, w, 0, i + 1);
      const wi = w[i] as number;
      for (let j = 0; j < i; j++) full[j] = (full[j] as number) + (held.gram[i * size + j] as number) * wi;
    }
    total += dot(full, 0, w, 0, size) - 2 * dot(held.cross, h * size, w, 0, size);
  }
  return total;
}

/** The penalty with the least error over the held-out folds. */
function choosePenalty(design: Design, folds: readonly Moments[], all: Moments): number {
  const { shape, y, count, starts } = design;
  const each = (RIDGE_PENALTIES.length * shape.size ** 3) / 6;
  const used = Math.max(1, Math.min(folds.length, Math.floor(FACTOR_BUDGET / each)));
  const errors = RIDGE_PENALTIES.map((penalty) => {
    let error = 0;
    for (let k = folds.length - used; k < folds.length; k++) {
      const held = folds[k] as Moments;
      let yy = 0;
      for (let h = 0; h < shape.horizon; h++) {
        const from = h * count + (starts[k] as number);
        yy += dot(y, from, y, from, held.count);
      }
      error += squaredError(shape, held, solve(shape, all, held, penalty), yy);
    }
    return error;
  });
  return RIDGE_PENALTIES[errors.indexOf(Math.min(...errors))] as number;
}

/** A fitted ridge regression. */
export interface RidgeFit {
  /** Relative penalty chosen. */
  readonly penalty: number;
  /** [horizon, inputs + 1]; the constant is last. */
  readonly weights: Float64Array;
  readonly predict: Predictor;
}

function predictor(shape: Shape, weights: Float64Array, deltaMean: readonly number[]): Predictor {
  const row = new Float64Array(shape.size);
  row[shape.inputs] = 1;
  return (batch, out) => {
    const stride = batch.window * batch.features;
    for (let b = 0; b < batch.size; b++) {
      row.set(batch.x.subarray(b * stride + shape.from, b * stride + shape.from + shape.inputs));
      for (let h = 0; h < shape.horizon; h++)
        out[b * shape.horizon + h] =
          (batch.lastSoh[b] as number) + (deltaMean[h] as number) + dot(weights, h * shape.size, row, 0, shape.size);
    }
  };
}

/**
 * Ridge regression of the change on the flattened, normalised window, with an unpenalised constant; the penalty is
 * chosen by cross-validation inside the training part. Work is bounded: at most 1,000 inputs (the window's last cycles),
 * at most 20,000 windows and fewer for many inputs (taken evenly), and for many inputs fewer of the five folds are
 * scored. No randomness.
 */
export function fitRidge(dataset: Dataset): RidgeFit {
  const design = designOf(dataset);
  const { shape, starts } = design;
  const folds = starts.slice(1).map((end, k) => momentsOf(design, starts[k] as number, end));
  const sum = (pick: (m: Moments) => Float64Array): Float64Array =>
    folds.map(pick).reduce((a, b) => a.map((value, i) => value + (b[i] as number)));
  const all: Moments = { gram: sum((m) => m.gram), cross: sum((m) => m.cross), count: design.count };
  const penalty = folds.length > 1 ? choosePenalty(design, folds, all) : 1;
  const weights = solve(shape, all, null, penalty);
  return { penalty, weights, predict: predictor(shape, weights, dataset.normalisation.deltaMean) };
}

export const ridge: Baseline = { name: "ridge", fit: (dataset) => fitRidge(dataset).predict };
