/** What the service answers: the one place where the page names its types. */
import type { Plot } from "../../../src/plots/plot.js";

export type { Plot };

/** A number; one that is not finite comes as a word. */
export type WireNumber = number | "NaN" | "Infinity" | "-Infinity";
/** A parameter's value. */
export type ParamValue = WireNumber | string | boolean | null;

/** A distribution, as in a study's file. */
export type Distribution = Readonly<Record<string, unknown>> & { readonly type: string };

/** What is optimized. */
export interface Objective {
  readonly metric: string;
  readonly direction: "minimize" | "maximize";
}

/** Trials by state. */
export interface Counts {
  readonly waiting: number;
  readonly running: number;
  readonly complete: number;
  readonly pruned: number;
  readonly failed: number;
}

/** Who has a study open for writing. */
export interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
  readonly work: string;
  /** This service. */
  readonly here: boolean;
}

/** A run, as wanted and as it is. */
export interface Run {
  readonly state: "running" | "paused" | "stopping" | "cancelled" | "finished" | "failed";
  readonly total_trials: number | null;
  readonly timeout_s: number | null;
  readonly workers: number | null;
  readonly weight: number;
  readonly places: number;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly stopped_by: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** What a study is doing. */
export type StudyActivity = "running" | "paused" | "stopping" | "elsewhere" | "idle" | "archived";

/** A study in the list. */
export interface StudyEntry {
  readonly name: string;
  readonly objectives: readonly Objective[];
  readonly created_at: string;
  readonly task: { readonly model?: string | null; readonly dataset?: string | null };
  readonly kind: "model" | "objective" | "command" | "outside";
  readonly sampler: { readonly name: string; readonly options?: Readonly<Record<string, unknown>> };
  readonly pruner: { readonly name: string; readonly options?: Readonly<Record<string, unknown>> };
  readonly note: string | null;
  readonly archived_at: string | null;
  readonly counts: Counts;
  readonly counted: number;
  readonly best: {
    readonly number: number;
    readonly value: WireNumber | null;
    readonly values: readonly WireNumber[];
  } | null;
  readonly front_size: number | null;
  readonly revision: number;
  readonly last_activity_at: string | null;
  readonly owner: Owner | null;
  readonly state: StudyActivity;
  readonly run: Run | null;
  readonly rate: { readonly trials_per_minute: number | null; readonly eta_s: number | null };
  readonly sparkline: readonly (WireNumber | null)[];
}

/** A study with its settings. */
export interface StudyDetail extends StudyEntry {
  readonly space: Readonly<Record<string, Distribution>>;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly user_attrs: Readonly<Record<string, unknown>>;
  readonly importances_available: boolean;
  readonly command_line: string;
}

/** States of trials by their number in columns. */
export const trialStates = ["waiting", "running", "complete", "pruned", "failed"] as const;
/** One of {@link trialStates}. */
export type TrialState = (typeof trialStates)[number];

/** A column of words, each as a place in a dictionary. */
export interface WordColumn {
  readonly dict: readonly string[];
  readonly index: readonly number[];
}

/** Trials as columns, in ascending number. */
export interface ColumnRows {
  readonly number: readonly number[];
  /** Places in {@link trialStates}. */
  readonly state: readonly number[];
  /** A column an objective. */
  readonly values: readonly (readonly (WireNumber | null)[])[];
  readonly params: Readonly<Record<string, readonly ParamValue[]>>;
  /** Milliseconds since 1970. */
  readonly started: readonly (number | null)[];
  readonly finished: readonly (number | null)[];
  readonly seconds: readonly (number | null)[];
  readonly finish_index: readonly (number | null)[];
  readonly attempt: readonly number[];
  readonly steps: readonly number[];
  readonly last_step: readonly (number | null)[];
  readonly last_value: readonly (WireNumber | null)[];
  readonly spread: readonly (WireNumber | null)[];
  readonly feasible: readonly (boolean | null)[];
  readonly violation: readonly (WireNumber | null)[];
  readonly banned: readonly boolean[];
  readonly slot: readonly (number | null)[];
  readonly owner: WordColumn;
  readonly retry_of: readonly (number | null)[];
  readonly failure: WordColumn;
  readonly tags: Readonly<Record<string, readonly string[]>>;
  readonly notes: readonly number[];
  readonly metrics: Readonly<Record<string, readonly (WireNumber | null)[]>>;
}

/** The answer of `columns`. */
export interface Columns {
  readonly revision: number;
  /** What was held before is to be thrown away. */
  readonly reset: boolean;
  readonly size: number;
  readonly objectives: readonly Objective[];
  readonly parameters: Readonly<Record<string, Distribution>>;
  readonly rows: ColumnRows;
}

/** A report in a frame: number, attempt, step, value, and what the pruner saw. */
export type ReportRow = readonly [number: number, attempt: number, step: number, value: WireNumber, seen: unknown];

/** A frame of a study's stream. */
export interface StudyChanges {
  readonly revision: number;
  readonly rows: ColumnRows;
  readonly reports: readonly ReportRow[];
  readonly study: StudyEntry | null;
}

/** A frame of the list's stream. */
export interface ListChanges {
  readonly entries: readonly StudyEntry[];
  readonly removed: readonly string[];
}

/** A trial's curve. */
export interface Curve {
  readonly number: number;
  readonly attempt: number;
  readonly points: readonly (readonly [step: number, value: WireNumber, seen?: unknown])[];
  readonly pruned_at: number | null;
  readonly reason: string | null;
}

/** How far a running trial is from being pruned; positive where it goes on. */
export interface Margin {
  readonly number: number;
  readonly step: number;
  readonly value: WireNumber;
  readonly threshold: WireNumber | null;
  readonly margin: WireNumber | null;
  readonly reason: string | null;
}

/** What the service is. */
export interface ServerInfo {
  readonly version: string;
  readonly storage: string;
  readonly started_at: string;
  readonly node: string;
  readonly uptime_s: number;
  readonly capabilities: Readonly<Record<string, boolean>>;
  /** Of the token that this session has. */
  readonly scopes: readonly string[];
}
