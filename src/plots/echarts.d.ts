/** The types of the bundle of ECharts and what draws with it. */

/** A chart's description, plain JSON; see ECharts' documentation of `option`. */
export type ChartOption = Readonly<Record<string, unknown>>;

/** How a chart is drawn. */
export interface DrawOptions {
  readonly theme: "light" | "dark";
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** The chart as the text of an SVG element, without a browser. */
export declare function svgText(option: ChartOption, options: DrawOptions): string;
