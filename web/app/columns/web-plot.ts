/** A plot as the dashboard has it: one of the plots' own kinds, or one that only pages draw. */
import { evenly } from "../../../src/plots/chart-parts.js";
import type { Plot } from "../../../src/plots/plot.js";
import type { ChartOption } from "#echarts";

/** Kinds that only pages draw. */
export type WebPlotKind = Plot["kind"] | "correlations" | "tradeoff" | "course" | "distributions";

/** A plot, described. */
export interface WebPlot extends Omit<Plot, "kind"> {
  readonly kind: WebPlotKind;
}

/** A plot on its way to the page: its table stays where it was made, and is asked for. */
export interface SentPlot extends Omit<WebPlot, "table" | "option"> {
  /** What its table is asked for by. */
  readonly id: string;
  /** The option as JSON in UTF-8: it goes on to the thread that draws as it is. */
  readonly drawing: Uint8Array<ArrayBuffer>;
  /** What a page itself reads of the option. */
  readonly outline: ChartOption;
  /** Of its table. */
  readonly columns: readonly string[];
}

const listOf = (given: unknown): readonly ChartOption[] =>
  (Array.isArray(given) ? given : given === undefined ? [] : [given]) as readonly ChartOption[];

/** Of an option the axes' kinds, what the numbers of a point mean, and whether it zooms. */
export function outlineOf({ xAxis, yAxis, series, dataZoom }: ChartOption): ChartOption {
  const axes = (given: unknown): ChartOption[] =>
    listOf(given).map(({ type, data, gridIndex }) => ({ type, gridIndex, ...(type === "category" ? { data } : {}) }));
  return {
    ...{ xAxis: axes(xAxis), yAxis: axes(yAxis), isZoomed: dataZoom !== undefined },
    series: listOf(series).map(({ dimensions }) => ({ dimensions })),
  };
}

/** Points of a chart that follows a study: more of them make each drawing a task that is felt. */
const MOST_POINTS = 1600;

interface PointSeries {
  readonly type?: unknown;
  readonly data?: unknown;
}

const pointsOf = ({ type, data }: PointSeries): readonly unknown[] =>
  type === "scatter" && Array.isArray(data) ? (data as readonly unknown[]) : [];

/** A plot as a page draws it: with fewer points where they are very many, and without zoom. Wheels scroll a page, and drags brush. */
export function forPage(plot: WebPlot): WebPlot {
  const { dataZoom: _, ...option } = plot.option;
  const series = (option["series"] ?? []) as readonly PointSeries[];
  const total = series.reduce((sum, one) => sum + pointsOf(one).length, 0);
  if (total <= MOST_POINTS) return { ...plot, option };
  const thinned = series.map((one) => {
    const points = pointsOf(one);
    return points.length === 0
      ? one
      : { ...one, data: evenly(points, Math.ceil((points.length * MOST_POINTS) / total)) };
  });
  const note = `This page draws ${MOST_POINTS} of ${total} points, taken evenly; the table has all.`;
  return { ...plot, notes: [...plot.notes, note], option: { ...option, series: thinned } };
}
