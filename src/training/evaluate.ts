/** The scores of a checkpoint, or of several together, on a part of a dataset, beside the baselines. */
import type { CellTable, KnownKeys, Metrics, SplitName } from "../core/index.js";
import { requireKnownKeys } from "../core/index.js";
import { baselines, untrainedBaselines } from "../datasets/baselines/index.js";
import { applyDataset, buildDataset } from "../datasets/index.js";
import type { CheckpointDataset, CheckpointOnData, CheckpointOptions } from "./checkpoint-data.js";
import { BATCH, batchesOf, checkpointKeys, datasetOf, openOnData } from "./checkpoint-data.js";
import { evaluate } from "./loop.js";
import { ofPart, prefixed, ScoreSums } from "./metrics.js";
import { PartScores } from "./part-scores.js";
import { openTogether } from "./predict.js";
import { predictedBatches } from "./prediction-passes.js";
import type { PredictionMember } from "./prediction-passes.js";
import { summary } from "./prediction.js";

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
  /** Of several checkpoints: how their range stands to the truth; absent for one. */
  readonly interval?: EnsembleInterval;
  readonly warnings: readonly string[];
}

/** The range between the 5 and 95 % quantiles over several checkpoints, held against the truth. */
export interface EnsembleInterval {
  /** How many checkpoints. */
  readonly members: number;
  /** The share that the range would cover if checkpoints differed as much as they are wrong: 0.9. */
  readonly nominal: number;
  /** The share of true values, over all windows and steps, that it covers. */
  readonly coverage: number;
  /** Its mean width, SOH units. */
  readonly mean_width: number;
}

/**
 * Scores a checkpoint's best weights, or the mean of several, on a part of its dataset, or of another one, beside the baselines (which are fitted
 * on that dataset's training part; without one, as with one new cell alone, those that need none are left). Columns and
 * normalisation are those of the training. Plug-ins that its configuration names must be loaded before. Several are scored
 * on the test part where no other is asked for: what is held out of one fold the others have trained on.
 * @param path a checkpoint, or several of one horizon: their mean path is scored, and their range (`interval`)
 * @throws UsageError `invalid-checkpoint`, `dataset-mismatch`, `no-windows`, `unknown-option`
 * @example
 * const { metrics: scores, baselines } = await evaluateCheckpoint("best.safetensors", { split: "test" });
 */
export async function evaluateCheckpoint(
  path: string | readonly string[],
  options: EvaluationOptions = {},
): Promise<Evaluation> {
  requireKnownKeys("evaluateCheckpoint", options, evaluationKeys);
  const paths = [path].flat();
  const [first] = paths;
  return paths.length === 1 && first !== undefined ? evaluateOne(first, options) : evaluateTogether(paths, options);
}

async function evaluateOne(path: string, options: EvaluationOptions): Promise<Evaluation> {
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

/** The mean path of several checkpoints, and their range, batch by batch. */
function scoreTogether(members: readonly PredictionMember[], horizon: number, kept: Float32Array) {
  const sums = new ScoreSums();
  let [at, covered, width, targets, targetSquares] = [0, 0, 0, 0, 0];
  for (const { batch, paths } of predictedBatches(members, { batchSize: BATCH, kinds: ["known"] })) {
    let [squares, magnitudes, lastSquares, largest] = [0, 0, 0, 0];
    for (let i = 0; i < batch.size * horizon; i++) {
      const truth = batch.target[i] as number;
      const { soh_pred, soh_low = soh_pred, soh_high = soh_pred } = summary(paths, i);
      const error = soh_pred - truth;
      squares += error ** 2;
      magnitudes += Math.abs(error);
      if (i % horizon === horizon - 1) lastSquares += error ** 2;
      largest = Math.max(largest, Math.abs(error));
      if (truth >= soh_low && truth <= soh_high) covered++;
      width += soh_high - soh_low;
      targets += truth;
      targetSquares += truth ** 2;
      kept[at++] = soh_pred;
    }
    // No loss: each model has its own.
    sums.add(batch.size, { loss: NaN, squares, magnitudes, lastSquares, largest });
  }
  const { loss: _none, ...metrics } = sums.finish(horizon, [targets, targetSquares]).metrics;
  const interval = { members: members.length, nominal: 0.9, coverage: covered / at, mean_width: width / at };
  return { metrics, interval };
}

async function evaluateTogether(paths: readonly string[], options: EvaluationOptions): Promise<Evaluation> {
  const { split = "test" } = options;
  const chosen = { part: split, newestOf: null, forecast: false, strangersWhole: false };
  const { opened, members } = await openTogether(paths, { ...options, split }, chosen);
  const { data, checkpoint } = opened;
  const part = data.known(split);
  const { horizon } = data.metadata;
  const scores = await PartScores.create(part, data, options.metrics);
  const mean = scores.paths ?? new Float32Array(part.windows * horizon);
  const { metrics, interval } = scoreTogether(members, horizon, mean);
  const notHeldOut =
    split === "test"
      ? []
      : [
          `only a test part is held out of all ${paths.length} checkpoints: of the ${split} part some may be trained on`,
        ];
  return {
    model: checkpoint.model,
    dataset: data.metadata.name,
    split,
    windows: part.windows,
    metrics: { ...ofPart(split, metrics), ...ofPart(split, scores.metrics({})), ...scores.rul(mean) },
    baselines: await baselinesOf({ ...opened, split, part }, split === "test"),
    interval,
    warnings: [
      ...data.metadata.warnings,
      ...(await seenBefore(paths[0] as string, { ...opened, split, part }, options)),
      ...notHeldOut,
    ],
  };
}

/** The parameters of folds as those of all that they were cut from; others as they are. */
function ofAllFolds(params: CheckpointDataset["params"]): CheckpointDataset["params"] {
  const { val_cells = null, val_part = null, ...others } = params;
  return val_cells === null && val_part === null ? params : { ...others, val_part: "empty" };
}

/** @param together whether the baselines are fitted on what any of several folds was trained on. @default false */
async function baselinesOf(
  { model, dataset, data, split, part }: CheckpointOnData,
  together = false,
): Promise<Metrics> {
  const { counts } = data.metadata;
  if (counts.train > 0 && (counts.val > 0 || dataset.params["val_part"] === "empty"))
    return baselines(
      await buildDataset(dataset.name, together ? ofAllFolds(dataset.params) : dataset.params, dataset.build),
      split,
    );
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
