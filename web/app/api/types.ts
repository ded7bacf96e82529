/** What the service answers: the one place where the page takes its types from the service's schemas. */
import type { Plot } from "../../../src/plots/plot.js";
import type { ChangesFrame, LiveReport, StudiesFrame } from "../../../src/service/schemas/events.js";
import type { JsonNumber } from "../../../src/service/schemas/values.js";
import type { StudyEntry } from "../../../src/service/schemas/studies.js";

export type { Plot };
export type { ColumnRows, Columns, TextColumn as WordColumn } from "../../../src/service/schemas/columns.js";
export type { Comparison as ComparisonView, ImportanceList } from "../../../src/service/schemas/analysis.js";
export type {
  DatasetList,
  ModelList,
  ParameterInfo,
  PrunerList,
  RegistryEntry,
  SamplerList,
} from "../../../src/service/schemas/registries.js";
export type { Curve, Margin, MarginList, ReportList, ReportPoint } from "../../../src/service/schemas/reports.js";
export type { Run, RunChange, RunRequest } from "../../../src/service/schemas/runs.js";
export type {
  CreateStudyRequest,
  Owner,
  StudyDetail,
  StudyEntry,
  StudyList,
  StudyPlan,
} from "../../../src/service/schemas/studies.js";
export type { JsonTrial, TrialDetail, TrialPage } from "../../../src/service/schemas/trials.js";
export type { Counts, Distribution, Objective, ParamValue, Space } from "../../../src/service/schemas/values.js";
export type { WorkerList } from "../../../src/service/schemas/workers.js";

/** A number; one that is not finite comes as a word. */
export type WireNumber = JsonNumber;
/** What a study is doing. */
export type StudyActivity = StudyEntry["state"];
/** A frame of a study's stream. */
export type StudyChanges = ChangesFrame;
/** A frame of the list's stream. */
export type ListChanges = StudiesFrame;
/** A report in a frame: number, attempt, step, value, how many trials were finished when it was judged. */
export type ReportRow = LiveReport;

/** States of trials by their number in columns. */
export const trialStates = ["waiting", "running", "complete", "pruned", "failed"] as const;
/** One of {@link trialStates}. */
export type TrialState = (typeof trialStates)[number];

/** What the service is. */
export interface ServerInfo {
  readonly version: string;
  readonly storage: string;
  readonly started_at: string;
  readonly node: string;
  readonly uptime_s: number;
  /** Where it listens itself; null where that is not known. */
  readonly url: string | null;
  readonly capabilities: Readonly<Record<string, boolean>>;
  /** Of the token that this session has. */
  readonly scopes: readonly string[];
}
