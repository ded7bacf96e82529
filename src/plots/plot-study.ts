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
  /** What the best trial's kept weights predict, or why nothing; only where a plot of it is asked for. */
  readonly prediction?: PlottedPrediction | { readonly missing: string };
}

/** What a trial's weights predict, cell by cell. */
export interface PlottedPrediction {
  readonly trial: number;
  /** Cycles ahead. */
  readonly horizon: number;
  /** The end of life, SOH. */
  readonly eol: number;
  /** How many models are taken together for a cell: one a seed. */
  readonly members: number;
  /** Which windows have their truth beside: `validation part`; `held out` where each cell's models never saw it. */
  readonly of: string;
  readonly cells: readonly PlottedCell[];
  /** How many cells there are; more than `cells` where that were too many. */
  readonly total: number;
}

/** One cell's measured, predicted and forecast SOH. */
export interface PlottedCell {
  readonly cell: string;
  readonly measured: readonly (readonly [cycle: number, soh: number])[];
  /** Each path's last point, in the order of cycles. */
  readonly ends: readonly { readonly cycle: number; readonly true: number; readonly predicted: number }[];
  /** Behind what was measured, with the 5 and 95 % quantiles over several models. */
  readonly ahead: readonly {
    readonly cycle: number;
    readonly soh: number;
    readonly low?: number;
    readonly high?: number;
  }[];
  /** The first discharge at or below the end of life: measured or forecast; null: not within the horizon. */
  readonly end_of_life: number | null;
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
