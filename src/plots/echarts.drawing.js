// What draws with ECharts, as SVG text without a browser and in a page's element alike, with the parts of it that our
// charts are made of. The dashboard has this much; parallel coordinates it paints itself.
import { BarChart, CustomChart, LineChart, ScatterChart } from "echarts/charts";
import {
  DataZoomInsideComponent,
  GridComponent,
  LegendComponent,
  TitleComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
} from "echarts/components";
import { init, registerCustomSeries, setPlatformAPI, use } from "echarts/core";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";
import { registerSeries } from "./custom-series.ts";
import { tickText, valueText } from "./number-text.ts";
import { themed, themes } from "./theme.ts";

use([BarChart, CustomChart, LineChart, ScatterChart, DataZoomInsideComponent, GridComponent, LegendComponent]);
use([TitleComponent, TooltipComponent, VisualMapContinuousComponent, SVGRenderer, CanvasRenderer]);
registerSeries(registerCustomSeries);

/** Axes of numbers with short labels: those of logarithmic axes would have all digits. */
function withTicks(axes) {
  if (axes === undefined) return undefined;
  const labelled = (axis) =>
    axis.type === "category" ? axis : { ...axis, axisLabel: { formatter: tickText, ...axis.axisLabel } };
  return Array.isArray(axes) ? axes.map(labelled) : labelled(axes);
}

/** What every chart has in common. */
function complete(option, theme) {
  const { background, text, grid } = themes[theme];
  const axes = ["xAxis", "yAxis", "parallelAxis"].filter((key) => option[key] !== undefined);
  const drawn = { ...option, ...Object.fromEntries(axes.map((key) => [key, withTicks(option[key])])) };
  return {
    animation: false,
    backgroundColor: background,
    textStyle: { fontFamily: "sans-serif", color: text },
    ...themed(drawn, theme),
    tooltip: {
      ...{
        backgroundColor: background,
        borderColor: grid,
        confine: true,
        valueFormatter: valueText,
        textStyle: { color: text, fontSize: 12 },
      },
      ...themed(option.tooltip ?? {}, theme),
    },
  };
}

/** What an SVG has for scripts and pointers that are not there. Texts have their quotes escaped, and are never hit. */
const FOR_POINTERS = / ecmeta_\w+="[^"]*"| class="zr\d+-cls-\d+"| pointer-events="visible"|<style >[^]*?<\/style>\n?/g;

export function svgText(option, { theme, width, height }) {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  // Nobody points at a picture: what answers to that would be half of its size.
  const still = [option.series ?? []].flat().map((one) => ({ ...one, silent: true, emphasis: { disabled: true } }));
  const tooltip = { show: false };
  chart.setOption(complete({ ...option, series: still, tooltip }, theme));
  const text = chart.renderToSVGString();
  chart.dispose();
  return text.replaceAll(FOR_POINTERS, "");
}

/** A thread has no document that would make a canvas to measure texts with. */
if (typeof document === "undefined" && globalThis.OffscreenCanvas)
  setPlatformAPI({ createCanvas: () => new globalThis.OffscreenCanvas(1, 1) });

/** Where a chart's grids lie, in pixels. */
function gridRects(chart, option) {
  return [option.grid ?? []].flat().map((_, grid) => {
    const { x, y, width, height } = chart.getModel().getComponent("grid", grid).coordinateSystem.getRect();
    return { x, y, width, height };
  });
}

/** Draws into an element, as large as that is, or a canvas of a thread, of the size given: what is returned goes on from there. */
export function drawInto(element, option, theme, size) {
  const chart = init(element, null, { renderer: "canvas", ...size });
  let [drawn, name] = [option, theme];
  const draw = () => chart.setOption(complete(drawn, name), { notMerge: true });
  draw();
  return {
    setTheme: (theme) => {
      if (theme === name) return;
      name = theme;
      draw();
    },
    update: (option, theme = name) => {
      if (option === drawn && theme === name) return;
      [drawn, name] = [option, theme];
      draw();
    },
    resize: (size) => chart.resize(size),
    onClick: (listener) => chart.on("click", listener),
    onCursor: (listener) => (chart.getZr().handler.proxy.setCursor = listener),
    dispatch: (event, given) => chart.getZr().handler.dispatch(event, given),
    gridRects: () => gridRects(chart, drawn),
    gridAt: ([x, y]) =>
      [drawn.grid ?? []].flat().findIndex((_, grid) => chart.containPixel({ gridIndex: grid }, [x, y])),
    valuesAt: (grid, point) => chart.convertFromPixel({ gridIndex: grid }, [...point]),
    dispose: () => chart.dispose(),
  };
}
