/** The page's end of the thread that draws charts. */
import type { CanvasSize, GridRect } from "#echarts";
import type { ThemeName } from "../../../src/plots/theme.js";
import { assetUrl } from "../paths.js";
import { LatestDrawing } from "./latest-drawing.js";
import type {
  ChartPoint,
  Drawable,
  FromDrawing,
  Place,
  PointerWork,
  Redrawing,
  ToDrawing,
} from "./drawing-protocol.js";

declare const __DRAW_WORKER__: string;

/** Who hears of a chart. */
export interface ChartListener {
  /** It can be seen, and its grids lie there. */
  onDrawn(grids: readonly GridRect[]): void;
  onClick(point: ChartPoint): void;
  onCursor(cursor: string): void;
  onFailed(message: string): void;
}

interface Standing {
  readonly listener: ChartListener;
  readonly latest: LatestDrawing;
}

interface Asked {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

let thread: Worker | null = null;
let last = 0;
const charts = new Map<number, Standing>();
const asked = new Map<number, Asked>();

function hear(message: FromDrawing): void {
  if (message.type === "answer") {
    asked.get(message.ask)?.resolve(message.answer as never);
    asked.delete(message.ask);
    return;
  }
  if (message.type === "failed" && message.ask !== null) {
    asked.get(message.ask)?.reject(new Error(message.message));
    asked.delete(message.ask);
    return;
  }
  const standing = message.chart === null ? undefined : charts.get(message.chart);
  if (!standing) return;
  const { listener, latest } = standing;
  if (message.type === "clicked") listener.onClick(message.point);
  else if (message.type === "cursor") listener.onCursor(message.cursor);
  else if (message.type === "failed") listener.onFailed(message.message);
  if (message.type !== "drawn" && message.type !== "failed") return;
  latest.done();
  if (message.type === "drawn") listener.onDrawn(message.grids);
}

function start(): Worker {
  const started = new Worker(assetUrl(__DRAW_WORKER__), { type: "module", name: "mlbench-hpo charts" });
  started.onmessage = ({ data }: MessageEvent<FromDrawing>) => hear(data);
  started.onerror = (event) => {
    // Not loaded, or gone down: all that waits is told, and the next chart starts another.
    thread = null;
    started.terminate();
    const message = `the thread that draws charts ended: ${event.message || "not loaded"}`;
    for (const { listener } of charts.values()) listener.onFailed(message);
    for (const { reject } of asked.values()) reject(new Error(message));
    charts.clear();
    asked.clear();
  };
  return started;
}

/** Loads what draws, so that it is there when the first chart is. */
export function prepareDrawing(): void {
  thread ??= start();
}

function tell(message: ToDrawing, transfer: Transferable[] = []): void {
  thread ??= start();
  thread.postMessage(message, transfer);
}

function askDrawing<A>(message: (ask: number) => ToDrawing): Promise<A> {
  const ask = ++last;
  const answer = new Promise<A>((resolve, reject) => asked.set(ask, { resolve, reject }));
  tell(message(ask));
  return answer;
}

/** A chart as the text of an SVG file. */
export const svgText = (
  option: Drawable,
  size: { readonly theme: ThemeName; readonly width: number; readonly height: number },
): Promise<string> => askDrawing((ask) => ({ type: "svg", ask, option, ...size }));

/** A chart on a page's canvas. */
export interface StandingChart {
  /** Draws what is new of it; of several things that come while it draws the last one. */
  draw(drawing: Redrawing): void;
  point(work: readonly PointerWork[]): void;
  /** What places mean on a grid's axes. */
  valuesAt(grid: number, places: readonly Place[]): Promise<readonly (readonly [number, number])[]>;
  end(): void;
}

/** Draws a chart on a canvas, which belongs to the thread from then on. */
export function standChart(
  canvas: HTMLCanvasElement,
  drawing: { readonly option: Drawable; readonly theme: ThemeName; readonly size: CanvasSize },
  listener: ChartListener,
): StandingChart {
  const chart = ++last;
  const latest = new LatestDrawing((next) => tell({ type: "draw", chart, drawing: next }));
  charts.set(chart, { listener, latest });
  const offscreen = canvas.transferControlToOffscreen();
  tell({ type: "start", chart, canvas: offscreen, drawing }, [offscreen]);
  latest.begin();
  return {
    draw: (next) => latest.draw(next),
    point: (work) => tell({ type: "pointer", chart, work }),
    valuesAt: (grid, places) => askDrawing((ask) => ({ type: "values", chart, ask, grid, places })),
    end: () => {
      charts.delete(chart);
      tell({ type: "end", chart });
    },
  };
}
