/** A plot of the service's, or of the page's own making: its frame and its drawing. */
import type { ComponentChildren } from "preact";
import type { Plot } from "../../../src/plots/plot.js";
import { theme } from "../theme.js";
import { ChartFrame } from "./chart-frame.js";
import { Chart } from "./chart.js";
import type { ChartPoint } from "./chart.js";
import { svgText } from "./drawing.js";

/** What it takes. */
export interface PlotChartProps {
  readonly plot: Pick<Plot, "title" | "notes" | "width" | "height" | "option" | "table">;
  readonly fileName: string;
  readonly controls?: ComponentChildren;
  readonly class?: string | undefined;
  readonly isTall?: boolean | undefined;
  readonly onClick?: ((point: ChartPoint) => void) | undefined;
}

/** The whole of it. */
export function PlotChart({ plot, fileName, controls, class: className, isTall, onClick }: PlotChartProps) {
  const { option, width, height } = plot;
  const svg = (): Promise<string> => svgText(option, { theme: theme.peek(), width, height });
  return (
    <ChartFrame
      {...{ title: plot.title, notes: plot.notes, fileName, controls, class: className, isTall, svg }}
      table={() => plot.table}
    >
      <Chart
        option={option}
        height={height}
        label={`${plot.title}: a chart; its table says the same`}
        isZoomed={option["dataZoom"] !== undefined}
        onClick={onClick}
      />
    </ChartFrame>
  );
}
