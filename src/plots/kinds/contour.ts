/** The kind `contour`: values over two parameters, where there are trials to tell them. */
import { UsageError } from "../../core/index.js";
import type { ChartOption } from "#echarts";
import { evenly, insideZoom, PLOT_WIDTH, rounded, wantsLog } from "../chart-parts.js";
import { valueColors } from "../color-scale.js";
import { LeftOut } from "../left-out.js";
import { firstMeasure } from "../measure.js";
import type { Measure } from "../measure.js";
import { measured } from "../measured-trials.js";
import { byImportance, chooseParameters, parameterAxis, parameterCell, plotParameter } from "../parameters.js";
import type { PlotParameter } from "../parameters.js";
import type { Plot, PlotOptions } from "../plot.js";
import { parameterNames } from "../plot-study.js";
import type { PlotStudy } from "../plot-study.js";

const MOST_POINTS = 1000;
/** Fields along an axis of numbers. */
const FIELDS = 36;
/** A field has a colour where a trial is as near as this share of the ranges. */
const REACH = 0.12;
/** Weights fall with the distance as a normal density of this deviation, a share of the ranges. */
const WIDTH = 0.05;
const AREA = { left: 96, right: 24, top: 40, bottom: 52 };

/** A trial in the square of the two parameters. */
interface Placed {
  readonly x: number;
  readonly y: number;
  readonly value: number;
}

/** A place on a parameter's own scale, from 0 to 1; of a choice its own place, which is far from every other. */
function scaled({ choices, log, low, high }: PlotParameter, place: number): number {
  if (choices !== null) return place;
  if (!(high > low)) return 0.5;
  return log ? Math.log(place / low) / Math.log(high / low) : (place - low) / (high - low);
}

/** The fields' edges on a parameter's axis, and the place that each is judged at, scaled. */
function fieldsOf(parameter: PlotParameter): { readonly from: number; readonly to: number; readonly at: number }[] {
  const { choices, log, low, high } = parameter;
  if (choices !== null) return choices.map((_, i) => ({ from: i, to: i, at: i }));
  if (!(high > low)) return [{ from: low, to: high, at: 0.5 }];
  const edge = (share: number): number => (log ? low * (high / low) ** share : low + share * (high - low));
  return Array.from({ length: FIELDS }, (_, i) => ({
    ...{ from: edge(i / FIELDS), to: edge((i + 1) / FIELDS), at: (i + 0.5) / FIELDS },
  }));
}

/** The mean of the values nearby, weighted by how near they are; null where there are none within reach. */
export function localMean(points: readonly Placed[], x: number, y: number): number | null {
  // One by one and by index: a list of sums, or an iterator's steps, are objects, for millions of pairs of a point and a field.
  let sum = 0;
  let weights = 0;
  let nearest = Infinity;
  for (let i = 0; i < points.length; i++) {
    const point = points[i] as Placed;
    const distance = (point.x - x) ** 2 + (point.y - y) ** 2;
    if (distance > REACH ** 2) continue;
    const weight = Math.exp(-distance / (2 * WIDTH ** 2));
    sum += weight * point.value;
    weights += weight;
    if (distance < nearest) nearest = distance;
  }
  return nearest === Infinity ? null : sum / weights;
}

interface ChosenPair {
  readonly pair: readonly [PlotParameter, PlotParameter];
  readonly notes: readonly string[];
}

/** The two parameters that are asked for, or that matter most. */
function chosenPair(study: PlotStudy, asked: readonly string[] | undefined, measure: Measure): ChosenPair {
  const named = asked === undefined ? [] : chooseParameters(study, asked, Infinity, measure).parameters;
  if (named.length > 2)
    throw new UsageError(
      "invalid-option",
      `plot contour: two parameters make a plot, got ${named.length}: ${named.map(({ name }) => name).join(", ")}; plot rank takes more`,
    );
  const own = named.map(({ name }) => name);
  const { names, how } = byImportance(study, measure);
  const chosen = [...own, ...names.filter((name) => !own.includes(name))].slice(0, 2);
  const pair = chosen.map((name) => plotParameter(study, name)) as [PlotParameter, PlotParameter];
  const all = parameterNames(study).length;
  return {
    pair,
    notes: own.length < 2 && all > 2 ? [`2 of ${all} parameters are drawn, ${how}; --param names others.`] : [],
  };
}

