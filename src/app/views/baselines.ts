/** The baselines that stand beside a trial of a study. */
import { canonicalJson } from "../../core/index.js";
import type { FoldBaselines, Metrics, Params, ScoredBaselines, StudyHeader, Trial } from "../../core/index.js";
import { spaceOfTrial } from "../../search-space/earlier-spaces.js";

export { partNames } from "../../core/index.js";

/** What a trial has chosen of what its study searches of the data: it decides on which windows it is scored. */
export function searchedData({ space }: Pick<StudyHeader, "space">, params: Params): Params {
  return Object.fromEntries(
    Object.entries(params).filter(([name]) => name.startsWith("data.") && Object.hasOwn(space, name)),
  );
}

/**
 * The baselines' errors on a trial's windows; without a trial those of all trials, where they have the same windows.
 * Null where they were not scored: in a study over an objective, and before its first call of `optimize`.
 */
export function baselinesOf(header: StudyHeader, trial: Trial | null): Metrics | null {
  return scoredFor(header, trial)?.metrics ?? null;
}

/** The same of each fold of a cross-validated trial, in their order; empty without folds, and where they were not scored. */
export function foldBaselinesOf(header: StudyHeader, trial: Trial): readonly FoldBaselines[] {
  return scoredFor(header, trial)?.folds ?? [];
}

function scoredFor(header: StudyHeader, trial: Trial | null): ScoredBaselines | undefined {
  const { baselines = [] } = header;
  const key = canonicalJson(trial ? searchedData({ space: spaceOfTrial(header, trial) }, trial.params) : {});
  return baselines.find(({ params }) => canonicalJson(params) === key);
}

/**
 * A trial's own errors on the validation part, of the epoch that its value is taken from; null where it has none.
 */
export function errorsOf({ objectives, settings }: StudyHeader, trial: Trial): Metrics | null {
  const { best, last = best } = trial.metrics;
  const metrics = settings.trial_value === "last" ? last : best;
  if (!metrics) return null;
  const valued = objectives.flatMap(({ metric }, i) => {
    const value = trial.values?.[i];
    return value === undefined ? [] : [[metric, value] as const];
  });
  return { ...metrics, ...Object.fromEntries(valued) };
}
