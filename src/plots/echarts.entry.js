// What the bundle `#echarts` holds: of ECharts what our charts need, and what draws with it, as SVG text without a browser
// and in a page's element alike. A page has it inlined, and finds it as `mlbenchPlots`.
import { ParallelChart } from "echarts/charts";
import { ParallelComponent } from "echarts/components";
import { use } from "echarts/core";
import { drawInto, svgText } from "./echarts.drawing.js";

use([ParallelChart, ParallelComponent]);

export { drawInto, svgText };

if (typeof document !== "undefined") globalThis.mlbenchPlots = { drawInto };
