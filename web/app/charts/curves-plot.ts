/** The curves of running trials over the middle half of those that are complete, as a chart. */
import type { Plot } from "../../../src/plots/plot.js";
import { finite } from "../api/numbers.js";
import type { Margin, ReportList } from "../api/types.js";
import type { LiveCurve } from "../store/live-curves.js";

const DASHES = ["solid", "dashed", "dotted"] as const;

/** Curves by their numbers; `margins` add the values at which trials would be pruned. */
export function curvesPlot(
  curves: readonly LiveCurve[],
  band: ReportList["band"],
  margins: readonly Margin[],
  metric: string,
): Pick<Plot, "title" | "notes" | "width" | "height" | "option" | "table"> {
  const lower = band.map(([step, low]) => [step, finite(low)] as const);
  const upper = band.map(([step, , , high]) => [step, finite(high)] as const);
  const middle = band.map(([step, , median]) => [step, finite(median)]);
  const known = (edge: readonly (readonly [number, number | null])[]) => edge.filter(([, value]) => value !== null);
  const edge = [...known(lower), ...known(upper).reverse()];
  const areas =
    edge.length > 2
      ? [
          {
            ...{ name: "middle half of complete trials", type: "custom", renderItem: "band", silent: true },
            ...{ itemPayload: { edge, fill: "@band", opacity: 0.18 }, data: [[edge[0]?.[0], edge[0]?.[1]]] },
            ...{ itemStyle: { color: "@band" }, tooltip: { show: false }, clip: true },
          },
          {
            ...{ name: "their median", type: "line", symbol: "none", data: middle },
            ...{ lineStyle: { color: "@muted", width: 1.5, type: "dashed" }, itemStyle: { color: "@muted" } },
          },
        ]
      : [];
  const lines = curves.map(({ number, points }, at) => ({
    ...{ name: `trial ${number}`, type: "line", showSymbol: points.length < 30, symbolSize: 5 },
    data: points.map(([step, value]) => [step, finite(value)]),
    lineStyle: { color: `@series${(at % 6) + 1}`, width: 2, type: DASHES[Math.floor(at / 6) % 3] },
    itemStyle: { color: `@series${(at % 6) + 1}` },
  }));
  const thresholds = margins.flatMap(({ step, threshold }) => {
    const value = finite(threshold);
    return step === null || value === null ? [] : [[step, value]];
  });
  const limits =
    thresholds.length === 0
      ? []
      : [
          {
            ...{ name: "pruned beyond", type: "scatter", symbol: "diamond", symbolSize: 9, data: thresholds },
            itemStyle: { color: "@series2" },
          },
        ];
  return {
    title: `Curves of running trials: ${metric}`,
    notes: [],
    ...{ width: 760, height: 280 },
    option: {
      grid: { left: 8, right: 20, top: 34, bottom: 26, containLabel: true },
      legend: { top: 0, type: "scroll", textStyle: { color: "@text" } },
      tooltip: { trigger: "item" },
      xAxis: {
        type: "value",
        name: "step",
        nameLocation: "middle",
        nameGap: 28,
        minInterval: 1,
        scale: true,
        splitLine: { show: false },
      },
      yAxis: { type: "value", scale: true, splitLine: { lineStyle: { color: "@grid" } } },
      series: [...areas, ...lines, ...limits],
    },
    table: {
      columns: ["trial", "step", metric],
      rows: curves.flatMap(({ number, points }) => points.map(([step, value]) => [number, step, finite(value)])),
    },
  };
}
