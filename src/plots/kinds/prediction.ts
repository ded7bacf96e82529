/** The kind `prediction`: the best trial's predicted SOH against the true one at the end of each path, and its error by cycle. */
import type { ChartOption } from "#echarts";
import { evenly, numberAxis, PLOT_WIDTH, rangeOf, rounded, topLegend } from "../chart-parts.js";
import { panelPlaces } from "../panels.js";
import type { Plot, PlotOptions } from "../plot.js";
import type { PlottedCell, PlotStudy } from "../plot-study.js";
import { seriesColor } from "../theme.js";
import { cyclesInWords, HELD_OUT, predictionNotes, predictionOf } from "./predicted.js";

/** More points than this of a cell lie on each other. */
const MOST_POINTS = 500;
const MARGIN = { top: 14, bottom: 44, left: 68, right: 18 };
const HEAD = 34;
const SYMBOLS = ["circle", "triangle", "rect", "diamond"] as const;

/** Root mean square of a cell's errors at the end of its paths, SOH; NaN without any. */
function rmseOf({ ends }: PlottedCell): number {
  const sum = ends.reduce((total, { true: soh, predicted }) => total + (predicted - soh) ** 2, 0);
  return Math.sqrt(sum / ends.length);
}

function cellSeries({ cell, ends }: PlottedCell, index: number): ChartOption[] {
  const points = evenly(ends, MOST_POINTS);
  const common = {
    ...{ type: "scatter", name: cell, symbol: SYMBOLS[index % SYMBOLS.length], symbolSize: 5, z: 3 },
    ...{ itemStyle: { color: seriesColor(index), opacity: 0.8 }, encode: { x: 0, y: 1, tooltip: [2, 0, 1] } },
  };
  return [
    {
      ...{ ...common, xAxisIndex: 0, yAxisIndex: 0, dimensions: ["true SOH", "predicted SOH", "cycle"] },
      data: points.map((point) => [rounded(point.true), rounded(point.predicted), point.cycle]),
    },
    {
      ...{ ...common, xAxisIndex: 1, yAxisIndex: 1, dimensions: ["cycle", "error", "true SOH"] },
      data: points.map((point) => [point.cycle, rounded(point.predicted - point.true), rounded(point.true)]),
    },
  ];
}

/** Where a prediction is right: on the diagonal, and at no error. */
function rightSeries(cells: readonly PlottedCell[]): ChartOption[] {
  const ends = cells.flatMap((cell) => cell.ends);
  if (ends.length === 0) return [];
  const [low, high] = rangeOf(ends.flatMap((point) => [point.true, point.predicted]));
  const [first, last] = rangeOf(ends.map(({ cycle }) => cycle));
  const style = {
    ...{ type: "line", name: "predicted = true", symbol: "none", silent: true, z: 2 },
    ...{ lineStyle: { color: "@axis", width: 1.2, type: [6, 4] }, itemStyle: { color: "@axis" } },
  };
  const line = (panel: number, from: readonly number[], to: readonly number[]): ChartOption => ({
    ...{ ...style, xAxisIndex: panel, yAxisIndex: panel, data: [from, to] },
  });
  return [line(0, [low, low], [high, high]), line(1, [first, 0], [last, 0])];
}

/** Draws predicted against true SOH. */
export function prediction(study: PlotStudy, { width = PLOT_WIDTH, height }: PlotOptions): Plot {
  const predicted = predictionOf(study);
  const { cells, horizon, trial } = predicted;
  const there = cells.filter(({ ends }) => ends.length > 0);
  const plotHeight = height === undefined ? 280 : Math.max(60, height - HEAD - MARGIN.top - MARGIN.bottom);
  const places = panelPlaces(2, { columns: 2, width, plotHeight, margin: MARGIN, head: HEAD });
  const series = [...there.flatMap(cellSeries), ...rightSeries(there)];
  const ahead = cyclesInWords(horizon);
  const errors = there.map((cell) => `${cell.cell} ${rmseOf(cell).toPrecision(3)}`);
  const thinned = there.some(({ ends }) => ends.length > MOST_POINTS);
  const notes = [
    there.length === 0
      ? (predicted.nothing ?? "No cell has a path whose whole truth is known.")
      : `RMSE ${ahead} ahead, SOH: ${errors.join(", ")} (${predicted.of === HELD_OUT ? "cells held out" : predicted.of}).`,
    ...predictionNotes(predicted),
    ...(thinned ? [`Of a cell at most ${MOST_POINTS} points are drawn, taken evenly; the table has all.`] : []),
  ];
  return {
    ...{
      kind: "prediction",
      title: `${study.name}: ${predicted.nothing === null ? `SOH ${ahead} ahead, predicted by trial ${trial}` : "predicted SOH"}`,
      notes,
    },
    ...{ width, height: Math.round(places.height) },
    option: {
      ...{ grid: places.grids, legend: topLegend([...new Set(series.map(({ name }) => name as string))]) },
      ...{ tooltip: { trigger: "item" } },
      xAxis: ["true SOH", "cycle"].map((name, i) => numberAxis({ name, more: { gridIndex: i } })),
      yAxis: ["predicted SOH", "predicted − true SOH"].map((name, i) =>
        numberAxis({ name, gap: 50, more: { gridIndex: i } }),
      ),
      series,
    },
    table: {
      columns: ["cell", "cycle", "true SOH", "predicted SOH"],
      rows: cells.flatMap(({ cell, ends }) => ends.map((point) => [cell, point.cycle, point.true, point.predicted])),
    },
  };
}
