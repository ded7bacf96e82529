// What the bundle `#echarts` holds: what draws, and of ECharts also the parallel axes, which the dashboard draws itself. A
// report's page has it inlined, and finds it as `mlbenchPlots`.
import { ParallelChart } from "echarts/charts";
import { ParallelComponent } from "echarts/components";
import { use } from "echarts/core";
import { drawInto } from "./echarts-drawing.js";

export * from "./echarts-drawing.js";

use([ParallelChart, ParallelComponent]);

if (typeof document !== "undefined") globalThis.mlbenchPlots = { drawInto };
