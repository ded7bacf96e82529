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

/** A part of a chart that was pointed at. */
export interface PointedAt {
  readonly seriesName?: string;
  readonly seriesIndex?: number;
  readonly dataIndex: number;
  readonly name: string;
  readonly data: unknown;
}

/** A chart that stands in a page. */
export interface DrawnChart {
  setTheme(theme: DrawOptions["theme"]): void;
  /** Draws another description in its place. */
  update(option: ChartOption): void;
  resize(): void;
  onClick(listener: (point: PointedAt) => void): void;
  /** Which of the option's grids a place of the element lies in, in pixels; -1: none. */
  gridAt(point: readonly [x: number, y: number]): number;
  /** What a place means on a grid's first two axes; of an axis of names the name's place. */
  valuesAt(grid: number, point: readonly [x: number, y: number]): readonly [x: number, y: number];
  dispose(): void;
}

/** Draws into an element of a page (an `HTMLElement`), as large as that is. */
export declare function drawInto(element: object, option: ChartOption, theme: DrawOptions["theme"]): DrawnChart;
