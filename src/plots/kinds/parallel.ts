/** The kind `parallel`: each trial as a line over an axis a parameter, coloured by its value. */
import type { ChartOption } from "#echarts";
import { evenly, PLOT_WIDTH, rounded, shortLabel, wantsLog } from "../chart-parts.js";
import { valueColors } from "../color-scale.js";
import { LeftOut } from "../left-out.js";
import { firstMeasure } from "../measure.js";
import { measured } from "../measured-trials.js";
import type { MeasuredTrial } from "../measured-trials.js";
import { chooseParameters, parameterCell, spread } from "../parameters.js";
import type { PlotParameter } from "../parameters.js";
import type { Plot, PlotOptions } from "../plot.js";
import type { PlotStudy } from "../plot-study.js";

const MOST_AXES = 10;
const MOST_LINES = 400;
const AREA = { left: 70, right: 90, top: 74, bottom: 26 };

/** What ECharts takes for no value. */
const NONE = "-";
type Item = readonly (number | string)[];

/**
 * A trial's line, in pieces where it has no value between two axes: a line through the gap would say that it has.
 * The value comes first in every piece, and gives the colour.
 */
function pieces({ trial, value }: MeasuredTrial, parameters: readonly PlotParameter[]): Item[] {
  const places = parameters.map((parameter) => {
    const place = parameter.place(trial);
    return place === null ? null : (parameter.choices?.[place] ?? rounded(place));
  });
  const runs: number[][] = [[]];
  places.forEach((place, i) => {
    if (place === null) runs.push([]);
    else runs.at(-1)?.push(i);
  });
  return runs
    .filter((run, i) => i === 0 || run.length > 1)
    .map((run, i) => [
      i === 0 ? rounded(value) : NONE,
      ...places.map((place, at) => (run.includes(at) && place !== null ? place : NONE)),
      rounded(value),
      trial.number,
    ]);
}

/** Lines run behind them. */
const labels = { color: "@text", fontSize: 11, textBorderColor: "@background", textBorderWidth: 3 };

function axisOf(parameter: PlotParameter, dim: number, characters: number, stagger: boolean): ChartOption {
  const [min, max] = spread(parameter);
  const { choices, log, whole, name } = parameter;
  return {
    ...{
      dim,
      name: shortLabel(name, characters),
      tooltip: { show: true },
      nameLocation: "end",
      nameGap: stagger ? 26 : 10,
    },
    ...(choices
      ? { type: "category", data: choices, axisLabel: { ...labels, interval: 0, hideOverlap: false } }
      : { type: log ? "log" : "value", min, max, scale: true, ...(whole ? { minInterval: 1 } : {}) }),
  };
}

const axisDefault = {
  nameTextStyle: { color: "@text", fontSize: 11 },
  axisLine: { lineStyle: { color: "@axis" } },
  axisTick: { lineStyle: { color: "@axis" } },
  axisLabel: { ...labels, showMinLabel: false, showMaxLabel: false, hideOverlap: true },
  areaSelectStyle: { width: 18, borderColor: "@series2", color: "@series2", opacity: 0.25 },
};

/** Draws trials over their parameters. */
export function parallel(study: PlotStudy, { metric, params, width = PLOT_WIDTH, height = 400 }: PlotOptions): Plot {
  const measure = firstMeasure(study, metric);
  const left = new LeftOut(study);
  const points = measured(study, measure, left);
  const chosen = chooseParameters(study, params, MOST_AXES, measure);
  // Those that some trials lack come last: most lines are whole up to them.
  const lacks = ({ place }: PlotParameter): number => (points.some(({ trial }) => place(trial) === null) ? 1 : 0);
  const parameters = [...chosen.parameters].sort((a, b) => lacks(a) - lacks(b));
  // The best ones are drawn last, over the others.
  const sign = measure.direction === "maximize" ? 1 : -1;
  const drawn = [...evenly(points, MOST_LINES)].sort((x, y) => sign * (x.value - y.value));
  const values = points.map(({ value }) => value);
  const log = wantsLog(values);
  // Wider names ECharts would cut, at their ends.
  const characters = Math.max(6, Math.floor((width - AREA.left - AREA.right) / Math.max(1, parameters.length) / 6.4));
  const data = drawn.flatMap((point) => pieces(point, parameters));
  const colorDimension = parameters.length + 1;
  const broken = points.filter(({ trial }) => parameters.some(({ place }) => place(trial) === null)).length;
  return {
    ...{ kind: "parallel", title: `${study.name}: ${measure.name} over parameters`, width, height },
    notes: [
      ...(points.length === 0 ? ["No complete trial has a finite value yet."] : []),
      ...left.notes(),
      ...chosen.notes,
      ...(broken > 0 ? [`A line ends where its trial does not have a conditional parameter: so ${broken} do.`] : []),
      ...(drawn.length < points.length
        ? [`Of ${points.length} trials ${drawn.length} are drawn, taken evenly; the table has all.`]
        : []),
    ],
    option: {
      parallel: { ...AREA, height: height - AREA.top - AREA.bottom, parallelAxisDefault: axisDefault },
      parallelAxis: [
        { dim: 0, name: shortLabel(measure.name, characters), type: log ? "log" : "value", scale: true, nameGap: 10 },
        ...parameters.map((parameter, i) => axisOf(parameter, i + 1, characters, i % 2 === 0)),
      ],
      ...(points.length > 0
        ? { visualMap: valueColors(values, measure.direction, { dimension: colorDimension, seriesIndex: 0 }) }
        : {}),
      tooltip: { trigger: "item" },
      series: [
        {
          ...{
            type: "parallel",
            name: measure.name,
            lineStyle: { width: 1.3, opacity: 0.6 },
            inactiveOpacity: 0.04,
            activeOpacity: 0.9,
          },
          ...{ dimensions: [measure.name, ...parameters.map(({ name }) => name), "value", "trial"] },
          data,
        },
      ],
    },
    table: {
      columns: ["trial", measure.name, ...parameters.map(({ name }) => name)],
      rows: points.map(({ trial, value }) => [
        ...[trial.number, value],
        ...parameters.map(({ name }) => parameterCell(trial, name)),
      ]),
    },
  };
}
