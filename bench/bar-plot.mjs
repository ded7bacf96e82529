/** Horizontal bars in groups as an SVG file: ratios to the peer, with goals. */
import { writeFileSync } from "node:fs";
import { BarChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, ScatterChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

/** Okabe and Ito's, told apart by those who see no red or green. */
const COLORS = ["#0072b2", "#e69f00", "#009e73"];
const [WIDTH, HEAD, FOOT, BAR, GAP] = [760, 76, 60, 17, 12];
const text = { color: "#222222" };

function goalsOf({ name, goals }, s, count) {
  // A bar's place within its group, from its middle, in bars.
  const offset = (s - (count - 1) / 2) * BAR;
  return {
    ...{ type: "scatter", name: "goal", symbol: "rect", symbolSize: [3, BAR + 4], symbolOffset: [0, offset], z: 5 },
    itemStyle: { color: "#000000" },
    data: goals.map((goal, i) => [goal ?? null, i]),
    id: `goal of ${name}`,
  };
}

/**
 * @param file an SVG
 * @param {{ title: string, axis: string, groups: string[], bars: { name: string, values: number[], goals?: (number | undefined)[] }[], reference?: { at: number, label: string } }} chart
 */
export function plotBars(file, { title, axis, groups, bars, reference }) {
  const height = HEAD + FOOT + groups.length * (bars.length * BAR + GAP);
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  const hasGoals = bars.some(({ goals }) => goals?.some((goal) => goal !== undefined));
  const line = reference && {
    ...{ silent: true, symbol: "none", data: [{ xAxis: reference.at }] },
    lineStyle: { color: "#444444", type: "dashed" },
    label: { formatter: reference.label, position: "start", color: "#222222" },
  };
  chart.setOption({
    ...{ animation: false, backgroundColor: "#ffffff", textStyle: { fontFamily: "sans-serif" } },
    title: { text: title, left: 12, top: 8, textStyle: { fontSize: 14, ...text } },
    legend: {
      top: 30,
      left: 130,
      data: [...bars.map(({ name }) => name), ...(hasGoals ? ["goal"] : [])],
      textStyle: text,
    },
    grid: { left: 130, right: 60, top: HEAD, bottom: FOOT },
    xAxis: {
      ...{ type: "value", name: axis, nameLocation: "middle", nameGap: 28, min: 0 },
      ...{ nameTextStyle: text, axisLabel: text, splitLine: { lineStyle: { color: "#e6e6e6" } } },
      ...(reference
        ? { max: ({ max }) => Math.max(max, reference.at) * 1.05, axisLabel: { ...text, showMaxLabel: false } }
        : {}),
    },
    yAxis: { type: "category", data: groups, inverse: true, axisLabel: text, axisTick: { show: false } },
    series: bars.flatMap((bar, s) => [
      {
        ...{ type: "bar", name: bar.name, barWidth: BAR - 2, barGap: `${200 / (BAR - 2)}%`, data: bar.values },
        itemStyle: { color: COLORS[s % COLORS.length] },
        label: { show: true, position: "right", formatter: ({ value }) => Number(value).toFixed(2), ...text },
        ...(s === 0 && line ? { markLine: line } : {}),
      },
      ...(bar.goals ? [goalsOf({ ...bar, goals: bar.goals }, s, bars.length)] : []),
    ]),
  });
  writeFileSync(file, `${chart.renderToSVGString()}\n`);
  chart.dispose();
}
