/** Windows in memory, small enough for a model to overfit. */
import type { Batch, Loader, Normalisation } from "../core/index.js";
import { createNormal, createRng } from "../core/index.js";

/** Windows in memory with a rule that a model can learn: the change is the mean of the first feature. */
export function tinyBatch(size = 12, window = 4, features = 2, horizon = 3, seed = 1): Batch {
  const normal = createNormal(createRng(seed, "tiny"));
  const x = Float32Array.from({ length: size * window * features }, normal);
  const lastSoh = Float32Array.from({ length: size }, (_, b) => 0.95 - 0.01 * b);
  const target = new Float32Array(size * horizon);
  for (let b = 0; b < size; b++) {
    let mean = 0;
    for (let t = 0; t < window; t++) mean += (x[(b * window + t) * features] as number) / window;
    for (let h = 0; h < horizon; h++) target[b * horizon + h] = (lastSoh[b] as number) - 0.002 * (h + 1) + 0.01 * mean;
  }
  return {
    ...{ size, window, features, horizon, x, lastSoh, target },
    windowSoh: Float32Array.from({ length: size * window }, (_, i) => lastSoh[Math.floor(i / window)] as number),
    tEval: Float32Array.from({ length: horizon }, (_, h) => h + 1),
    cell: new Int32Array(size),
    cycles: Int32Array.from({ length: size * window }, (_, i) => 1 + Math.floor(i / window) + (i % window)),
    position: Int32Array.from({ length: size }, (_, b) => b),
  };
}

export function loaderOf(...batches: Batch[]): Loader {
  return {
    windows: batches.reduce((n, batch) => n + batch.size, 0),
    batches: batches.length,
    epoch: () => batches,
  };
}

export function tinyNormalisation({ features, horizon }: Batch): Normalisation {
  const of = (value: (h: number) => number): number[] => Array.from({ length: horizon }, (_, h) => value(h));
  return {
    xMean: Array<number>(features).fill(0),
    xStd: Array<number>(features).fill(1),
    ...{ sohMean: of((h) => 0.9 - 0.002 * h), sohStd: of(() => 0.04) },
    ...{ deltaMean: of((h) => -0.002 * (h + 1)), deltaStd: of(() => 0.01) },
  };
}
