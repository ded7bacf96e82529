// What the bundle `#echarts` holds: of ECharts what our charts need, and what draws with it, as SVG text without a browser
// and in a page's element alike. A page has it inlined, and finds it as `mlbenchPlots`.
import { BarChart, CustomChart, HeatmapChart, LineChart, ParallelChart, ScatterChart } from "echarts/charts";
import {
  BrushComponent,
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  ParallelComponent,
  TitleComponent,
  ToolboxComponent,
  TooltipComponent,
  VisualMapComponent,
} from "echarts/components";
import { init, registerCustomSeries, use } from "echarts/core";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";
import { registerSeries } from "./custom-series.ts";
import { themed, themes } from "./theme.ts";

use([BarChart, CustomChart, HeatmapChart, LineChart, ParallelChart, ScatterChart]);
use([BrushComponent, DataZoomComponent, GridComponent, LegendComponent, MarkLineComponent, ParallelComponent]);
use([TitleComponent, ToolboxComponent, TooltipComponent, VisualMapComponent, SVGRenderer, CanvasRenderer]);
registerSeries(registerCustomSeries);

/** What every chart has in common. */
function complete(option, theme) {
  const { background, text, grid } = themes[theme];
  return {
    animation: false,
    backgroundColor: background,
    textStyle: { fontFamily: "sans-serif", color: text },
    ...themed(option, theme),
    tooltip: {
      ...{ backgroundColor: background, borderColor: grid, confine: true, textStyle: { color: text, fontSize: 12 } },
      ...themed(option.tooltip ?? {}, theme),
    },
  };
}

export function svgText(option, { theme, width, height }) {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption(complete(option, theme));
  const text = chart.renderToSVGString();
  chart.dispose();
  return text;
}

/** Draws into an element, as large as that is: `setTheme(name)`, `resize()` and `dispose()` go on from there. */
export function drawInto(element, option, theme) {
  let chart = init(element, null, { renderer: "canvas" });
  chart.setOption(complete(option, theme));
  return {
    setTheme: (name) => chart.setOption(complete(option, name), { notMerge: true }),
    resize: () => chart.resize(),
    dispose: () => chart.dispose(),
  };
}

if (typeof document !== "undefined") globalThis.mlbenchPlots = { drawInto };
