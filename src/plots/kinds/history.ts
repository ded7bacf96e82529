/** The kind `history`: what each finished trial came to, and the best so far, a panel an objective. */
import { bestSoFar, isFeasible } from "../../core/index.js";
import type { Trial } from "../../core/index.js";
import type { ChartOption } from "#echarts";
import { evenly, insideZoom, numberAxis, PLOT_WIDTH, rounded, topLegend, wantsLog } from "../chart-parts.js";
import { LeftOut, notFinished, trialsInWords } from "../left-out.js";
import { measuresOf } from "../measure.js";
import type { Measure } from "../measure.js";
import { panelPlaces } from "../panels.js";
import type { Plot, PlotOptions } from "../plot.js";
import type { PlotStudy } from "../plot-study.js";

/** More points than this of one sort are drawn thinned: they lie on each other, and the file grows. */
const MOST_POINTS = 1500;
const MARGIN = { top: 14, bottom: 44, left: 74, right: 22 };
const HEAD = 34;

/** What the points of a panel are told apart by: colour and shape. */
const sorts = {
  complete: { symbol: "circle", symbolSize: 6, itemStyle: { color: "@series1" } },
  infeasible: { symbol: "emptyCircle", symbolSize: 7, itemStyle: { color: "@faint" } },
  pruned: { symbol: "emptyDiamond", symbolSize: 7, itemStyle: { color: "@series5" } },
  failed: {
    symbol: "path://M0,0L10,10M0,10L10,0",
    symbolSize: 7,
    itemStyle: { color: "@series2", borderColor: "@series2", borderWidth: 2 },
  },
  "without a finite value": { symbol: "triangle", symbolSize: 7, itemStyle: { color: "@series4" } },
} as const;
type Sort = keyof typeof sorts;

const sortNames = Object.keys(sorts) as Sort[];

/** What stands for a trial: its value, or the last report of one that was pruned; NaN where there is no finite one. */
function heightOf(study: PlotStudy, measure: Measure, trial: Trial): number {
  if (trial.state === "failed") return NaN;
  const isReported = measure.name === study.reported.metric;
  const value = trial.state === "pruned" && isReported ? (trial.intermediate.at(-1)?.[1] ?? null) : measure.of(trial);
  return value !== null && Number.isFinite(value) ? value : NaN;
}

function sortOf(trial: Trial, height: number): Sort {
  if (trial.state === "failed" || trial.state === "pruned") return trial.state;
  if (Number.isNaN(height)) return "without a finite value";
  return isFeasible(trial) ? "complete" : "infeasible";
}

const finishedAt = (trial: Trial): number => (trial.finish_index ?? trial.number) + 1;

/** The best so far as steps: the points where it changes, and its end. */
function bestSteps(study: PlotStudy, { direction, of }: Measure): [number, number][] {
  if (direction === null) return [];
  const points = bestSoFar(study.trials, direction, of).filter(([, value]) => Number.isFinite(value));
  return points.filter(([, value], i) => i === points.length - 1 || value !== points[i - 1]?.[1]);
}

/** A study can have a hundred thousand trials: their places in a panel are columns, and only what is drawn becomes points. */
interface Panel {
  readonly measure: Measure;
  readonly trials: readonly Trial[];
  /** One a trial; NaN: it stands at the lower edge. */
  readonly heights: Float64Array;
  /** The trials of each sort, by their places in `trials`. */
  readonly bySort: ReadonlyMap<Sort, readonly number[]>;
  readonly best: readonly [number, number][];
}

function panelOf(study: PlotStudy, measure: Measure, trials: readonly Trial[]): Panel {
  const heights = Float64Array.from(trials, (trial) => heightOf(study, measure, trial));
  const bySort = new Map(sortNames.map((sort): [Sort, number[]] => [sort, []]));
  trials.forEach((trial, i) => bySort.get(sortOf(trial, heights[i] as number))?.push(i));
  return { measure, trials, heights, bySort, best: bestSteps(study, measure) };
}

const placesOf = ({ bySort }: Panel, sort: Sort): readonly number[] => bySort.get(sort) ?? [];

/** Thinned where they are too many: evenly, and all that brought the best forward. */
function drawn({ trials, best }: Panel, places: readonly number[]): readonly number[] {
  if (places.length <= MOST_POINTS) return places;
  const steps = new Set(best.map(([finished]) => finished));
  const kept = new Set(evenly(places, MOST_POINTS));
  return places.filter((place) => kept.has(place) || steps.has(finishedAt(trials[place] as Trial)));
}

