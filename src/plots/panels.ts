/** Panels side by side and below each other: where each stands in its chart. */
import type { ChartOption } from "#echarts";

/** Around a panel's own area, in pixels: its axes' labels and names, and its title. */
export interface PanelMargin {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** How panels are to stand. */
export interface PanelRules {
  readonly columns: number;
  /** Of the whole chart, in pixels. */
  readonly width: number;
  /** Of a panel's own area, in pixels. */
  readonly plotHeight: number;
  readonly margin: PanelMargin;
  /** Above all panels, for a legend. */
  readonly head?: number;
}

/** Where panels stand. */
export interface PanelPlaces {
  /** ECharts' `grid`s: across in shares of the chart's width, so that a page can make it narrower. */
  readonly grids: readonly ChartOption[];
  /** Of the whole chart, in pixels. */
  readonly height: number;
  /** Across one panel's own area, in pixels. */
  readonly plotWidth: number;
}

const percent = (share: number): string => `${Number((100 * share).toFixed(3))}%`;

/** So many panels, row by row. */
export function panelPlaces(count: number, { columns, width, plotHeight, margin, head = 0 }: PanelRules): PanelPlaces {
  const across = width / columns;
  const down = margin.top + plotHeight + margin.bottom;
  const plotWidth = across - margin.left - margin.right;
  const grids = Array.from({ length: count }, (_, i) => ({
    left: percent(((i % columns) * across + margin.left) / width),
    width: percent(plotWidth / width),
    top: head + Math.floor(i / columns) * down + margin.top,
    height: plotHeight,
  }));
  return { grids, height: head + Math.ceil(count / columns) * down, plotWidth };
}
