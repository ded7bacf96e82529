/** The kind `edf`: the share of trials whose value is at most so much. */
import type { ChartOption } from "#echarts";
import { evenly, insideZoom, numberAxis, PLOT_WIDTH, rounded, topLegend, wantsLog } from "../chart-parts.js";
import { LeftOut, trialsInWords } from "../left-out.js";
import { measuresOf } from "../measure.js";
import type { Measure } from "../measure.js";
import { measured } from "../measured-trials.js";
import { panelPlaces } from "../panels.js";
import type { Plot, PlotOptions } from "../plot.js";
import type { PlotStudy } from "../plot-study.js";
import { seriesColor } from "../theme.js";

const MOST_STEPS = 1000;
const MARGIN = { top: 14, bottom: 48, left: 74, right: 22 };
const HEAD = 34;

/** The empirical distribution function: each distinct value with the share of values at most as large. */
export function edfOf(values: readonly number[]): [value: number, share: number][] {
  const sorted = Float64Array.from(values).sort();
  const steps: [number, number][] = [];
  sorted.forEach((value, i) => {
    if (value !== sorted[i + 1]) steps.push([value, (i + 1) / sorted.length]);
  });
  return steps;
}

function stepSeries(measure: Measure, steps: readonly [number, number][], panel: number): ChartOption {
  const drawn = evenly(steps, MOST_STEPS);
  return {
    ...{ type: "line", name: measure.name, step: "end", xAxisIndex: panel, yAxisIndex: panel },
    ...{ symbol: drawn.length === 1 ? "circle" : "none", lineStyle: { color: seriesColor(panel), width: 2 } },
    ...{ itemStyle: { color: seriesColor(panel) }, dimensions: [measure.name, "share of trials"] },
    // It rises from nothing at the least value.
    data: [
      ...drawn.slice(0, 1).map(([x]) => [rounded(x), 0]),
      ...drawn.map(([x, share]) => [rounded(x), rounded(share)]),
    ],
  };
}

/** Draws how the values of a study are spread. */
export function edf(study: PlotStudy, { metric, width = PLOT_WIDTH, height }: PlotOptions): Plot {
  const measures = measuresOf(study, metric);
  const notes: string[] = [];
  const panels = measures.map((measure) => {
    const left = new LeftOut(study);
    const values = measured(study, measure, left).map(({ value }) => value);
    const said = left.notes();
    if (values.length === 0) said.unshift("No complete trial has a finite value yet.");
    notes.push(...said.map((note) => (measures.length > 1 ? `${measure.name}: ${note}` : note)));
    return { measure, values, steps: edfOf(values) };
  });
  const most = Math.max(...panels.map(({ steps }) => steps.length));
  if (most > MOST_STEPS)
    notes.push(`Lines are drawn through ${MOST_STEPS} of their steps, taken evenly; the table has all.`);
  const rows = panels.length;
  const plotHeight =
    height === undefined ? (rows === 1 ? 300 : 190) : Math.max(60, (height - HEAD) / rows - MARGIN.top - MARGIN.bottom);
  const places = panelPlaces(rows, { columns: 1, width, plotHeight, margin: MARGIN, head: HEAD });
  return {
    ...{ kind: "edf", title: `${study.name}: distribution of ${measures.map(({ name }) => name).join(", ")}` },
    ...{ notes, width, height: Math.round(places.height) },
    option: {
      ...{ grid: places.grids, legend: topLegend(), tooltip: { trigger: "axis" } },
      xAxis: panels.map(({ measure, values }, i) =>
        numberAxis({
          name: `${measure.name} of ${trialsInWords(values.length)}`,
          log: wantsLog(values),
          more: { gridIndex: i },
        }),
      ),
      yAxis: panels.map((_, i) =>
        numberAxis({ name: "share of trials", gap: 46, more: { gridIndex: i, min: 0, max: 1 } }),
      ),
      dataZoom: insideZoom({ x: panels.map((_, i) => i) }),
      series: panels.map(({ measure, steps }, i) => stepSeries(measure, steps, i)),
    },
    table: {
      columns: ["metric", "value", "share"],
      get rows() {
        return panels.flatMap(({ measure, steps }) => steps.map(([value, share]) => [measure.name, value, share]));
      },
    },
  };
}
