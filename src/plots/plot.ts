/** What a plot is: one description, drawn alike as an SVG file, in a page, and in whatever front end comes. */
import type { ChartOption } from "#echarts";
import type { ImportanceMethod } from "../analysis/index.js";

/** Every kind of plot, in the order of lists. */
export const plotKinds = [
  ...(["history", "intermediate", "parallel", "slice", "contour", "rank", "importances", "edf", "timeline"] as const),
  ...(["pareto", "hypervolume", "folds", "prediction", "forecast", "compare"] as const),
] as const;
/** One of {@link plotKinds}. */
export type PlotKind = (typeof plotKinds)[number];

/** A value in the table of a plot; a number that is not finite stays one. */
export type PlotCell = string | number | null;

/** What a plot shows, as a table: for screen readers and for programs. */
export interface PlotTable {
  readonly columns: readonly string[];
  /**
   * As many cells each as there are columns. Kinds with a row a trial make them when they are read: a page that draws a large
   * study anew at each trial reads none.
   */
  readonly rows: readonly (readonly PlotCell[])[];
}

/** One plot, described: nothing of it is drawn yet. */
export interface Plot {
  readonly kind: PlotKind;
  readonly title: string;
  /** Sentences: what was left out and why. Said in the terminal and under the picture. */
  readonly notes: readonly string[];
  /** Pixels, without title and notes. */
  readonly width: number;
  readonly height: number;
  /**
   * An ECharts 6 option of plain JSON, without functions. Colours are names of a theme (`@text`, `@series1`; see
   * theme.ts), which become colours when it is drawn.
   */
  readonly option: ChartOption;
  readonly table: PlotTable;
}

/** How a plot is made; each kind takes some of it. */
export interface PlotOptions {
  /** Pixels. @default 760 */
  readonly width?: number;
  /** Pixels. @default what the kind needs */
  readonly height?: number;
  /** What is looked at: an objective, or another metric that the trials have. @default the first objective */
  readonly metric?: string;
  /** The parameters that are drawn, by name or by the end of one. @default those that the kind chooses */
  readonly params?: readonly string[];
  /** One number an objective: up to where the hypervolume is taken. @default a tenth behind the front */
  readonly reference?: readonly number[];
  /** How importances are found. @default "ped-anova" */
  readonly method?: ImportanceMethod;
}

/** An option that a kind may take besides the size. */
export type PlotOptionName = Exclude<keyof PlotOptions, "width" | "height">;
