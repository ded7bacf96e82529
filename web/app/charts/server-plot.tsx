/** A plot that the service describes: fetched for the width of its place, and anew when the study has changed. */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, ApiProblem, messageOf } from "../api/client.js";
import type { Query } from "../api/client.js";
import type { Plot } from "../api/types.js";
import { pathOf } from "../paths.js";
import { useFresh } from "../store/use-fresh.js";
import type { ChartPoint } from "./chart.js";
import { PlotChart } from "./plot-chart.js";

/** What it takes. */
export interface ServerPlotProps {
  readonly study: string;
  readonly kind: string;
  /** What stands there until the plot does. */
  readonly title: string;
  readonly query?: Query | undefined;
  /** It is fetched anew when this changes, at most every {@link everyMs}. */
  readonly version: string | number | null;
  /** @default 5000 */
  readonly everyMs?: number | undefined;
  readonly class?: string | undefined;
  readonly onClick?: ((point: ChartPoint) => void) | undefined;
}

/** Widths are asked for in steps, so that a window that is drawn larger asks a few times and not hundreds. */
const STEP = 40;
const widthOf = (element: HTMLElement): number =>
  Math.max(300, Math.min(2400, STEP * Math.floor(element.clientWidth / STEP)));

/** Nothing of it stands where the study has no such plot. */
export function ServerPlot(props: ServerPlotProps) {
  const { study, kind, title, query = {}, version, everyMs = 5000, class: className = "", onClick } = props;
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    // Not before it comes near: each is work for the service.
    let isNear = false;
    const measure = (): void => {
      if (isNear && element.clientWidth > 0) setWidth(widthOf(element));
    };
    const near = new IntersectionObserver(
      (entries) => {
        isNear ||= entries.some(({ isIntersecting }) => isIntersecting);
        measure();
      },
      { rootMargin: "400px" },
    );
    const resized = new ResizeObserver(measure);
    near.observe(element);
    resized.observe(element);
    return () => {
      near.disconnect();
      resized.disconnect();
    };
  }, []);
  const asked = { ...query, width };
  const { data, error } = useFresh<Plot>(
    (signal) => api.get<Plot>(`${pathOf("studies", study)}/plots/${kind}`, { query: asked, signal }),
    `${study} ${kind} ${JSON.stringify(asked)}`,
    version,
    { everyMs, enabled: width > 0 },
  );
  const last = useRef<Plot | null>(null);
  if (data) last.current = data;
  // What was drawn for another width stays until the new one is there.
  const plot = data ?? last.current;
  if (error instanceof ApiProblem && error.code === "no-such-plot") return null;
  return (
    <div ref={place} class={`plot-place ${className}`}>
      {plot ? (
        <PlotChart plot={plot} fileName={`${study}-${kind}`} onClick={onClick} />
      ) : (
        <figure class="panel chart waiting">
          <h3>{title}</h3>
          <p class="muted user">{error ? messageOf(error) : "Loading …"}</p>
        </figure>
      )}
    </div>
  );
}
