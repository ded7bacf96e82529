/** The thread that draws charts: a cloud of points takes longer than a page may stand still. */
import { drawInto, svgText } from "#echarts";
import type { ChartOption, DrawnChart } from "#echarts";
import type { ChartPoint, Drawable, FromDrawing, PointerWork, ToDrawing } from "./drawing-protocol.js";

// The library of types has pages alone.
const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<ToDrawing>) => void) | null;
  postMessage(message: FromDrawing): void;
  requestAnimationFrame(callback: () => void): number;
};

const charts = new Map<number, DrawnChart>();
const utf8 = new TextDecoder();

/** Tooltips are painted, not made of HTML, which a thread has not. */
function optionOf(given: Drawable): ChartOption {
  const option = given instanceof Uint8Array ? (JSON.parse(utf8.decode(given)) as ChartOption) : given;
  const tooltip = option["tooltip"];
  return { ...option, tooltip: { ...(typeof tooltip === "object" ? tooltip : {}), renderMode: "richText" } };
}

/** A thread of a page that nobody looks at has no frames. */
const LATEST_MS = 100;

/** Says so with the frame that shows it: what a page hears of is there to be seen. */
function sayDrawn(chart: number): void {
  const grids = charts.get(chart)?.gridRects() ?? [];
  let isSaid = false;
  const say = (): void => {
    if (!isSaid) scope.postMessage({ type: "drawn", chart, grids });
    isSaid = true;
  };
  scope.requestAnimationFrame(say);
  setTimeout(say, LATEST_MS);
}

function start({ chart, canvas, drawing: { option, theme, size } }: ToDrawing & { type: "start" }): void {
  const drawn = drawInto(canvas, optionOf(option), theme, size);
  charts.set(chart, drawn);
  drawn.onClick(({ seriesName, seriesIndex, dataIndex, name, data }) => {
    const point = { dataIndex, name, data, ...(seriesIndex === undefined ? {} : { seriesIndex }) };
    scope.postMessage({
      ...{ type: "clicked", chart },
      point: (seriesName === undefined ? point : { ...point, seriesName }) satisfies ChartPoint,
    });
  });
  let last = "default";
  drawn.onCursor((cursor) => {
    if (cursor !== last) scope.postMessage({ type: "cursor", chart, cursor });
    last = cursor;
  });
}

const ignore = (): void => {};

/** An event as ECharts expects one of a document's. */
const eventOf = ({ at: [zrX, zrY], which, wheel, shiftKey, ctrlKey, altKey }: PointerWork) => ({
  ...{ zrX, zrY, offsetX: zrX, offsetY: zrY, clientX: zrX, clientY: zrY },
  ...{ which, zrDelta: wheel, shiftKey, ctrlKey, altKey, preventDefault: ignore, stopPropagation: ignore },
});

function take(message: ToDrawing): void {
  switch (message.type) {
    case "start":
      start(message);
      return sayDrawn(message.chart);
    case "draw": {
      const { option, theme, size } = message.drawing;
      const drawn = charts.get(message.chart);
      if (size) drawn?.resize(size);
      if (option) drawn?.update(optionOf(option), theme);
      else if (theme) drawn?.setTheme(theme);
      return sayDrawn(message.chart);
    }
    case "pointer":
      for (const work of message.work) charts.get(message.chart)?.dispatch(work.type, eventOf(work));
      return;
    case "end":
      charts.get(message.chart)?.dispose();
      charts.delete(message.chart);
      return;
    case "values": {
      const answer = message.places.map((place) => charts.get(message.chart)?.valuesAt(message.grid, place));
      return scope.postMessage({ type: "answer", ask: message.ask, answer });
    }
    case "svg": {
      const answer = svgText(optionOf(message.option), message);
      return scope.postMessage({ type: "answer", ask: message.ask, answer });
    }
  }
}

scope.onmessage = ({ data }) => {
  try {
    take(data);
  } catch (error) {
    const [chart, ask] = ["chart" in data ? data.chart : null, "ask" in data ? data.ask : null];
    scope.postMessage({ type: "failed", chart, ask, message: error instanceof Error ? error.message : String(error) });
  }
};
