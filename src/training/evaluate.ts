/** The scores of a checkpoint on a part of a dataset, beside the baselines. */
import type { Dataset, Loader, Metrics, SplitName } from "../core/index.js";
import { baselines } from "../datasets/baselines/index.js";
import { RulScore } from "../datasets/index.js";
import type { ForwardModel } from "../models/index.js";
import type { CheckpointOptions } from "./checkpoint-data.js";
import { datasetFor, openOnData } from "./checkpoint-data.js";
import type { Checkpoint } from "./checkpoint.js";
import { evaluate } from "./loop.js";
import { prefixed } from "./metrics.js";
import { predictPaths } from "./predict-paths.js";

export interface Evaluation {
  readonly model: string;
  readonly dataset: string;
  readonly split: SplitName;
  readonly windows: number;
  /**
   * SOH units, named after the part: `val_rmse`, `val_rmse_end`, `val_mae`, … or `test_rmse`, …; and of the remaining
   * useful life in cycles `rul_mae` and `rul_rmse` (absent when no window sees an end of life), `rul_windows`,
   * `rul_censored_cells`.
   */
  readonly metrics: Metrics;
  /** `persistence_rmse`, … on the same windows. */
  readonly baselines: Metrics;
  readonly warnings: readonly string[];
}

/**
 * Scores a checkpoint's best weights on a part of its dataset, or of another one, beside the baselines (which are fitted
 * on that dataset's training part). Plug-ins that its configuration names must be loaded before.
 * @throws UsageError `invalid-checkpoint`, `dataset-mismatch`, `no-windows`, `unknown-option`
 */
export async function evaluateCheckpoint(path: string, options: CheckpointOptions = {}): Promise<Evaluation> {
  const { model, checkpoint, dataset, split, loader } = await openOnData("evaluateCheckpoint", path, options);
  try {
    const result = await evaluate(model, loader);
    return {
      model: checkpoint.model,
      dataset: dataset.metadata.name,
      split,
      windows: loader.windows,
      metrics: result ? { ...prefixed(split, result), ...rulMetrics(model, loader, dataset) } : {},
      baselines: baselines(dataset, split),
      warnings: [...dataset.metadata.warnings, ...(await seenBefore(checkpoint, dataset, options))],
    };
  } finally {
    model.dispose();
  }
}

/** Other cells held out, another split: what is scored may be what was trained on. */
async function seenBefore(checkpoint: Checkpoint, dataset: Dataset, options: CheckpointOptions): Promise<string[]> {
  const { config, datasetHash } = checkpoint;
  if (dataset.metadata.name !== config.dataset || dataset.metadata.hash === datasetHash) return [];
  // Another end of life makes another task of the same parts.
  const eol = config.params?.["data.eol"] ?? 0.7;
  const sameEnd = await datasetFor(checkpoint, { ...options, params: { ...options.params, "data.eol": eol } });
  if (sameEnd.metadata.hash === datasetHash) return [];
  return ["the data or their parts are not those of the training run: it may have trained on what is scored here"];
}

/** Errors of the remaining useful life that the predicted paths imply. */
function rulMetrics(model: ForwardModel, loader: Loader, { tables, metadata }: Dataset): Metrics {
  const score = new RulScore(tables, metadata.eol);
  const horizon = metadata.horizon;
  const soh = predictPaths(model, loader);
  let at = 0;
  for (const batch of loader.epoch(0)) {
    score.add(batch, soh.subarray(at, at + batch.size * horizon));
    at += batch.size * horizon;
  }
  return score.metrics();
}
