/** The baselines' errors on a part of a dataset. */
import type { Dataset, Metrics, Split, SplitName } from "../../core/index.js";
import type { Baseline, Predictor } from "./baseline.js";
import { lineContinued, linear } from "./linear.js";
import { changeBy, meanChange } from "./mean-change.js";
import { lastStays, persistence } from "./persistence.js";
import { ridge } from "./ridge.js";

export type { Baseline, Predictor } from "./baseline.js";
export { fitRidge } from "./ridge.js";

const all: readonly Baseline[] = [persistence, linear, meanChange, ridge];

/** Fitted once a dataset: several parts may be scored. */
const fitted = new WeakMap<Dataset, readonly (readonly [string, Predictor])[]>();

function fit(dataset: Dataset): readonly (readonly [string, Predictor])[] {
  let predictors = fitted.get(dataset);
  if (!predictors) fitted.set(dataset, (predictors = all.map((b) => [b.name, b.fit(dataset)] as const)));
  return predictors;
}

interface Sums {
  squares: number;
  endSquares: number;
  absolute: number;
}

/**
 * The baselines' errors on a part, in SOH units: `<name>_rmse` (all steps), `<name>_rmse_end` (the last step) and
 * `<name>_mae`, for `persistence`, `linear`, `mean_change` and `ridge`. Empty for a part without windows.
 */
export function baselines(dataset: Dataset, part: SplitName): Metrics {
  const split = dataset.split(part);
  return split.windows === 0 ? {} : errorsOf(fit(dataset), split, dataset.metadata.horizon);
}

/**
 * The errors of the baselines that need no training part: `persistence`, `linear`, and `mean_change` where the mean
 * change of a training part is known.
 * @param deltaMean [H], SOH units; null where it is not known
 */
export function untrainedBaselines(split: Split, horizon: number, deltaMean: readonly number[] | null): Metrics {
  const predictors: (readonly [string, Predictor])[] = [
    ["persistence", lastStays],
    ["linear", lineContinued],
  ];
  if (deltaMean !== null) predictors.push(["mean_change", changeBy(deltaMean)]);
  return split.windows === 0 ? {} : errorsOf(predictors, split, horizon);
}

function errorsOf(predictors: readonly (readonly [string, Predictor])[], split: Split, horizon: number): Metrics {
  const sums: Sums[] = predictors.map(() => ({ squares: 0, endSquares: 0, absolute: 0 }));
  const predicted = new Float64Array(256 * horizon);
  for (const batch of split.loader({ batchSize: 256 }).epoch())
    for (const [p, [, predict]] of predictors.entries()) {
      predict(batch, predicted);
      const sum = sums[p] as Sums;
      for (let i = 0; i < batch.size * horizon; i++) {
        const error = (predicted[i] as number) - (batch.target[i] as number);
        sum.squares += error * error;
        sum.absolute += Math.abs(error);
        if ((i + 1) % horizon === 0) sum.endSquares += error * error;
      }
    }
  const metrics: Record<string, number> = {};
  for (const [p, [name]] of predictors.entries()) {
    const { squares, endSquares, absolute } = sums[p] as Sums;
    metrics[`${name}_rmse`] = Math.sqrt(squares / (split.windows * horizon));
    metrics[`${name}_rmse_end`] = Math.sqrt(endSquares / split.windows);
    metrics[`${name}_mae`] = absolute / (split.windows * horizon);
  }
  return metrics;
}
