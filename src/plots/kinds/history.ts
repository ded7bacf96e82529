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

/** A trial's place in a panel; without a height it stands at the lower edge. */
interface Point {
  readonly finished: number;
  readonly value: number | null;
  readonly trial: number;
  readonly sort: Sort;
}

/** What stands for a trial: its value, or the last report of one that was pruned. */
function pointOf(study: PlotStudy, measure: Measure, trial: Trial): Point {
  const at = { finished: (trial.finish_index ?? trial.number) + 1, trial: trial.number };
  if (trial.state === "failed") return { ...at, value: null, sort: "failed" };
  const isReported = measure.name === study.reported.metric;
  const value = trial.state === "pruned" && isReported ? (trial.intermediate.at(-1)?.[1] ?? null) : measure.of(trial);
  const finite = value !== null && Number.isFinite(value) ? value : null;
  if (trial.state === "pruned") return { ...at, value: finite, sort: "pruned" };
  if (finite === null) return { ...at, value: null, sort: "without a finite value" };
  return { ...at, value: finite, sort: isFeasible(trial) ? "complete" : "infeasible" };
}

/** The best so far as steps: the points where it changes, and its end. */
function bestSteps(study: PlotStudy, { direction, of }: Measure): [number, number][] {
  if (direction === null) return [];
  const points = bestSoFar(study.trials, direction, of).filter(([, value]) => Number.isFinite(value));
  return points.filter(([, value], i) => i === points.length - 1 || value !== points[i - 1]?.[1]);
}

interface Panel {
  readonly measure: Measure;
  readonly points: readonly Point[];
  readonly best: readonly [number, number][];
}

/** Thinned where they are too many: evenly, and all that brought the best forward. */
function drawn(points: readonly Point[], best: Panel["best"]): readonly Point[] {
  if (points.length <= MOST_POINTS) return points;
  const steps = new Set(best.map(([finished]) => finished));
  const kept = new Set(evenly(points, MOST_POINTS));
  return points.filter((point) => kept.has(point) || steps.has(point.finished));
}

function seriesOf({ measure, points, best }: Panel, panel: number): ChartOption[] {
  const axes = { xAxisIndex: panel, yAxisIndex: 2 * panel };
  const edge = { xAxisIndex: panel, yAxisIndex: 2 * panel + 1 };
  const line = {
    ...{ type: "line", name: "best so far", step: "end", symbol: best.length === 1 ? "circle" : "none", z: 1, ...axes },
    ...{ lineStyle: { color: "@series2", width: 2 }, itemStyle: { color: "@series2" } },
    ...{ dimensions: ["finished trials", measure.name], data: best.map(([x, y]) => [x, rounded(y)]) },
  };
  const bySort = new Map<Sort, Point[]>();
  for (const point of points) {
    const own = bySort.get(point.sort);
    if (own) own.push(point);
    else bySort.set(point.sort, [point]);
  }
  const clouds = (Object.keys(sorts) as Sort[]).flatMap((sort) => {
    const own = drawn(bySort.get(sort) ?? [], best);
    const dimensions = ["finished trials", measure.name, "trial"];
    const common = { type: "scatter", name: sort, ...sorts[sort], z: 3, dimensions, encode: { tooltip: [2, 1, 0] } };
    const [high, low] = [own.filter(({ value }) => value !== null), own.filter(({ value }) => value === null)];
    return [
      ...(high.length > 0
        ? [{ ...common, ...axes, data: high.map((p) => [p.finished, rounded(p.value as number), p.trial]) }]
        : []),
      ...(low.length > 0
        ? [
            {
              ...common,
              ...{ ...edge, dimensions: ["finished trials", "edge", "trial"], encode: { tooltip: [2, 0] } },
              data: low.map((p) => [p.finished, 0.02, p.trial]),
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
    yAxis: panels.flatMap(({ measure, points, best }, i) => {
      const values = [...points.flatMap(({ value }) => value ?? []), ...best.map(([, value]) => value)];
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
  const counts = new Map<Sort, number>();
  for (const { sort } of panels[0]?.points ?? []) counts.set(sort, (counts.get(sort) ?? 0) + 1);
  if (trials.length === 0) notes.unshift("No trial has finished yet.");
  else if ((counts.get("complete") ?? 0) === 0)
    notes.unshift("No feasible trial is complete: there is no best so far.");
  if (panels.some(({ points }) => points.some(({ sort, value }) => sort === "pruned" && value !== null)))
    notes.push("A pruned trial stands at its last report.");
  if (panels.some(({ points }) => points.some(({ value }) => value === null)))
    notes.push("Trials at the lower edge have no value.");
  const thinned = [...counts].filter(([, count]) => count > MOST_POINTS);
  for (const [sort, count] of thinned)
    notes.push(
      `Of ${trialsInWords(count)} ${sort} about ${MOST_POINTS} are drawn, taken evenly, with all that brought the best forward; the line and the table are of all.`,
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
  const panels = measures.map((measure) => ({
    measure,
    points: trials.map((trial) => pointOf(study, measure, trial)),
    best: bestSteps(study, measure),
  }));
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
          ...[(trial.finish_index ?? trial.number) + 1, trial.number, trial.state],
          ...measures.map(({ of }) => of(trial)),
          trial.state === "complete" ? String(isFeasible(trial)) : null,
        ]);
      },
    },
  };
}
