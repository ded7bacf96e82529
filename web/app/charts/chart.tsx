/** A chart drawn by ECharts from its description, as wide as its place, in the reader's theme. */
import type { GridRect } from "#echarts";
import { useEffect, useRef, useState } from "preact/hooks";
import { theme } from "../theme.js";
import { listenToPointer } from "./chart-pointer.js";
import { standChart } from "./drawing.js";
import { onceNear } from "./near.js";
import type { StandingChart } from "./drawing.js";
import type { ChartPoint, Drawable } from "./drawing-protocol.js";

export type { ChartPoint };

/** What a chart takes. */
export interface ChartProps {
  /** As {@link "plots/plot".Plot.option}: plain JSON, colours by name. A new one is drawn in the old one's place. */
  readonly option: Drawable;
  /** Pixels. */
  readonly height: number;
  /** It zooms by wheel and dragging, so that a wheel on it does not scroll the page. */
  readonly isZoomed?: boolean | undefined;
  /** What it shows, for those who don't see it. */
  readonly label: string;
  readonly onClick?: ((point: ChartPoint) => void) | undefined;
  /** Heard of a rectangle that was drawn with the pointer: its grid and two corners, in the axes' values. */
  readonly onBrush?:
    ((grid: number, from: readonly [number, number], to: readonly [number, number]) => void) | undefined;
}

/** How far from the window a chart is drawn. */
const NEAR = 400;

/** Drawn when it comes near the window. */
export function Chart({ option, height, label, isZoomed = false, onClick, onBrush }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<StandingChart | null>(null);
  const latest = useRef({ option, height, isZoomed, onClick, onBrush });
  latest.current = { option, height, isZoomed, onClick, onBrush };
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const endings: (() => void)[] = [];
    const sizeNow = () => ({
      ...{ width: Math.max(1, element.clientWidth), height: latest.current.height },
      devicePixelRatio: Math.min(3, globalThis.devicePixelRatio || 1),
    });
    const start = (): void => {
      const canvas = document.createElement("canvas");
      const asLargeAs = ({ width, height: high }: { readonly width: number; readonly height: number }): void => {
        [canvas.style.width, canvas.style.height] = [`${width}px`, `${high}px`];
      };
      let size = sizeNow();
      asLargeAs(size);
      let grids: readonly GridRect[] = [];
      const drawing = { option: latest.current.option, theme: theme.peek(), size };
      const standing = standChart(canvas, drawing, {
        onDrawn: (rects) => {
          grids = rects;
          if (canvas.isConnected) return;
          // A chart that stands in the page has its picture.
          element.append(canvas);
          element.dataset["drawn"] = "";
        },
        onClick: (point) => latest.current.onClick?.(point),
        onCursor: (cursor) => (element.style.cursor = cursor),
        onFailed: setProblem,
      });
      chart.current = standing;
      const resized = new ResizeObserver(() => {
        const now = sizeNow();
        if (now.width === size.width && now.height === size.height) return;
        size = now;
        asLargeAs(size);
        standing.draw({ size });
      });
      resized.observe(element);
      const unlisten = listenToPointer(element, {
        grids: () => grids,
        isBrushed: () => latest.current.onBrush !== undefined,
        isZoomed: () => latest.current.isZoomed,
        point: (work) => standing.point(work),
        onBrush: (grid, from, to) => {
          standing.valuesAt(grid, [from, to]).then(
            ([a, b]) => a && b && latest.current.onBrush?.(grid, a, b),
            (error: Error) => setProblem(error.message),
          );
        },
      });
      endings.push(
        theme.subscribe((name) => {
          if (name !== drawing.theme) standing.draw({ theme: name });
          drawing.theme = name;
        }),
        unlisten,
        () => resized.disconnect(),
        () => standing.end(),
        () => canvas.remove(),
      );
    };
    // What comes as bytes was asked for because its place was near.
    if (latest.current.option instanceof Uint8Array) start();
    else endings.push(onceNear(element, NEAR, start));
    return () => {
      chart.current = null;
      for (const end of endings) end();
    };
  }, []);
  useEffect(() => chart.current?.draw({ option }), [option]);

  if (problem !== null) return <p class="muted">The chart could not be loaded: {problem}</p>;
  return <div ref={place} class="canvas" role="img" aria-label={label} style={{ height: `${height}px` }} />;
}
