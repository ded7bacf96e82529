/** What pages and the columns' thread say to each other: one union of requests, and a map of what each is answered. */
import type { Cell } from "./column.js";
import type { Query } from "../api/client.js";
import type { ColumnRows } from "../api/types.js";
import type { ParallelLines, ParallelRequest } from "./parallel-lines.js";
import type { CourseScale } from "./course-scales.js";
import type { PlotRequest } from "./study-plots.js";
import type { FieldInfo, HistoryPoints, RunningRow, SelectedTrials, TrialCells } from "./study-queries.js";
import type { TrialFilter } from "../filter/filter.js";
import type { TrialOrder } from "../filter/select.js";
import type { SentPlot } from "./web-plot.js";

/** What the columns stand at. */
export interface Standing {
  readonly revision: number;
  readonly size: number;
}

/** Of a request for a plot: the id of the one that the page has as the last answer to it. */
interface KnownPlot {
  readonly known?: string | undefined;
}

/** What can be asked, by kind. */
export interface ColumnRequests {
  /** Fetches what is lacking. */
  refresh: { readonly study: string };
  apply: {
    readonly study: string;
    readonly changes: { readonly revision: number; readonly size?: number; readonly rows: ColumnRows };
  };
  close: { readonly study: string };
  fields: { readonly study: string };
  select: { readonly study: string; readonly filter: TrialFilter; readonly order: TrialOrder | null };
  cells: { readonly study: string; readonly numbers: readonly number[]; readonly fields: readonly string[] };
  csv: {
    readonly study: string;
    readonly filter: TrialFilter;
    readonly order: TrialOrder | null;
    readonly fields: readonly string[];
  };
  parallel: { readonly study: string } & ParallelRequest;
  plot: { readonly study: string } & PlotRequest & KnownPlot;
  course: { readonly studies: readonly string[]; readonly scale: CourseScale; readonly width: number } & KnownPlot;
  distributions: { readonly studies: readonly string[]; readonly width: number } & KnownPlot;
  /** A plot that the service describes. */
  served: { readonly study: string; readonly plot: string; readonly query: Query } & KnownPlot;
  plotRows: { readonly plot: string; readonly from: number; readonly to: number };
  plotCsv: { readonly plot: string };
  history: { readonly study: string; readonly objective: number; readonly points: number };
  running: { readonly study: string };
}

/** The answers. */
export interface ColumnAnswers {
  refresh: Standing;
  apply: Standing;
  close: null;
  fields: readonly FieldInfo[];
  select: SelectedTrials;
  cells: TrialCells;
  csv: Blob;
  parallel: ParallelLines;
  /** Null: it is still the one that was known. */
  plot: SentPlot | null;
  course: SentPlot | null;
  distributions: SentPlot | null;
  served: SentPlot | null;
  plotRows: { readonly rows: readonly (readonly Cell[])[]; readonly total: number };
  plotCsv: Blob;
  history: HistoryPoints;
  running: readonly RunningRow[];
}

/** A kind of request. */
export type ColumnQuestion = keyof ColumnRequests;

/** A request on its way. */
export type ToColumns = {
  readonly [K in ColumnQuestion]: { readonly id: number; readonly ask: K } & ColumnRequests[K];
}[ColumnQuestion];

/** An answer on its way. */
export type FromColumns =
  | { readonly id: number; readonly answer: unknown }
  | {
      readonly id: number;
      readonly problem: { readonly message: string; readonly code: string; readonly status: number };
    };
