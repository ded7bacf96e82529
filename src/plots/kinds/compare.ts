/** The kind `compare`: how good studies, or groups of them, were so far: medians as steps, quartiles as areas. */
import type { Comparison, ComparedGroup, QuartilePoint } from "../../analysis/index.js";
import type { ChartOption } from "#echarts";
import { insideZoom, numberAxis, PLOT_WIDTH, rounded, sharedRange, topLegend, wantsLog } from "../chart-parts.js";
import type { Plot, PlotCell, PlotOptions } from "../plot.js";
import { seriesColor, seriesColors } from "../theme.js";

/** What lines of one colour are told apart by, and all of them in print. */
const DASHES = ["solid", "dashed", "dotted"];
const HEAD = 34;
const FOOT = 48;

interface Line {
  readonly group: ComparedGroup;
  readonly points: readonly QuartilePoint[];
}

/** A line's two corners a step: level up to where it changes. */
function edgeOf(points: readonly QuartilePoint[], of: (point: QuartilePoint) => number): [number, number][] {
  return points.flatMap((point, i): [number, number][] => {
    const before = points[i - 1];
    const corner: [number, number] = [rounded(point.at), rounded(of(point))];
    return before ? [[rounded(point.at), rounded(of(before))], corner] : [corner];
  });
}

function seriesOf({ group, points }: Line, index: number): ChartOption[] {
  const color = seriesColor(index);
  const type = DASHES[Math.floor(index / seriesColors) % DASHES.length] ?? "solid";
  const dashes = index < seriesColors ? (DASHES[index % DASHES.length] ?? "solid") : type;
  const line = {
    ...{ type: "line", name: group.name, step: "end", symbol: points.length === 1 ? "circle" : "none", z: 3 },
    ...{ lineStyle: { color, width: 2, type: dashes }, itemStyle: { color } },
    data: points.map(({ at, median }) => [rounded(at), rounded(median)]),
  };
  if (group.studies.length < 2) return [line];
  const edge = [...edgeOf(points, ({ low }) => low), ...edgeOf(points, ({ high }) => high).toReversed()];
  const band = {
    ...{ type: "custom", name: group.name, silent: true, z: 1, renderItem: "band", clip: true },
    ...{ itemStyle: { color, opacity: 0.18 }, encode: { x: 0, y: [1, 2] }, tooltip: { show: false } },
    data: points.map(({ at, low, high }) => [rounded(at), rounded(low), rounded(high)]),
    itemPayload: { edge, fill: color, opacity: 0.18 },
  };
  // The first of a name stands in the legend.
  return [line, band];
}

function notesOf({ groups, at, studies }: Comparison, lines: readonly Line[]): string[] {
  const drawn = new Set(lines.map(({ group }) => group.name));
  const none = groups.filter(({ name }) => !drawn.has(name)).map(({ name }) => name);
  const repeated = groups.some((group) => group.studies.length > 1);
  const isCut = groups.some((group) => {
    const ends = studies.filter((study) => study.group === group.name).map((study) => study.by_trials.at(-1)?.[0]);
    return new Set(ends).size > 1;
  });
  return [
    ...(repeated
      ? ["Lines are medians over the studies of a group, areas reach from the lower to the upper quartile."]
      : []),
    ...(repeated && isCut
      ? ["Where the studies of a group are of different lengths, it is drawn as far as all of them go."]
      : []),
    ...(at === "time" ? ["Time is time in trials, added up in the order of finishing: not that on the wall."] : []),
    ...(none.length > 0 ? [`Not drawn, for want of a feasible complete trial: ${none.join(", ")}.`] : []),
  ];
}

/** Draws a comparison, by trials or by time as it was asked for. */
export function compare(comparison: Comparison, { width = PLOT_WIDTH, height = 380 }: PlotOptions = {}): Plot {
  const { objectives, at, groups } = comparison;
  const lines = groups
    .map((group): Line => ({ group, points: at === "trials" ? group.by_trials : group.by_time }))
    .filter(({ points }) => points.length > 0);
  const what = objectives.length > 1 ? "hypervolume" : `best ${objectives[0]?.metric ?? "value"}`;
  const values = lines.flatMap(({ points }) => points.flatMap(({ low, high }) => [low, high]));
  const log = wantsLog(values);
  const where = at === "trials" ? "finished trials" : "seconds in trials";
  return {
    ...{ kind: "compare", title: `${what} by ${where}`, notes: notesOf(comparison, lines), width, height },
    option: {
      grid: { left: 84, right: 22, top: HEAD, height: height - HEAD - FOOT },
      xAxis: numberAxis({ name: where, more: { splitLine: { show: false }, scale: false } }),
      yAxis: numberAxis({ name: what, gap: 62, log, more: values.length > 0 ? sharedRange(values, log) : {} }),
      legend: topLegend(lines.map(({ group }) => group.name)),
      ...{ tooltip: { trigger: "axis" }, dataZoom: insideZoom({ x: [0] }) },
      series: lines.flatMap(seriesOf),
    },
    table: {
      columns: ["group", where, "lower quartile", "median", "upper quartile"],
      rows: lines.flatMap(({ group, points }) =>
        points.map(({ at: x, low, median, high }): PlotCell[] => [group.name, x, low, median, high]),
      ),
    },
  };
}
