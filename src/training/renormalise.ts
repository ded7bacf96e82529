/** Inputs rescaled from one normalisation to another. */
import type { Batch, Loader, Normalisation } from "../core/index.js";

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

/**
 * A loader whose inputs are normalised as the model was trained, where the dataset at hand has another training part and
 * so another normalisation.
 */
export function renormalised(loader: Loader, from: Normalisation, to: Normalisation): Loader {
  if (same(from.xMean, to.xMean) && same(from.xStd, to.xStd)) return loader;
  const scale = to.xStd.map((std, f) => (from.xStd[f] as number) / std);
  const shift = to.xMean.map((mean, f) => ((from.xMean[f] as number) - mean) / (to.xStd[f] as number));
  const convert = (batch: Batch): Batch => ({
    ...batch,
    x: batch.x.map((value, i) => value * (scale[i % batch.features] as number) + (shift[i % batch.features] as number)),
  });
  return {
    windows: loader.windows,
    batches: loader.batches,
    *epoch(epoch) {
      for (const batch of loader.epoch(epoch)) yield convert(batch);
    },
  };
}
