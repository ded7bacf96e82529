/** How a model stands to the four baselines, in plain words. */
import { shortNumber } from "../../core/index.js";
import type { Metrics, StudyHeader, Trial } from "../../core/index.js";
import { baselinesOf, errorsOf } from "./baselines.js";

/** In the order of tables. */
export const baselineNames = ["persistence", "linear", "mean_change", "ridge"] as const;

/** A model's errors and the baselines', on the same windows. */
export interface Compared {
  readonly metrics: Metrics;
  readonly baselines: Metrics;
}

/** The model's metric on the part that was scored: `val_rmse` after a run, `test_rmse` of `evaluate --split test`. */
export function ofPart(metrics: Metrics, name: string): number | undefined {
  return ["val", "test", "train"].map((part) => metrics[`${part}_${name}`]).find((value) => value !== undefined);
}

function bestBaseline(baselines: Metrics): { name: string; rmse: number } | null {
  const scored = baselineNames.flatMap((name) => {
    const rmse = baselines[`${name}_rmse`];
    return rmse === undefined || !Number.isFinite(rmse) ? [] : [{ name, rmse }];
  });
  return scored.reduce<(typeof scored)[number] | null>(
    (best, one) => (best && best.rmse <= one.rmse ? best : one),
    null,
  );
}

/** By how much an error is smaller than another (above 0) or larger. */
function percent(ours: number, other: number): string {
  return `${((100 * Math.abs(other - ours)) / other).toFixed(1)} %`;
}

/** How a trial of a study stands to the baselines, in plain words; null where they were not scored. */
export function trialVerdict(header: StudyHeader, trial: Trial): string | null {
  const [metrics, baselines] = [errorsOf(header, trial), baselinesOf(header, trial)];
  return metrics && baselines ? verdict(`trial ${trial.number}`, { metrics, baselines }) : null;
}

/**
 * In plain words whether the model has learned more than the best of the baselines, and if not, whether it has learned
 * more than the mean fade; null when that cannot be told.
 */
export function verdict(model: string, { metrics, baselines }: Compared): string | null {
  const ours = ofPart(metrics, "rmse");
  const best = bestBaseline(baselines);
  if (ours === undefined || best === null || !Number.isFinite(ours)) return null;
  const rival = `${best.name} (RMSE ${shortNumber(best.rmse)})`;
  if (ours < best.rmse) return `${model} beats the best baseline, ${rival}, by ${percent(ours, best.rmse)}`;
  const loss = `${model} does NOT beat the best baseline, ${rival}: ${percent(ours, best.rmse)} worse`;
  const fade = baselines["mean_change_rmse"];
  if (fade === undefined || !Number.isFinite(fade)) return loss;
  return ours < fade
    ? `${loss}, though ${percent(ours, fade)} better than mean_change`
    : `${loss}; it has learned nothing beyond the mean fade`;
}
