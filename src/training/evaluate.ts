/** The scores of a checkpoint on a part of a dataset, beside the baselines. */
import type { CellTable, KnownKeys, Metrics, SplitName } from "../core/index.js";
import { requireKnownKeys } from "../core/index.js";
import { baselines, untrainedBaselines } from "../datasets/baselines/index.js";
import { applyDataset, buildDataset } from "../datasets/index.js";
import type { CheckpointOnData, CheckpointOptions } from "./checkpoint-data.js";
import { batchesOf, checkpointKeys, datasetOf, openOnData } from "./checkpoint-data.js";
import { evaluate } from "./loop.js";
import { ofPart, prefixed } from "./metrics.js";
import { PartScores } from "./part-scores.js";

/** What a checkpoint is scored on, and by what. */
export interface EvaluationOptions extends CheckpointOptions {
  /** The registered metrics to score, by name. @default all that are registered */
  readonly metrics?: readonly string[];
}

const evaluationKeys: KnownKeys<EvaluationOptions> = { ...checkpointKeys, metrics: true };

/** A checkpoint's metrics on one part of a dataset, beside those of the baselines. */
export interface Evaluation {
  readonly model: string;
  readonly dataset: string;
  readonly split: SplitName;
  readonly windows: number;
  /**
   * SOH units, named after the part: `val_rmse`, `val_rmse_end`, `val_mae`, … or `test_rmse`, …, the model's own and the
   * registered ones (`test_knee_error`) among them. Of the remaining useful life in cycles `rul_mae` and `rul_rmse`
   * (absent when no window sees an end of life), `rul_windows`, `rul_censored_cells`; the errors also as `val_rul_mae`, ….
   */
  readonly metrics: Metrics;
  /** `persistence_rmse`, …, `persistence_rul_mae` in cycles where `rul_mae` is there, on the same windows; without `ridge_…` where the data have no training part. */
  readonly baselines: Metrics;
  readonly warnings: readonly string[];
}

/**
 * Scores a checkpoint's best weights on a part of its dataset, or of another one, beside the baselines (which are fitted
 * on that dataset's training part; without one, as with one new cell alone, those that need none are left). Columns and
 * normalisation are those of the training. Plug-ins that its configuration names must be loaded before.
 * @throws UsageError `invalid-checkpoint`, `dataset-mismatch`, `no-windows`, `unknown-option`
 * @example
 * const { metrics: scores, baselines } = await evaluateCheckpoint("best.safetensors", { split: "test" });
 */
export async function evaluateCheckpoint(path: string, options: EvaluationOptions = {}): Promise<Evaluation> {
  requireKnownKeys("evaluateCheckpoint", options, evaluationKeys);
  const opened = await openOnData(path, options);
  const { model, checkpoint, data, split, part } = opened;
  try {
    const loader = batchesOf(part);
    const scores = await PartScores.create(part, data, options.metrics);
    const paths = scores.paths ?? new Float32Array(part.windows * data.metadata.horizon);
    const result = await evaluate(model, loader, { paths });
    const further = result ? { ...ofPart(split, scores.metrics(result.own)), ...scores.rul(paths) } : {};
    return {
      model: checkpoint.model,
      dataset: data.metadata.name,
      split,
      windows: part.windows,
      metrics: result ? { ...prefixed(split, result), ...further } : {},
      baselines: await baselinesOf(opened),
      warnings: [...data.metadata.warnings, ...(await seenBefore(path, opened, options))],
    };
  } finally {
    model.dispose();
  }
}

async function baselinesOf({ model, dataset, data, split, part }: CheckpointOnData): Promise<Metrics> {
  const { counts } = data.metadata;
  if (counts.train > 0 && (counts.val > 0 || dataset.params["val_part"] === "empty"))
    return baselines(await buildDataset(dataset.name, dataset.params, dataset.build), split);
  const { residual, mean } = model.scale;
  return untrainedBaselines(part, data, residual ? mean : null);
}

/** Other cells held out, another split: what is scored may be what was trained on. */
async function seenBefore(path: string, opened: CheckpointOnData, options: CheckpointOptions): Promise<string[]> {
  const { checkpoint, data, dataset, model, part } = opened;
  const { config, datasetHash } = checkpoint;
  if (data.metadata.name !== config.dataset || data.metadata.hash === datasetHash) return [];
  if (!part.cells().some((c) => dataset.isKnown(data.tables.cells[c] as CellTable))) return [];
  // Another end of life makes another task of the same parts.
  const eol = config.params?.["data.eol"] ?? 0.7;
  const same = await datasetOf(path, checkpoint, { ...options, params: { ...options.params, "data.eol": eol } });
  const applied = await applyDataset(same.name, same.params, {
    ...same.build,
    normalisation: model.facts.normalisation,
  });
  if (applied.metadata.hash === datasetHash) return [];
  return ["the data or their parts are not those of the training run: it may have trained on what is scored here"];
}
