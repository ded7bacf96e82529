/** What a plot measures trials by: an objective, or another metric that they have. */
import { didYouMean, modelMetrics, UsageError, valueOf } from "../core/index.js";
import type { Direction, Trial } from "../core/index.js";
import type { PlotStudy } from "./plot-study.js";

/** A number of each trial. */
export interface Measure {
  readonly name: string;
  /** Which way it is better; null where nobody knows. */
  readonly direction: Direction | null;
  /** Which of the objectives it is; -1: none. */
  readonly objective: number;
  /** Null where the trial has none. */
  readonly of: (trial: Trial) => number | null;
}

/** The metrics that can be asked for: the objectives first, then what trials have besides. */
export function measureNames({ objectives, trials }: PlotStudy): string[] {
  const names = new Set(objectives.map(({ metric }) => metric));
  for (const { metrics, seconds } of trials) {
    for (const name of Object.keys(metrics.best ?? {})) names.add(name);
    if (seconds !== null) names.add("seconds");
  }
  return [...names];
}

/**
 * The measure of a name.
 * @throws UsageError `unknown-metric` for one that neither the study nor any of its trials has.
 */
export function measureOf(study: PlotStudy, name: string): Measure {
  const objective = study.objectives.findIndex(({ metric }) => metric === name);
  if (objective >= 0) {
    const { direction } = study.objectives[objective] as (typeof study.objectives)[number];
    return { name, direction, objective, of: (trial) => valueOf(trial, objective) };
  }
  const known = measureNames(study);
  if (!known.includes(name))
    throw new UsageError(
      "unknown-metric",
      `--metric ${name}: no trial of "${study.name}" has it:${didYouMean(name, known)} there are ${known.join(", ")}`,
    );
  return {
    ...{ name, direction: modelMetrics[name] ?? null, objective },
    of: ({ metrics, seconds }) => metrics.best?.[name] ?? (name === "seconds" ? seconds : null),
  };
}

/** The measures that a plot shows: the one that is named, or every objective. */
export function measuresOf(study: PlotStudy, name: string | undefined): Measure[] {
  const names = name === undefined ? study.objectives.map(({ metric }) => metric) : [name];
  return names.map((metric) => measureOf(study, metric));
}

/** The measure that is named, or the first objective. */
export function firstMeasure(study: PlotStudy, name: string | undefined): Measure {
  return measuresOf(study, name)[0] as Measure;
}
