/** A chart drawn by ECharts from its description, as wide as its place, in the reader's theme. */
import { effect } from "@preact/signals";
import type { ChartOption, DrawnChart } from "#echarts";
import { useEffect, useRef, useState } from "preact/hooks";
import { messageOf } from "../api/client.js";
import { theme } from "../theme.js";
import { loadDrawing } from "./drawing.js";

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
}

/** Tooltips are painted, not made of HTML: names of studies stand in them, and the page's policy lets no inline style in. */
export function painted(option: ChartOption): ChartOption {
  const tooltip = option["tooltip"];
  return { ...option, tooltip: { ...(typeof tooltip === "object" ? tooltip : {}), renderMode: "richText" } };
}

/** Drawn when it comes near the window, and after the page's first paint. */
export function Chart({ option, height, label, onClick }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<DrawnChart | null>(null);
  const latest = useRef({ option, onClick });
  latest.current = { option, onClick };
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    let gone = false;
    const endings: (() => void)[] = [];
    const draw = async (): Promise<void> => {
      const { drawInto } = await loadDrawing();
      if (gone) return;
      const drawn = drawInto(element, painted(latest.current.option), theme.peek());
      chart.current = drawn;
      element.dataset["drawn"] = "";
      drawn.onClick((point) => latest.current.onClick?.(point));
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
  useEffect(() => chart.current?.update(painted(option)), [option]);

  if (problem !== null) return <p class="muted">The chart could not be loaded: {problem}</p>;
  return <div ref={place} class="canvas" role="img" aria-label={label} style={{ height: `${height}px` }} />;
}
