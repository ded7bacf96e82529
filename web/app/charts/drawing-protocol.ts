/** What a page and the thread that draws charts say to each other. */
import type { CanvasSize, ChartOption, GridRect, PointedAt } from "#echarts";
import type { ThemeName } from "../../../src/plots/theme.js";

/** A chart's description, or that as JSON in UTF-8: bytes pass through a page without becoming thousands of objects there. */
export type Drawable = ChartOption | Uint8Array<ArrayBuffer>;

/** A place on a chart, in pixels. */
export type Place = readonly [x: number, y: number];

/** What of a chart is to be drawn anew. */
export interface Redrawing {
  readonly option?: Drawable;
  readonly theme?: ThemeName;
  readonly size?: CanvasSize;
}

/** What the pointer did on a chart. */
export interface PointerWork {
  readonly type: "mousemove" | "mousedown" | "mouseup" | "click" | "mouseout" | "mousewheel";
  readonly at: Place;
  readonly which: number;
  /** Notches of a wheel. */
  readonly wheel: number;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
}

/** To the thread; `chart` is the page's number of a chart, `ask` that of a question. */
export type ToDrawing =
  | {
      readonly type: "start";
      readonly chart: number;
      readonly canvas: OffscreenCanvas;
      readonly drawing: Required<Redrawing>;
    }
  | { readonly type: "draw"; readonly chart: number; readonly drawing: Redrawing }
  | { readonly type: "pointer"; readonly chart: number; readonly work: readonly PointerWork[] }
  | { readonly type: "end"; readonly chart: number }
  | {
      readonly type: "values";
      readonly chart: number;
      readonly ask: number;
      readonly grid: number;
      readonly places: readonly Place[];
    }
  | {
      readonly type: "svg";
      readonly ask: number;
      readonly option: Drawable;
      readonly theme: ThemeName;
      readonly width: number;
      readonly height: number;
    };

/** A part of a chart that was pointed at, without what only ECharts understands. */
export type ChartPoint = Pick<PointedAt, "seriesName" | "seriesIndex" | "dataIndex" | "name" | "data">;

/** From the thread. Every `start` and `draw` is answered by `drawn`, once its picture is the canvas' next one. */
export type FromDrawing =
  | { readonly type: "drawn"; readonly chart: number; readonly grids: readonly GridRect[] }
  | { readonly type: "clicked"; readonly chart: number; readonly point: ChartPoint }
  | { readonly type: "cursor"; readonly chart: number; readonly cursor: string }
  | { readonly type: "answer"; readonly ask: number; readonly answer: unknown }
  | { readonly type: "failed"; readonly chart: number | null; readonly ask: number | null; readonly message: string };
