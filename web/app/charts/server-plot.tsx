/** A plot that the service describes: fetched for the width of its place, and anew when the study has changed. */
import { useRef } from "preact/hooks";
import { ApiProblem, messageOf } from "../api/client.js";
import type { Query } from "../api/client.js";
import { askColumns } from "../columns/columns-client.js";
import type { SentPlot } from "../columns/web-plot.js";
import { useFresh } from "../store/use-fresh.js";
import type { ChartPoint } from "./chart.js";
import { SentPlotChart, useNearWidth } from "./study-plot.js";

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
  readonly isTall?: boolean | undefined;
  readonly onClick?: ((point: ChartPoint) => void) | undefined;
}

/** Nothing of it stands where the study has no such plot. */
export function ServerPlot(props: ServerPlotProps) {
  const { study, kind, title, query = {}, version, everyMs = 5000, class: className = "", isTall, onClick } = props;
  const { place, width } = useNearWidth();
  const asked = { ...query, width };
  // What was drawn for another width stays until the new one is there.
  const last = useRef<SentPlot | null>(null);
  const fetchIt = async (): Promise<SentPlot | null> => {
    // Not here: the tables of large studies are long, and only asked for.
    const found = await askColumns("served", { study, plot: kind, query: asked, known: last.current?.id });
    return (last.current = found ?? last.current);
  };
  const { data, error } = useFresh<SentPlot | null>(fetchIt, `${study} ${kind} ${JSON.stringify(asked)}`, version, {
    ...{ everyMs, enabled: width > 0 },
  });
  const plot = data ?? last.current;
  if (error instanceof ApiProblem && error.code === "no-such-plot") return null;
  return (
    <div ref={place} class={`plot-place ${className}`}>
      {plot ? (
        <SentPlotChart plot={plot} fileName={`${study}-${kind}`} isTall={isTall} onClick={onClick} />
      ) : (
        <figure class="panel chart waiting">
          <h3>{title}</h3>
          <p class="muted user">{error ? messageOf(error) : "Loading …"}</p>
        </figure>
      )}
    </div>
  );
}
