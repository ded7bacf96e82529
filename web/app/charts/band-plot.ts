/** Curves over a band: what trials reported at each step, and where the middle half of the complete trials was. */
import { insideZoom, numberAxis, rounded, topLegend, wantsLog } from "../../../src/plots/chart-parts.js";
import { seriesColor } from "../../../src/plots/theme.js";
import type { Plot } from "../../../src/plots/plot.js";
import { finite } from "../api/numbers.js";
import type { WireNumber } from "../api/types.js";

/** [step, lower quartile, median, upper quartile] */
export type QuartileBand = readonly (readonly [step: number, low: WireNumber, median: WireNumber, high: WireNumber])[];

/** A curve; a value that is not finite is a gap in it. */
export interface DrawnCurve {
  readonly name: string;
  readonly points: readonly (readonly [step: number, value: number | null])[];
  readonly prunedAt: number | null;
}

const DASHES = ["solid", "dashed", "dotted"] as const;
const HEIGHT = 320;

/** The plot of some curves. Where a pruner ended one, a diamond says so. */
export function bandPlot(
  title: string,
  curves: readonly DrawnCurve[],
  band: QuartileBand,
  metric = "value",
): Omit<Plot, "kind"> {
  const quartiles = band.flatMap(([step, ...three]) => {
    const [low, median, high] = three.map(finite);
    return low === null ||
      median === null ||
      high === null ||
      low === undefined ||
      median === undefined ||
      high === undefined
      ? []
      : [{ step, low, median, high }];
  });
  const edge = [
    ...quartiles.map(({ step, low }) => [step, rounded(low)]),
    ...quartiles.toReversed().map(({ step, high }) => [step, rounded(high)]),
  ];
  const values = [
    ...curves.flatMap(({ points }) => points.flatMap(([, value]) => value ?? [])),
    ...quartiles.map(({ median }) => median),
  ];
  const bandSeries = [
    {
      ...{ type: "custom", name: "middle half of complete trials", silent: true, z: 1, renderItem: "band", clip: true },
      ...{ itemStyle: { color: "@band", opacity: 0.25 }, encode: { x: 0, y: [1, 2] }, tooltip: { show: false } },
      data: quartiles.map(({ step, low, high }) => [step, rounded(low), rounded(high)]),
      itemPayload: { edge, fill: "@band", opacity: 0.25 },
    },
    {
      ...{ type: "line", name: "median of complete trials", symbol: "none", z: 2, silent: true },
      ...{ lineStyle: { color: "@muted", width: 1.5, type: "dashed" }, itemStyle: { color: "@muted" } },
      data: quartiles.map(({ step, median }) => [step, rounded(median)]),
    },
  ];
  const lines = curves.map(({ name, points }, i) => ({
    ...{ type: "line", name, z: 3, symbol: "circle", symbolSize: 5, showSymbol: points.length <= 60 },
    ...{
      lineStyle: { color: seriesColor(i), width: 2, type: DASHES[i % DASHES.length] },
      itemStyle: { color: seriesColor(i) },
    },
    data: points.map(([step, value]) => [step, value === null ? null : rounded(value)]),
  }));
  const pruned = curves.flatMap(({ points, prunedAt }, i) => {
    const at = points.find(([step]) => step === prunedAt);
    return at && at[1] !== null ? [{ value: [at[0], rounded(at[1])], itemStyle: { color: seriesColor(i) } }] : [];
  });
  return {
    ...{ title, width: 760, height: HEIGHT },
    notes: [
      ...(curves.every(({ points }) => points.length === 0) ? ["Nothing was reported yet."] : []),
      ...(quartiles.length === 0 ? ["No complete trial has reports to compare with."] : []),
      ...(pruned.length > 0 ? ["A diamond stands where a trial was pruned."] : []),
    ],
    option: {
      grid: { left: 74, right: 22, top: 44, height: HEIGHT - 44 - 46 },
      legend: topLegend(),
      xAxis: numberAxis({ name: "step", more: { minInterval: 1, splitLine: { show: false } } }),
      yAxis: numberAxis({ name: metric, gap: 56, log: wantsLog(values, 50) }),
      ...{ tooltip: { trigger: "axis" }, dataZoom: insideZoom({ x: [0], y: [0] }) },
      series: [
        ...(quartiles.length > 0 ? bandSeries : []),
        ...lines,
        ...(pruned.length > 0
          ? [{ type: "scatter", name: "pruned", symbol: "diamond", symbolSize: 13, z: 4, data: pruned }]
          : []),
      ],
    },
    table: {
      columns: ["curve", "step", metric],
      rows: [
        ...curves.flatMap(({ name, points }) =>
          points.map(([step, value]): (string | number | null)[] => [name, step, value]),
        ),
        ...quartiles.flatMap(({ step, low, median, high }): (string | number | null)[][] => [
          ["lower quartile of complete trials", step, low],
          ["median of complete trials", step, median],
          ["upper quartile of complete trials", step, high],
        ]),
      ],
    },
  };
}