/** Draws values over two parameters. */
export function contour(study: PlotStudy, { metric, params, width = PLOT_WIDTH, height = 460 }: PlotOptions): Plot {
  const measure = firstMeasure(study, metric);
  const left = new LeftOut(study);
  const all = measured(study, measure, left);
  const {
    pair: [a, b],
    notes,
  } = chosenPair(study, params, measure);
  const points = all.flatMap(({ trial, value }) => {
    const x = a.place(trial);
    const y = b.place(trial);
    return x === null || y === null ? [] : [{ trial, value, x, y }];
  });
  left.add(`without ${a.name} or ${b.name}`, all.length - points.length);
  const log = wantsLog(points.map(({ value }) => value));
  const placed = points.map(({ value, x, y }) => ({
    ...{ x: scaled(a, x), y: scaled(b, y), value: log ? Math.log(value) : value },
  }));
  const fields = fieldsOf(a).flatMap((across) =>
    fieldsOf(b).flatMap((up) => {
      const mean = localMean(placed, across.at, up.at);
      if (mean === null) return [];
      const value = log ? Math.exp(mean) : mean;
      return [[...[across.from, across.to, up.from, up.to].map(rounded), rounded(value)]];
    }),
  );
  const drawn = evenly(points, MOST_POINTS);
  const colors = (more: ChartOption): ChartOption =>
    valueColors(
      points.map(({ value }) => value),
      measure.direction,
      more,
    );
  return {
    ...{ kind: "contour", title: `${study.name}: ${measure.name} over ${a.name} and ${b.name}`, width, height },
    notes: [
      ...(points.length === 0
        ? ["No complete trial has both parameters and a finite value yet."]
        : [
            `A field's colour is the mean of the trials nearby, weighted by distance, whatever their other parameters; it is blank where none is within ${100 * REACH} % of the ranges.`,
          ]),
      ...notes,
      ...left.notes(),
      ...(drawn.length < points.length
        ? [
            `Of ${points.length} trials ${drawn.length} are drawn as dots, taken evenly; the fields and the table are of all.`,
          ]
        : []),
    ],
    option: {
      grid: { left: AREA.left, right: AREA.right, top: AREA.top, height: height - AREA.top - AREA.bottom },
      xAxis: parameterAxis(a, { characters: 70, gap: 30, more: { splitLine: { show: false } } }),
      yAxis: parameterAxis(b, { characters: 50, gap: 74, more: { splitLine: { show: false } } }),
      ...(points.length > 0
        ? {
            visualMap: [
              colors({ dimension: 4, seriesIndex: 0 }),
              { ...colors({ dimension: 2, seriesIndex: 1 }), show: false },
            ],
          }
        : {}),
      ...{ tooltip: { trigger: "item" }, dataZoom: insideZoom({ x: [0], y: [0] }) },
      series: [
        {
          ...{ type: "custom", renderItem: "cell", name: "mean nearby", z: 1, silent: true, clip: true },
          ...{ itemPayload: { bands: [a.choices !== null, b.choices !== null] }, encode: { x: [0, 1], y: [2, 3] } },
          data: fields,
        },
        {
          ...{ type: "scatter", name: "trials", symbolSize: 8, z: 3 },
          ...{ itemStyle: { borderColor: "@background", borderWidth: 1.2 } },
          ...{ dimensions: [a.name, b.name, measure.name, "trial"], encode: { x: 0, y: 1, tooltip: [3, 0, 1, 2] } },
          data: drawn.map(({ trial, value, x, y }) => [
            ...[a.choices?.[x] ?? rounded(x), b.choices?.[y] ?? rounded(y), rounded(value), trial.number],
          ]),
        },
      ],
    },
    table: {
      columns: ["trial", a.name, b.name, measure.name],
      get rows() {
        return points.map(({ trial, value }) => [
          ...[trial.number, parameterCell(trial, a.name), parameterCell(trial, b.name), value],
        ]);
      },
    },
  };
}