function seriesOf(panel: Panel, index: number): ChartOption[] {
  const { measure, trials, heights, best } = panel;
  const axes = { xAxisIndex: index, yAxisIndex: 2 * index };
  const edge = { xAxisIndex: index, yAxisIndex: 2 * index + 1 };
  const line = {
    ...{ type: "line", name: "best so far", step: "end", symbol: best.length === 1 ? "circle" : "none", z: 1, ...axes },
    ...{ lineStyle: { color: "@series2", width: 2 }, itemStyle: { color: "@series2" } },
    ...{ dimensions: ["finished trials", measure.name], data: best.map(([x, y]) => [x, rounded(y)]) },
  };
  const clouds = sortNames.flatMap((sort) => {
    const own = drawn(panel, placesOf(panel, sort)).map((place) => {
      const trial = trials[place] as Trial;
      return { finished: finishedAt(trial), height: heights[place] as number, number: trial.number };
    });
    const dimensions = ["finished trials", measure.name, "trial"];
    const common = { type: "scatter", name: sort, ...sorts[sort], z: 3, dimensions, encode: { tooltip: [2, 1, 0] } };
    const [high, low] = [own.filter(({ height }) => height === height), own.filter(({ height }) => height !== height)];
    return [
      ...(high.length > 0
        ? [{ ...common, ...axes, data: high.map((p) => [p.finished, rounded(p.height), p.number]) }]
        : []),
      ...(low.length > 0
        ? [
            {
              ...common,
              ...{ ...edge, dimensions: ["finished trials", "edge", "trial"], encode: { tooltip: [2, 0] } },
              data: low.map((p) => [p.finished, 0.02, p.number]),
            },
          ]
        : []),
    ];
  });
  return best.length > 0 ? [...clouds, line] : clouds;
}

function axesOf(panels: readonly Panel[]): ChartOption {
  return {
    xAxis: panels.map((_, i) =>
      numberAxis({ name: "finished trials", more: { gridIndex: i, minInterval: 1, splitLine: { show: false } } }),
    ),
    yAxis: panels.flatMap(({ measure, heights, best }, i) => {
      const values = [...heights.filter((height) => height === height), ...best.map(([, value]) => value)];
      return [
        numberAxis({ name: measure.name, gap: 56, log: wantsLog(values), more: { gridIndex: i } }),
        { type: "value", min: 0, max: 1, show: false, gridIndex: i },
      ];
    }),
  };
}

/** What is said besides. */
function notesOf(panels: readonly Panel[], left: LeftOut, trials: readonly Trial[]): string[] {
  const notes = left.notes();
  const count = (sort: Sort): number => (panels[0] ? placesOf(panels[0], sort).length : 0);
  if (trials.length === 0) notes.unshift("No trial has finished yet.");
  else if (count("complete") === 0) notes.unshift("No feasible trial is complete: there is no best so far.");
  if (panels.some((panel) => placesOf(panel, "pruned").some((place) => !Number.isNaN(panel.heights[place]))))
    notes.push("A pruned trial stands at its last report.");
  if (panels.some(({ heights }) => heights.some(Number.isNaN))) notes.push("Trials at the lower edge have no value.");
  for (const sort of sortNames)
    if (count(sort) > MOST_POINTS)
      notes.push(
        `Of ${trialsInWords(count(sort))} ${sort} about ${MOST_POINTS} are drawn, taken evenly, with all that brought the best forward; the line and the table are of all.`,
      );
  return notes;
}

/** Draws how a study's values came about. */
export function history(study: PlotStudy, { metric, width = PLOT_WIDTH, height }: PlotOptions): Plot {
  const measures = measuresOf(study, metric);
  const left = new LeftOut(study);
  const trials = left
    .sort(study.trials, notFinished)
    .sort((a, b) => (a.finish_index ?? a.number) - (b.finish_index ?? b.number));
  const panels = measures.map((measure) => panelOf(study, measure, trials));
  const rows = panels.length;
  const plotHeight =
    height === undefined ? (rows === 1 ? 300 : 200) : Math.max(60, (height - HEAD) / rows - MARGIN.top - MARGIN.bottom);
  const places = panelPlaces(rows, { columns: 1, width, plotHeight, margin: MARGIN, head: HEAD });
  const series = panels.flatMap(seriesOf);
  return {
    ...{ kind: "history", title: `${study.name}: history`, notes: notesOf(panels, left, trials) },
    ...{ width, height: Math.round(places.height) },
    option: {
      ...{
        grid: places.grids,
        ...axesOf(panels),
        legend: topLegend([...new Set(series.map(({ name }) => name as string))]),
      },
      ...{ tooltip: { trigger: "item" }, dataZoom: insideZoom({ x: panels.map((_, i) => i) }), series },
    },
    table: {
      columns: ["finished", "trial", "state", ...measures.map(({ name }) => name), "feasible"],
      get rows() {
        return trials.map((trial) => [
          ...[finishedAt(trial), trial.number, trial.state],
          ...measures.map(({ of }) => of(trial)),
          trial.state === "complete" ? String(isFeasible(trial)) : null,
        ]);
      },
    },
  };
}
