/** The design matrix of the ridge regression: its windows, its inputs, and its own folds for the choice of the penalty. */
import type { Batch, Dataset } from "../../core/index.js";

/** Inputs at most: of longer windows the last cycles are used, of wider rows the first features. */
const MAX_INPUTS = 1000;
const MAX_WINDOWS = 20_000;
/** Multiply-adds for the Gram matrices: about a second. */
const GRAM_BUDGET = 2e9;
const MAX_FOLDS = 5;

/** The part of a window that is used. */
export interface Shape {
  /** Inputs with the constant, which comes last and is not penalised. */
  readonly size: number;
  readonly horizon: number;
  /** Start of a window's used inputs in its flattened row, and their number. */
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
export interface Design {
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

/** Gathers the training windows that are used: at most 20,000, and fewer for many inputs, taken evenly. */
export function designOf(dataset: Dataset): Design {
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
