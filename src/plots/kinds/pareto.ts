/** The kind `pareto`: trials by their objectives, a panel a pair, and the front. */
import { directionsOf, isFeasible, paretoFront, referencePoint } from "../../core/index.js";
import type { StudyObjective, Trial } from "../../core/index.js";
import type { ChartOption } from "#echarts";
import { evenly, insideZoom, numberAxis, PLOT_WIDTH, rounded, topLegend, wantsLog } from "../chart-parts.js";
import { LeftOut, notComplete } from "../left-out.js";
import { panelPlaces } from "../panels.js";
import type { Plot, PlotOptions } from "../plot.js";
import type { PlotStudy } from "../plot-study.js";
import { referenceInWords } from "./hypervolume.js";

const MOST_PANELS = 6;
const MOST_POINTS = 1500;
const MARGIN = { top: 12, bottom: 50, left: 82, right: 24 };
const HEAD = 34;

type Sort = "infeasible" | "dominated" | "front";
const looks: Readonly<Record<Sort, ChartOption>> = {
  infeasible: { symbol: "emptyCircle", symbolSize: 6, itemStyle: { color: "@faint" }, z: 2 },
  dominated: { symbol: "circle", symbolSize: 5, itemStyle: { color: "@series6" }, z: 3 },
  front: { symbol: "diamond", symbolSize: 10, itemStyle: { color: "@series2" }, z: 4 },
};

interface Point {
  readonly trial: Trial;
  readonly values: readonly number[];
  readonly sort: Sort;
}

type Pair = readonly [number, number];

/** Which objectives stand against which. */
function pairsOf(count: number): Pair[] {
  const pairs: Pair[] = [];
  for (let i = 0; i < count; i++) for (let j = i + 1; j < count; j++) pairs.push([i, j]);
  return pairs.slice(0, MOST_PANELS);
}

/** With two objectives the front is the edge of what was reached: stairs from one trial to the next. */
function stairs(points: readonly Point[], objectives: readonly StudyObjective[]): ChartOption[] {
  if (objectives.length !== 2) return [];
  const front = points.filter(({ sort }) => sort === "front").map(({ values }) => values as [number, number]);
  const minimized = objectives[0]?.direction === "minimize";
  front.sort(([a], [b]) => (minimized ? a - b : b - a));
  return [
    {
      ...{ type: "line", name: "front", step: "end", symbol: "none", silent: true, z: 1 },
      ...{ lineStyle: { color: "@series2", width: 1.4, type: "dashed" }, itemStyle: { color: "@series2" } },
      data: front.map(([x, y]) => [rounded(x), rounded(y)]),
    },
  ];
}

function panelSeries(
  points: readonly Point[],
  [i, j]: Pair,
  panel: number,
  objectives: readonly StudyObjective[],
): ChartOption[] {
  const names = objectives.map(({ metric }) => metric);
  return (["infeasible", "dominated", "front"] as const).flatMap((sort) => {
    const own = points.filter((point) => point.sort === sort);
    const drawn = sort === "front" ? own : evenly(own, MOST_POINTS);
    return drawn.length === 0
      ? []
      : [
          {
            ...{ type: "scatter", name: sort, xAxisIndex: panel, yAxisIndex: panel, ...looks[sort] },
            ...{ dimensions: [...names, "trial"], encode: { x: i, y: j, tooltip: [names.length, ...names.keys()] } },
            data: drawn.map(({ trial, values }) => [...values.map(rounded), trial.number]),
          },
        ];
  });
}

function referenceSeries(reference: readonly number[], [i, j]: Pair, panel: number): ChartOption {
  return {
    ...{ type: "scatter", name: "reference point", xAxisIndex: panel, yAxisIndex: panel, z: 5 },
    ...{
      symbol: "path://M0,4L4,4L4,0L6,0L6,4L10,4L10,6L6,6L6,10L4,10L4,6L0,6Z",
      symbolSize: 12,
      itemStyle: { color: "@text" },
    },
    data: [[rounded(reference[i] as number), rounded(reference[j] as number)]],
  };
}

/** Draws objectives against each other. */
export function pareto(study: PlotStudy, { reference, width = PLOT_WIDTH, height }: PlotOptions): Plot {
  const { objectives } = study;
  const directions = directionsOf(study);
  const left = new LeftOut(study);
  const trials = left.sort(study.trials, (trial) => {
    const state = notComplete(trial);
    if (state !== null) return state;
    return trial.values?.every(Number.isFinite) ? null : "with a value that is not finite";
  });
  const front = new Set(paretoFront(trials, directions).map(({ number }) => number));
  const points = trials.map((trial): Point => {
    const sort = front.has(trial.number) ? "front" : isFeasible(trial) ? "dominated" : "infeasible";
    return { trial, values: trial.values as readonly number[], sort };
  });
  const point = reference ?? referencePoint(study.trials, directions);
  const pairs = pairsOf(objectives.length);
  const columns = pairs.length === 1 ? 1 : 2;
  const rows = Math.ceil(pairs.length / columns);
  const plotHeight =
    height === undefined ? (rows === 1 ? 360 : 240) : Math.max(60, (height - HEAD) / rows - MARGIN.top - MARGIN.bottom);
  const places = panelPlaces(pairs.length, { columns, width, plotHeight, margin: MARGIN, head: HEAD });
  const axis = (objective: number, gridIndex: number, gap: number): ChartOption => {
    const { metric, direction } = objectives[objective] as StudyObjective;
    const log = wantsLog([
      ...points.map(({ values }) => values[objective] as number),
      ...(reference ? [reference[objective] as number] : []),
    ]);
    return numberAxis({ name: `${metric} (${direction})`, gap, log, more: { gridIndex } });
  };
  const series = pairs.flatMap((pair, i) => panelSeries(points, pair, i, objectives));
  if (reference) series.push(...pairs.map((pair, i) => referenceSeries(reference, pair, i)));
  const many = points.filter(({ sort }) => sort === "dominated").length;
  return {
    ...{ kind: "pareto", title: `${study.name}: Pareto front of ${objectives.map(({ metric }) => metric).join(", ")}` },
    notes: [
      ...(front.size === 0 ? ["No feasible trial is complete with finite values: there is no front yet."] : []),
      ...left.notes(),
      ...(reference && point ? [`The reference point is ${referenceInWords(study, point)}.`] : []),
      ...(objectives.length > 4 ? [`${pairs.length} of the pairs of ${objectives.length} objectives are drawn.`] : []),
      ...(many > MOST_POINTS
        ? [`Of ${many} dominated trials ${MOST_POINTS} are drawn, taken evenly; the table has all.`]
        : []),
    ],
    ...{ width, height: Math.round(places.height) },
    option: {
      ...{ grid: places.grids, legend: topLegend([...new Set(series.map(({ name }) => name as string))]) },
      xAxis: pairs.map(([i], panel) => axis(i, panel, 30)),
      yAxis: pairs.map(([, j], panel) => axis(j, panel, 62)),
      ...{ tooltip: { trigger: "item" }, dataZoom: insideZoom({ x: [...pairs.keys()], y: [...pairs.keys()] }) },
      series: [...series, ...stairs(points, objectives)],
    },
    table: {
      columns: ["trial", ...objectives.map(({ metric }) => metric), "standing"],
      get rows() {
        return points.map(({ trial, values, sort }) => [trial.number, ...values, sort]);
      },
    },
  };
}
