// What the bundle `#echarts` holds: of ECharts what draws line charts as SVG text, without a browser.
import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([LineChart, GridComponent, TitleComponent, LegendComponent, SVGRenderer]);

export { init };
