/** ECharts and what draws with it: a part of its own, fetched when the first chart comes near. */

export { drawInto, svgText } from "#echarts";
