/** The baselines' errors on a part of a dataset. */
import type { CellTables, Dataset, DatasetMetadata, Metrics, Split, SplitName } from "../../core/index.js";
import { RulScore, endOfLifeCycles } from "../rul.js";
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
  readonly life: RulScore;
}

/** The data that a part belongs to. */
export interface ScoredData {
  readonly tables: CellTables;
  readonly metadata: Pick<DatasetMetadata, "horizon" | "eol">;
}

/**
 * The baselines' errors on a part, in SOH units: `<name>_rmse` (all steps), `<name>_rmse_end` (the last step) and
 * `<name>_mae`, for `persistence`, `linear`, `mean_change` and `ridge`; where a window sees its cell's end of life
 * `<name>_rul_mae`, in cycles. Empty for a part without windows.
 */
export function baselines(dataset: Dataset, part: SplitName): Metrics {
  const split = dataset.split(part);
  return split.windows === 0 ? {} : errorsOf(fit(dataset), split, dataset);
}

/**
 * The errors of the baselines that need no training part: `persistence`, `linear`, and `mean_change` where the mean
 * change of a training part is known.
 * @param deltaMean [H], SOH units; null where it is not known
 */
export function untrainedBaselines(split: Split, data: ScoredData, deltaMean: readonly number[] | null): Metrics {
  const predictors: (readonly [string, Predictor])[] = [
    ["persistence", lastStays],
    ["linear", lineContinued],
  ];
  if (deltaMean !== null) predictors.push(["mean_change", changeBy(deltaMean)]);
  return split.windows === 0 ? {} : errorsOf(predictors, split, data);
}

function errorsOf(predictors: readonly (readonly [string, Predictor])[], split: Split, data: ScoredData): Metrics {
  const { horizon, eol } = data.metadata;
  const ends = endOfLifeCycles(data.tables, eol);
  const sums: Sums[] = predictors.map(() => ({
    ...{ squares: 0, endSquares: 0, absolute: 0, life: new RulScore(ends, eol) },
  }));
  const predicted = new Float64Array(256 * horizon);
  for (const batch of split.loader({ batchSize: 256 }).epoch())
    for (const [p, [, predict]] of predictors.entries()) {
      predict(batch, predicted);
      const sum = sums[p] as Sums;
      sum.life.add(batch, predicted);
      for (let i = 0; i < batch.size * horizon; i++) {
        const error = (predicted[i] as number) - (batch.target[i] as number);
        sum.squares += error * error;
        sum.absolute += Math.abs(error);
        if ((i + 1) % horizon === 0) sum.endSquares += error * error;
      }
    }
  const metrics: Record<string, number> = {};
  for (const [p, [name]] of predictors.entries()) {
    const { squares, endSquares, absolute, life } = sums[p] as Sums;
    metrics[`${name}_rmse`] = Math.sqrt(squares / (split.windows * horizon));
    metrics[`${name}_rmse_end`] = Math.sqrt(endSquares / split.windows);
    metrics[`${name}_mae`] = absolute / (split.windows * horizon);
    const { rul_mae } = life.metrics();
    if (rul_mae !== undefined) metrics[`${name}_rul_mae`] = rul_mae;
  }
  return metrics;
}
