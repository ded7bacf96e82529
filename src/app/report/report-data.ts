/** What a report says of a study: one plain JSON object, which the page shows and programs read. */
import type { Metrics, ParamValue, TrialState } from "../../core/index.js";
import type { Plot } from "../../plots/plot.js";
import type { StudyOverview } from "../views/study-overview.js";

export const REPORT_FORMAT = "mlbench-hpo-report";
/** Rises when a key changes its meaning or goes; further keys may come at any time. */
export const REPORT_VERSION = 1;

/** A report. Numbers that are not finite are plain numbers here and `"NaN"`, `"Infinity"`, `"-Infinity"` in JSON. */
export interface ReportData {
  readonly format: typeof REPORT_FORMAT;
  readonly version: typeof REPORT_VERSION;
  /** ISO 8601, UTC. */
  readonly made_at: string;
  /** The package that made the report: name and version. */
  readonly made_by: string;
  /** How many events the study was made of when it was read. */
  readonly revision: number;
  readonly study: StudyOverview;
  readonly space: readonly ReportedParameter[];
  /** The spaces that were searched before, the first one first. */
  readonly earlier_spaces: readonly ReportedSpace[];
  /** Parameters that every trial has, by name, as text. */
  readonly fixed: readonly NamedText[];
  /** What else was settled when the study was made. */
  readonly settings: readonly NamedText[];
  /** The best trial alone; with several objectives the front, by number. Empty where no trial is complete. */
  readonly winners: readonly ReportedWinner[];
  /** False where no complete trial meets every constraint: the winner is then what misses them least. */
  readonly feasible: boolean;
  /** How the best trial stands to the baselines, in plain words; null where that cannot be told. */
  readonly verdict: string | null;
  /** How sure the best trial's win is by the record, in plain words; null where the record does not say. */
  readonly certainty: string | null;
  /** From the first trial's start to the last one's end; null before there are both. */
  readonly elapsed_seconds: number | null;
  readonly failures: readonly ReportedFailure[];
  /** Trials that people have excluded. */
  readonly banned: number;
  readonly annotations: readonly ReportedAnnotation[];
  /** What the trials were trained with, by their records. */
  readonly environment: readonly NamedText[];
  readonly trials: TrialColumns;
  readonly plots: readonly Plot[];
  /** Sentences: what the report does not show, and why. */
  readonly left_out: readonly string[];
}

/** Something with a name, as text for people. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** A parameter that is searched. */
export interface ReportedParameter {
  readonly name: string;
  /** `float(0.001, 0.1, log)` */
  readonly distribution: string;
  /** `optimizer = sgd`: when it is there; null: always. */
  readonly when: string | null;
}

/** A space that a study searched until it was changed. */
export interface ReportedSpace {
  /** ISO 8601, UTC: when the next space took its place. */
  readonly until: string;
  /** How many trials there were then. */
  readonly trials: number;
  readonly space: readonly ReportedParameter[];
}

/** A best trial, with how to have it again. */
export interface ReportedWinner {
  readonly number: number;
  readonly values: readonly number[];
  /** Sample standard deviation over the parts of a cross-validated trial; null without. */
  readonly spread: number | null;
  readonly params: Readonly<Record<string, ParamValue>>;
  readonly metrics: Metrics;
  /** The baselines on the same windows; null where they were not scored. */
  readonly baselines: Metrics | null;
  /** Each part of a cross-validated trial, by name. */
  readonly parts: readonly { readonly name: string; readonly values: readonly number[] }[];
  /** Why it does not meet its constraints; empty where it does. */
  readonly infeasible: string;
  readonly reproduction: readonly Reproduction[];
}

/** A command line that works where the report was made. */
export interface Reproduction {
  /** What it does, in a few words. */
  readonly what: string;
  readonly command: string;
}

/** One class of failures. */
export interface ReportedFailure {
  readonly class: string;
  readonly count: number;
  /** The first trial that failed so. */
  readonly number: number;
  readonly message: string;
  readonly where: string;
}

/** What people say of a trial. */
export interface ReportedAnnotation {
  readonly number: number;
  readonly note: string;
  readonly tags: readonly string[];
  readonly banned: boolean;
}

/** How a column of the trial table is read and sorted. */
export type ColumnKind = "number" | "text" | "state" | "time";

/** A column of the trial table. */
export interface TrialColumn {
  /** The name under which filters know it: `number`, `state`, `train.lr`, a metric. */
  readonly name: string;
  /** Its heading: the name as short as it is unambiguous. */
  readonly title: string;
  readonly kind: ColumnKind;
  /** What it is about: parameters can be filtered by range or choice. */
  readonly group: "trial" | "value" | "parameter" | "constraint";
  /** Of a maximized or minimized value. */
  readonly direction?: "minimize" | "maximize";
}

/** The trials as a table. */
export interface TrialColumns {
  readonly columns: readonly TrialColumn[];
  /** As many cells each as there are columns. */
  readonly rows: readonly (readonly (string | number | boolean | null)[])[];
  /** How many trials there are; more than rows where that were too many. */
  readonly total: number;
  /** The numbers of the best trial, or of the front. */
  readonly best: readonly number[];
  readonly counts: Readonly<Record<TrialState, number>>;
}
