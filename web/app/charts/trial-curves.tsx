/** What trials reported on their way, over the band of the complete ones. */
import { useEffect, useState } from "preact/hooks";
import { bandPlot } from "./band-plot.js";
import type { DrawnCurve, QuartileBand } from "./band-plot.js";
import { PlotChart } from "./plot-chart.js";
import { api } from "../api/client.js";
import { finite } from "../api/numbers.js";
import type { Curve } from "../api/types.js";
import { ErrorBox } from "../components/messages.js";
import { pathOf } from "../paths.js";

/** What `GET …/reports` answers. */
export interface Reports {
  readonly reports: readonly Curve[];
  readonly band: QuartileBand;
}

/** The curve of a trial as it is drawn. */
export const drawnCurve = ({
  number,
  points,
  pruned_at: prunedAt,
}: Pick<Curve, "number" | "points" | "pruned_at">): DrawnCurve => ({
  ...{ name: `trial ${number}`, prunedAt },
  points: points.map(([step, value]) => [step, finite(value)]),
});

/** Draws the curves of some trials. */
export function TrialCurves({ study, numbers }: { readonly study: string; readonly numbers: readonly number[] }) {
  const [reports, setReports] = useState<Reports | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    api
      .get<Reports>(`${pathOf("studies", study)}/reports`, { query: { numbers: numbers.join(",") } })
      .then(setReports, setError);
  }, []);
  if (error !== null) return <ErrorBox error={error} />;
  if (reports === null) return null;
  const plot = bandPlot("Reports", reports.reports.map(drawnCurve), reports.band);
  return <PlotChart plot={plot} fileName={`${study}-trials-${numbers.join("-")}`} />;
}
