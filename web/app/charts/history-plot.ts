/** What each trial came to, and the best so far, as a chart. */
import type { Plot } from "../../../src/plots/plot.js";
import type { Objective } from "../api/types.js";
import type { HistoryView } from "../store/columns-store.js";

/** The chart of a study's history, from its columns. */
export function historyPlot(
  view: HistoryView,
  objective: Objective,
): Pick<Plot, "title" | "notes" | "width" | "height" | "option" | "table"> {
  const { metric, direction } = objective;
  const points = view.number.map((number, at) => [number, view.value[at] ?? null]);
  const last = points.reduce((most, [number]) => Math.max(most, number ?? 0), 0);
  const end = view.best.at(-1);
  const best = end ? [...view.best, [Math.max(last, end[0]), end[1]]] : [];
  const left = view.total - points.length;
  return {
    title: `History of ${metric}`,
    notes: left > 0 ? [`${points.length} of ${view.total} trials are drawn; the line has all.`] : [],
    ...{ width: 760, height: 300 },
    option: {
      grid: { left: 8, right: 20, top: 34, bottom: 26, containLabel: true },
      legend: { top: 0, type: "scroll", textStyle: { color: "@text" } },
      tooltip: { trigger: "item" },
      xAxis: {
        type: "value",
        name: "trial",
        nameLocation: "middle",
        nameGap: 28,
        min: 0,
        minInterval: 1,
        axisLine: { lineStyle: { color: "@axis" } },
        splitLine: { show: false },
      },
      yAxis: { type: "value", scale: true, splitLine: { lineStyle: { color: "@grid" } } },
      series: [
        {
          ...{
            name: "trial",
            type: "scatter",
            data: points,
            symbolSize: 7,
            large: points.length > 2000,
            cursor: "pointer",
          },
          itemStyle: { color: "@series6", opacity: 0.85 },
        },
        {
          ...{ name: `best (${direction}d)`, type: "line", step: "end", data: best, symbol: "none" },
          ...{ lineStyle: { color: "@series2", width: 2 }, itemStyle: { color: "@series2" } },
        },
      ],
    },
    table: {
      columns: ["trial", "state", metric],
      rows: view.number.map((number, at) => [number, view.state[at] ?? "", view.value[at] ?? null]),
    },
  };
}
