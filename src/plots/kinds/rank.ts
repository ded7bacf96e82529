/** The kind `rank`: pairs of parameters, each trial coloured by its place among all. */
import type { Direction } from "../../core/index.js";
import type { ChartOption } from "#echarts";
import { evenly, insideZoom, PLOT_WIDTH, rounded } from "../chart-parts.js";
import { valueColors } from "../color-scale.js";
import { LeftOut } from "../left-out.js";
import { firstMeasure } from "../measure.js";
import { measured } from "../measured-trials.js";
import { panelPlaces } from "../panels.js";
import { chooseParameters, parameterAxis, parameterCell } from "../parameters.js";
import type { PlotParameter } from "../parameters.js";
import type { Plot, PlotOptions } from "../plot.js";
import type { PlotStudy } from "../plot-study.js";

/** So many parameters make ten panels. */
const MOST_PARAMETERS = 4;
const MOST_POINTS = 600;
const MARGIN = { top: 12, bottom: 50, left: 76, right: 14 };
const HEAD = 40;

/** Ranks from 1, the best; equals share the mean of their places. */
export function ranksOf(values: readonly number[], direction: Direction | null): number[] {
  const sign = direction === "maximize" ? -1 : 1;
  const order = values.map((_, i) => i).sort((a, b) => sign * ((values[a] as number) - (values[b] as number)));
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1] as number] === values[order[from] as number]) to++;
    for (let i = from; i <= to; i++) ranks[order[i] as number] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return ranks;
}

/** Every pair, in the order of the parameters. */
function pairsOf(parameters: readonly PlotParameter[]): [PlotParameter, PlotParameter][] {
  return parameters.flatMap((a, i) => parameters.slice(i + 1).map((b): [PlotParameter, PlotParameter] => [a, b]));
}

/** Draws where in the space the good trials are. */
export function rank(study: PlotStudy, { metric, params, width = PLOT_WIDTH, height }: PlotOptions): Plot {
  const measure = firstMeasure(study, metric);
  const left = new LeftOut(study);
  const points = measured(study, measure, left);
  const ranks = ranksOf(
    points.map(({ value }) => value),
    measure.direction,
  );
  const { parameters, notes } = chooseParameters(study, params, MOST_PARAMETERS, measure);
  const pairs = pairsOf(parameters);
  const columns = Math.max(1, Math.min(pairs.length === 1 ? 1 : 2, pairs.length));
  const rows = Math.max(1, Math.ceil(pairs.length / columns));
  const plotHeight =
    height === undefined ? (rows === 1 ? 280 : 190) : Math.max(60, (height - HEAD) / rows - MARGIN.top - MARGIN.bottom);
  const places = panelPlaces(pairs.length, { columns, width, plotHeight, margin: MARGIN, head: HEAD });
  const characters = Math.floor(places.plotWidth / 7);
  const drawn = evenly(
    points.map(({ trial, value }, i) => ({ trial, value, rank: ranks[i] as number })),
    MOST_POINTS,
  );
  const series: ChartOption[] = pairs.map(([a, b], i) => ({
    ...{
      type: "scatter",
      xAxisIndex: i,
      yAxisIndex: i,
      symbolSize: 7,
      itemStyle: { borderColor: "@axis", borderWidth: 0.4 },
    },
    ...{
      dimensions: [a.name, b.name, "rank", measure.name, "trial"],
      encode: { x: 0, y: 1, tooltip: [4, 2, 3, 0, 1] },
    },
    data: drawn.flatMap(({ trial, value, rank: place }) => {
      const x = a.place(trial);
      const y = b.place(trial);
      if (x === null || y === null) return [];
      return [[a.choices?.[x] ?? rounded(x), b.choices?.[y] ?? rounded(y), place, rounded(value), trial.number]];
    }),
  }));
  const absent = pairs.some(([a, b]) => points.some(({ trial }) => a.place(trial) === null || b.place(trial) === null));
  return {
    ...{ kind: "rank", title: `${study.name}: rank by ${measure.name}`, width, height: Math.round(places.height) },
    notes: [
      ...(points.length === 0 ? ["No complete trial has a finite value yet."] : []),
      ...left.notes(),
      ...notes,
      ...(absent ? ["Trials that do not have a conditional parameter are absent from its panels."] : []),
      ...(drawn.length < points.length
        ? [`Of ${points.length} trials ${drawn.length} are drawn, taken evenly; the table has all.`]
        : []),
    ],
    option: {
      grid: places.grids,
      xAxis: pairs.map(([a], i) => parameterAxis(a, { characters, gap: 28, more: { gridIndex: i } })),
      yAxis: pairs.map(([, b], i) =>
        parameterAxis(b, { characters: Math.floor(plotHeight / 7), gap: 56, more: { gridIndex: i } }),
      ),
      ...(points.length > 0
        ? { visualMap: { ...valueColors(ranks, "minimize", { dimension: 2 }), text: ["worse", "best"] } }
        : {}),
      ...{ tooltip: { trigger: "item" }, dataZoom: insideZoom({ x: pairs.map((_, i) => i) }), series },
    },
    table: {
      columns: ["trial", "rank", measure.name, ...parameters.map(({ name }) => name)],
      get rows() {
        return points.map(({ trial, value }, i) => [
          ...[trial.number, ranks[i] as number, value],
          ...parameters.map(({ name }) => parameterCell(trial, name)),
        ]);
      },
    },
  };
}
