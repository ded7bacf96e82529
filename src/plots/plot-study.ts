/** What a plot is made from: a study's records as far as they count, and what is known of them. */
import { comparableTrials, reportDirection } from "../core/index.js";
import type { SearchSpace, StudyHeader, StudyObjective, StudySettings, StudyState, Trial } from "../core/index.js";

/** The metrics of one report. */
export interface ReportedMetrics {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** A study as plots see it. */
export interface PlotStudy {
  readonly name: string;
  readonly objectives: readonly StudyObjective[];
  /** What trials report: the first objective, or the metric that they are pruned by. */
  readonly reported: StudyObjective;
  readonly space: SearchSpace;
  /** By number; without the banned ones. */
  readonly trials: readonly Trial[];
  /** How many trials are left out because people have banned them. */
  readonly banned: number;
  readonly settings: StudySettings;
  /** Names model, dataset and baselines where there are some. */
  readonly header: StudyHeader;
  /** What trials reported besides the value, by number; only where a plot of it is asked for. */
  readonly epochs?: ReadonlyMap<number, readonly ReportedMetrics[]>;
}

/** A state of a study as plots see it. */
export function plotStudyOf(state: StudyState): PlotStudy {
  const { header } = state;
  const { name, objectives, space, settings } = header;
  const trials = comparableTrials(state);
  const reported = settings.prune_by ?? {
    metric: (objectives[0] as StudyObjective).metric,
    direction: reportDirection(header),
  };
  return { name, objectives, reported, space, trials, banned: state.trials.length - trials.length, settings, header };
}

/** Every parameter that is declared, or that a trial has, in that order. */
export function parameterNames({ space, trials }: PlotStudy): string[] {
  const names = new Set(Object.keys(space));
  for (const { params } of trials) for (const name of Object.keys(params)) names.add(name);
  return [...names];
}
