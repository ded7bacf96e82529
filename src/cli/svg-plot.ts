/** Line charts as SVG files. */
import { writeFileAtomically } from "../io/atomic-write.js";
import type { ChartOption } from "#echarts";
import type { Series } from "./terminal-plot.js";

/** A group of lines with axes of their own. */
export interface Panel {
  readonly title: string;
  readonly series: readonly Series[];
}

const WIDTH = 760;
const PLOT_HEIGHT = 220;
/** Around a panel's plot: its title above, its axis' labels and name below, those of the y axis left. */
const MARGIN = { top: 44, bottom: 52, left: 72, right: 24 };
const LEGEND_HEIGHT = 36;
const PANEL_HEIGHT = MARGIN.top + PLOT_HEIGHT + MARGIN.bottom;

/** Colours that are told apart by those who see no red or green, too (Okabe and Ito 2008). */
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
/** In print without colour lines are told apart by their dashes. */
const DASHES = ["solid", "dashed", "dotted"];

/** An infinite value or NaN is a gap in its line. */
const plotted = (value: number): number | null => (Number.isFinite(value) ? value : null);

function axesOf(panels: readonly Panel[], axes: { readonly x: string; readonly y: string }): ChartOption {
  const common = { type: "value", scale: true, nameLocation: "middle", splitLine: { lineStyle: { color: "#e6e6e6" } } };
  const line = { axisLine: { show: true, onZero: false, lineStyle: { color: "#666666" } } };
  return {
    grid: panels.map((_, p) => ({
      ...{ left: MARGIN.left, right: MARGIN.right, height: PLOT_HEIGHT },
      top: LEGEND_HEIGHT + p * PANEL_HEIGHT + MARGIN.top,
    })),
    xAxis: panels.map((_, p) => ({ ...common, ...line, gridIndex: p, name: axes.x, nameGap: 28 })),
    yAxis: panels.map((_, p) => ({ ...common, ...line, gridIndex: p, name: axes.y, nameGap: 52 })),
  };
}

function seriesOf(panels: readonly Panel[], names: readonly string[]): ChartOption[] {
  return panels.flatMap(({ series }, p) =>
    series.map(({ name, points }) => {
      const index = names.indexOf(name);
      const color = COLORS[index % COLORS.length];
      return {
        ...{
          type: "line",
          name,
          xAxisIndex: p,
          yAxisIndex: p,
          symbol: points.length === 1 ? "circle" : "none",
          silent: true,
        },
        lineStyle: { width: 1.6, color, type: DASHES[index % DASHES.length] },
        itemStyle: { color },
        data: points.map(([x, y]) => [plotted(x), plotted(y)]),
      };
    }),
  );
}

/** The lines as an SVG text, with axes, a legend and one panel a group, one below the other. */
export async function svgPlot(
  panels: readonly Panel[],
  axes: { readonly x: string; readonly y: string },
): Promise<string> {
  const { init } = await import("#echarts");
  const height = LEGEND_HEIGHT + panels.length * PANEL_HEIGHT;
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  const names = [...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name)))];
  chart.setOption({
    ...{ animation: false, backgroundColor: "#ffffff", textStyle: { fontFamily: "sans-serif" } },
    legend: { data: names, top: 8, left: MARGIN.left, itemWidth: 32, selectedMode: false },
    title: panels.map(({ title }, p) => ({
      ...{ text: title, left: MARGIN.left, top: LEGEND_HEIGHT + p * PANEL_HEIGHT + 14 },
      textStyle: { fontSize: 14 },
    })),
    ...axesOf(panels, axes),
    series: seriesOf(panels, names),
  });
  const text = chart.renderToSVGString();
  chart.dispose();
  return text;
}

/**
 * {@link svgPlot} into a file.
 * @throws UsageError, MlbenchError `cannot-write`
 */
export async function writeSvgPlot(
  file: string,
  panels: readonly Panel[],
  axes: { readonly x: string; readonly y: string },
): Promise<void> {
  await writeFileAtomically(file, new TextEncoder().encode(await svgPlot(panels, axes)));
}
