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

/** How large a thread's canvas is, in pixels of the page, and how many of the screen's one of them has. */
export interface CanvasSize {
  readonly width: number;
  readonly height: number;
  readonly devicePixelRatio: number;
}

/** A rectangle, in pixels. */
export interface GridRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A chart that stands in a page. */
export interface DrawnChart {
  setTheme(theme: DrawOptions["theme"]): void;
  /** Draws another description in its place. */
  update(option: ChartOption, theme?: DrawOptions["theme"]): void;
  /** @param size of a thread's canvas; an element has its own */
  resize(size?: CanvasSize): void;
  onClick(listener: (point: PointedAt) => void): void;
  /** Hears which cursor belongs to what is pointed at. Of a thread's canvas only. */
  onCursor(listener: (cursor: string) => void): void;
  /** Tells of an event of the pointer that a thread's canvas does not hear of itself. */
  dispatch(event: string, given: Readonly<Record<string, unknown>>): void;
  /** Where the option's grids lie. */
  gridRects(): readonly GridRect[];
  /** Which of the option's grids a place of the element lies in, in pixels; -1: none. */
  gridAt(point: readonly [x: number, y: number]): number;
  /** What a place means on a grid's first two axes; of an axis of names the name's place. */
  valuesAt(grid: number, point: readonly [x: number, y: number]): readonly [x: number, y: number];
  dispose(): void;
}

/** Draws into an element of a page (an `HTMLElement`), as large as that is, or into a canvas of a thread, of the size given. */
export declare function drawInto(
  element: object,
  option: ChartOption,
  theme: DrawOptions["theme"],
  size?: CanvasSize,
): DrawnChart;
