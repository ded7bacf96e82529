/** A chart drawn by ECharts from its description, as wide as its place, in the reader's theme. */
import { effect } from "@preact/signals";
import type { ChartOption, DrawnChart } from "#echarts";
import { useEffect, useRef, useState } from "preact/hooks";
import { messageOf } from "../api/client.js";
import { theme } from "../theme.js";
import { drawInTurn, loadDrawing } from "./drawing.js";
import type { Drawing } from "./drawing.js";

/** A part of a chart that was pointed at. */
export type ChartPoint = Parameters<Parameters<DrawnChart["onClick"]>[0]>[0];

/** What a chart takes. */
export interface ChartProps {
  /** As {@link "plots/plot".Plot.option}: plain JSON, colours by name. A new one is drawn in the old one's place. */
  readonly option: ChartOption;
  /** Pixels. */
  readonly height: number;
  /** What it shows, for those who don't see it. */
  readonly label: string;
  readonly onClick?: ((point: ChartPoint) => void) | undefined;
  /** Heard of a rectangle that was drawn with the pointer: its grid and two corners, in the axes' values. */
  readonly onBrush?:
    ((grid: number, from: readonly [number, number], to: readonly [number, number]) => void) | undefined;
}

/** A press that moves less is a click. */
const CLICK = 5;

/** Draws rectangles over a chart: pressed within a grid, it goes on to where the pointer is let go. */
function startBrushing(element: HTMLElement, chart: DrawnChart, brushed: () => ChartProps["onBrush"]): () => void {
  let start: { readonly grid: number; readonly point: readonly [number, number]; readonly mark: HTMLElement } | null =
    null;
  const at = (event: PointerEvent): readonly [number, number] => {
    const { left, top } = element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const down = (event: PointerEvent): void => {
    if (event.button !== 0 || !brushed()) return;
    const point = at(event);
    const grid = chart.gridAt(point);
    if (grid < 0) return;
    const mark = document.createElement("div");
    mark.className = "brush-mark";
    start = { grid, point, mark };
  };
  const move = (event: PointerEvent): void => {
    if (!start) return;
    const [x, y] = at(event);
    const [fromX, fromY] = start.point;
    if (!start.mark.isConnected) {
      if (Math.hypot(x - fromX, y - fromY) < CLICK) return;
      element.setPointerCapture(event.pointerId);
      element.append(start.mark);
    }
    const { style } = start.mark;
    [style.left, style.top] = [`${Math.min(x, fromX)}px`, `${Math.min(y, fromY)}px`];
    [style.width, style.height] = [`${Math.abs(x - fromX)}px`, `${Math.abs(y - fromY)}px`];
  };
  const up = (event: PointerEvent): void => {
    const begun = start;
    start = null;
    if (!begun?.mark.isConnected) return;
    begun.mark.remove();
    if (event.type === "pointerup")
      brushed()?.(begun.grid, chart.valuesAt(begun.grid, begun.point), chart.valuesAt(begun.grid, at(event)));
  };
  const listeners = [
    ["pointerdown", down],
    ["pointermove", move],
    ["pointerup", up],
    ["pointercancel", up],
  ] as const;
  // Before the chart's own listeners, which know nothing of captured pointers.
  for (const [type, listener] of listeners) element.addEventListener(type, listener, true);
  return () => {
    for (const [type, listener] of listeners) element.removeEventListener(type, listener, true);
  };
}

/** Tooltips are painted, not made of HTML: names of studies stand in them, and the page's policy lets no inline style in. */
export function painted(option: ChartOption): ChartOption {
  const tooltip = option["tooltip"];
  return { ...option, tooltip: { ...(typeof tooltip === "object" ? tooltip : {}), renderMode: "richText" } };
}

/** Drawn when it comes near the window, and after the page's first paint. */
export function Chart({ option, height, label, onClick, onBrush }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<DrawnChart | null>(null);
  const latest = useRef({ option, onClick, onBrush });
  latest.current = { option, onClick, onBrush };
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    let gone = false;
    const endings: (() => void)[] = [];
    const draw = async (): Promise<void> => {
      const { drawInto } = await loadDrawing();
      if (!gone) endings.push(drawInTurn(() => start(drawInto)));
    };
    const start = (drawInto: Drawing["drawInto"]): void => {
      const drawn = drawInto(element, painted(latest.current.option), theme.peek());
      chart.current = drawn;
      element.dataset["drawn"] = "";
      drawn.onClick((point) => latest.current.onClick?.(point));
      endings.push(startBrushing(element, drawn, () => latest.current.onBrush));
      let width = element.clientWidth;
      const resized = new ResizeObserver(() => {
        if (element.clientWidth === width && element.clientHeight === height) return;
        width = element.clientWidth;
        drawn.resize();
      });
      resized.observe(element);
      endings.push(
        effect(() => drawn.setTheme(theme.value)),
        () => resized.disconnect(),
        () => drawn.dispose(),
      );
    };
    const near = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        near.disconnect();
        draw().catch((error: unknown) => setProblem(messageOf(error)));
      },
      { rootMargin: "400px" },
    );
    near.observe(element);
    return () => {
      gone = true;
      near.disconnect();
      chart.current = null;
      for (const end of endings) end();
    };
  }, []);
  useEffect(() => (chart.current ? drawInTurn(() => chart.current?.update(painted(option))) : undefined), [option]);

  if (problem !== null) return <p class="muted">The chart could not be loaded: {problem}</p>;
  return <div ref={place} class="canvas" role="img" aria-label={label} style={{ height: `${height}px` }} />;
}
