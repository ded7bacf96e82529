/** A plot of the trials that pass the filter, made in the columns' thread, brushed and followed. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { askColumns } from "../columns/columns-client.js";
import type { ColumnRequests } from "../columns/protocol.js";
import { useAnswer } from "../columns/use-answer.js";
import type { Answered } from "../columns/use-answer.js";
import type { SentPlot } from "../columns/web-plot.js";
import { messageOf } from "../api/client.js";
import { withRange } from "../filter/filter.js";
import type { TrialFilter } from "../filter/filter.js";
import { setFilter } from "../filter/place-filter.js";
import { navigate, paths } from "../router.js";
import type { StudyStore } from "../store/study-store.js";
import { theme } from "../theme.js";
import { gridFields, rectangleRanges, trialOf } from "./brushing.js";
import { ChartFrame } from "./chart-frame.js";
import type { ChartTableData } from "./chart-frame.js";
import { Chart } from "./chart.js";
import { isNearWindow } from "./near.js";
import type { ChartPoint, ChartProps } from "./chart.js";
import { svgText } from "./drawing.js";

/** Widths are asked for in steps, so that a window that is drawn larger asks a few times and not hundreds. */
const STEP = 40;
/** How far from the window a plot is asked for. */
const NEAR = 300;
/** A plot follows a study that is under way so often: drawing ten of them is work. */
const PAUSE_MS = 1000;
/** Rows of a table that are fetched to be shown. */
const SHOWN_ROWS = 500;

/** The width of a place once it has come near the window, 0 before; and whether it is near now. */
export function useNearWidth(): {
  readonly place: { current: HTMLDivElement | null };
  readonly width: number;
  readonly isNear: boolean;
} {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [isNearNow, setNearNow] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    let isNear = false;
    const measure = (): void => {
      if (isNear && element.clientWidth > 0)
        setWidth(Math.max(300, Math.min(2400, STEP * Math.floor(element.clientWidth / STEP))));
    };
    const nearNow = (is: boolean): void => {
      isNear = is;
      setNearNow(is);
      measure();
    };
    const near = new IntersectionObserver((entries) => nearNow(entries.at(-1)?.isIntersecting === true), {
      rootMargin: `${NEAR}px`,
    });
    // The observer says it a frame later.
    if (isNearWindow(element, NEAR)) nearNow(true);
    const resized = new ResizeObserver(measure);
    near.observe(element);
    resized.observe(element);
    return () => {
      near.disconnect();
      resized.disconnect();
    };
  }, []);
  return { place, width, isNear: isNearNow };
}

/** A plot whose table stayed behind. */
export function SentPlotChart(props: {
  readonly plot: SentPlot;
  readonly fileName: string;
  readonly controls?: ComponentChildren;
  readonly isTall?: boolean | undefined;
  readonly onClick?: ((point: ChartPoint) => void) | undefined;
  readonly onBrush?: ChartProps["onBrush"];
}) {
  const { plot, fileName, controls, isTall, onClick, onBrush } = props;
  const { id, title, notes, drawing, outline, width, height, columns } = plot;
  const isZoomed = outline["isZoomed"] === true;
  const table = async (): Promise<ChartTableData> => {
    const { rows: shown, total } = await askColumns("plotRows", { plot: id, from: 0, to: SHOWN_ROWS });
    const cells = shown.map((row) => row.map((cell) => (typeof cell === "boolean" ? String(cell) : cell)));
    return { columns, rows: cells, total, csv: () => askColumns("plotCsv", { plot: id }) };
  };
  const svg = (): Promise<string> => svgText(drawing, { theme: theme.peek(), width, height });
  return (
    <ChartFrame {...{ title, notes, table, svg, fileName, controls, isTall }}>
      <Chart
        {...{ option: drawing, height, isZoomed, onClick, onBrush }}
        label={`${title}: a chart; its table says the same`}
      />
    </ChartFrame>
  );
}

/** What stands in the place of a plot until it is there. */
export function PlotPlace({
  place,
  title,
  controls,
  answered,
  children,
}: {
  readonly place: { current: HTMLDivElement | null };
  readonly title: string;
  readonly controls?: ComponentChildren;
  readonly answered: Answered<SentPlot>;
  readonly children: (plot: SentPlot) => ComponentChildren;
}) {
  const { answer, error, pending } = answered;
  return (
    <div ref={place} class="plot-place" aria-busy={pending}>
      {answer && error === null ? (
        children(answer)
      ) : (
        <figure class="panel chart waiting">
          <div class="chart-head">
            <h3 class="user">{title}</h3>
            <div class="chart-tools">{controls}</div>
          </div>
          <p class="muted user">{error !== null ? messageOf(error) : "Loading …"}</p>
        </figure>
      )}
    </div>
  );
}

/** What it takes. */
export interface StudyPlotProps extends Omit<ColumnRequests["plot"], "study" | "width"> {
  readonly store: StudyStore;
  readonly filter: TrialFilter;
  /** What stands there until the plot does. */
  readonly title: string;
  readonly controls?: ComponentChildren;
}

/** Draws it. */
export function StudyPlot({ store, title, controls, ...request }: StudyPlotProps) {
  const { place, width, isNear } = useNearWidth();
  const study = store.name;
  // What is far from the window stays as it was until it comes near.
  const asked = width === 0 || !isNear ? null : { ...request, study, width };
  const answered = useAnswer("plot", asked, store.columns.revision.value, PAUSE_MS);
  const objectives = store.entry.value?.objectives.map(({ metric }) => metric) ?? [];
  const brush =
    (plot: SentPlot): ChartProps["onBrush"] =>
    (grid, from, to) => {
      const fields = gridFields(
        plot.kind,
        plot.columns,
        request.metric === undefined ? objectives : [request.metric],
        grid,
      );
      const ranges = rectangleRanges(plot.outline, fields, grid, from, to);
      if (ranges.length > 0)
        setFilter(ranges.reduce((filter, [name, range]) => withRange(filter, name, range), request.filter));
    };
  const open =
    (plot: SentPlot) =>
    ({ seriesIndex, data }: ChartPoint): void => {
      const number = trialOf(plot.outline, seriesIndex, data);
      if (number !== null) navigate(paths.trial(study, number));
    };
  return (
    <PlotPlace {...{ place, title, controls, answered }}>
      {(plot) => (
        <SentPlotChart
          plot={plot}
          fileName={`${study}-${plot.kind}`}
          controls={controls}
          onClick={open(plot)}
          onBrush={brush(plot)}
        />
      )}
    </PlotPlace>
  );
}
