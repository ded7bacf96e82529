/** The kind `slice`: values against each parameter, a panel each. */
import { isFeasible } from "../../core/index.js";
import type { ChartOption } from "#echarts";
import {
  evenly,
  indicesOf,
  insideZoom,
  numberAxis,
  PLOT_WIDTH,
  rounded,
  sharedRange,
  wantsLog,
} from "../chart-parts.js";
import { trialNumberColors } from "../color-scale.js";
import { LeftOut } from "../left-out.js";
import { firstMeasure } from "../measure.js";
import { measured } from "../measured-trials.js";
import type { MeasuredTrial } from "../measured-trials.js";
import { panelPlaces } from "../panels.js";
import { chooseParameters, parameterAxis, parameterCell } from "../parameters.js";
import type { PlotParameter } from "../parameters.js";
import type { Plot, PlotOptions } from "../plot.js";
import type { PlotStudy } from "../plot-study.js";

const MOST_PANELS = 9;
const MOST_POINTS = 800;
const COLUMNS = 3;
const MARGIN = { top: 12, bottom: 50, left: 66, right: 14 };
const HEAD = 40;

function panelSeries(points: readonly MeasuredTrial[], parameter: PlotParameter, panel: number): ChartOption[] {
  const placed = points.flatMap(({ trial, value }) => {
    const place = parameter.place(trial);
    return place === null ? [] : [{ trial, value, place }];
  });
  const of = (feasible: boolean): ChartOption => ({
    ...{ type: "scatter", name: feasible ? "feasible" : "infeasible", xAxisIndex: panel, yAxisIndex: panel },
    ...{ symbol: feasible ? "circle" : "emptyCircle", symbolSize: 6, z: feasible ? 3 : 2 },
    itemStyle: feasible ? { borderColor: "@axis", borderWidth: 0.4 } : { color: "@faint" },
    dimensions: [parameter.name, "value", "trial"],
    encode: { x: 0, y: 1, tooltip: [2, 0, 1] },
    data: placed
      .filter(({ trial }) => isFeasible(trial) === feasible)
      .map(({ trial, value, place }) => [parameter.choices?.[place] ?? rounded(place), rounded(value), trial.number]),
  });
  return [of(false), of(true)].filter(({ data }) => (data as readonly unknown[]).length > 0);
}

/** Draws a metric against each parameter. */
export function slice(study: PlotStudy, { metric, params, width = PLOT_WIDTH, height }: PlotOptions): Plot {
  const measure = firstMeasure(study, metric);
  const left = new LeftOut(study);
  const points = measured(study, measure, left);
  const { parameters, notes } = chooseParameters(study, params, MOST_PANELS, measure);
  const columns = Math.max(1, Math.min(COLUMNS, parameters.length));
  const rows = Math.max(1, Math.ceil(parameters.length / columns));
  const plotHeight = height === undefined ? 190 : Math.max(60, (height - HEAD) / rows - MARGIN.top - MARGIN.bottom);
  const places = panelPlaces(parameters.length, { columns, width, plotHeight, margin: MARGIN, head: HEAD });
  const drawn = evenly(points, MOST_POINTS);
  const characters = Math.floor(places.plotWidth / 7);
  const values = points.map(({ value }) => value);
  const log = wantsLog(values);
  const feasible = drawn.some(({ trial }) => isFeasible(trial));
  const series = parameters.flatMap((parameter, i) => panelSeries(drawn, parameter, i));
  const absent = parameters.flatMap((parameter) => {
    const count = points.filter(({ trial }) => parameter.place(trial) === null).length;
    return count === 0 ? [] : [`${count} in the panel of ${parameter.name}`];
  });
  return {
    ...{
      kind: "slice",
      title: `${study.name}: ${measure.name} by parameter`,
      width,
      height: Math.round(places.height),
    },
    notes: [
      ...(points.length === 0 ? ["No complete trial has a finite value yet."] : []),
      ...(parameters.length === 0 ? ["The study has no parameters."] : []),
      ...left.notes(),
      ...notes,
      ...(points.some(({ trial }) => !isFeasible(trial)) ? ["Hollow points miss the study's constraints."] : []),
      ...(absent.length > 0
        ? [`Trials that do not have a conditional parameter are absent: ${absent.join(", ")}.`]
        : []),
      ...(drawn.length < points.length
        ? [`Of ${points.length} trials ${drawn.length} are drawn, taken evenly; the table has all.`]
        : []),
    ],
    option: {
      grid: places.grids,
      xAxis: parameters.map((parameter, i) =>
        parameterAxis(parameter, { characters, gap: 28, more: { gridIndex: i } }),
      ),
      yAxis: parameters.map((_, i) =>
        numberAxis({
          ...{ gap: 50, log, ...(i % columns === 0 ? { name: measure.name } : {}) },
          more: { gridIndex: i, ...sharedRange(values, log) },
        }),
      ),
      ...{ tooltip: { trigger: "item" }, dataZoom: insideZoom({ x: parameters.map((_, i) => i) }), series },
      ...(feasible ? { visualMap: trialNumberColors(drawn, indicesOf(series, "feasible")) } : {}),
    },
    table: {
      columns: ["trial", ...parameters.map(({ name }) => name), measure.name],
      get rows() {
        return points.map(({ trial, value }) => [
          trial.number,
          ...parameters.map(({ name }) => parameterCell(trial, name)),
          value,
        ]);
      },
    },
  };
}
