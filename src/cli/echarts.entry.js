// What the bundle `#echarts` holds: of ECharts what draws line charts and areas as SVG text, without a browser.
import { CustomChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([LineChart, CustomChart, GridComponent, TitleComponent, LegendComponent, SVGRenderer]);

export { init };
