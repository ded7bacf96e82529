/** A trial's curve over the middle half of the complete ones, and what its pruner decided at each report. */
import { api } from "../../api/client.js";
import { wireNumber } from "../../api/numbers.js";
import type { Margin, MarginList, ReportList, TrialDetail } from "../../api/types.js";
import { bandPlot } from "../../charts/band-plot.js";
import { PlotChart } from "../../charts/plot-chart.js";
import { drawnCurve } from "../../charts/trial-curves.js";
import { ErrorBox } from "../../components/messages.js";
import type { StudyStore } from "../../store/study-store.js";
import { useFresh } from "../../store/use-fresh.js";
import { countWords, valueWords } from "../../words.js";

/** What it takes. */
export interface ReportsPanelProps {
  readonly store: StudyStore;
  readonly trial: TrialDetail;
}

/** How far a running trial is from being pruned; null while nothing is known of it. */
function useMargin(store: StudyStore, { number, state }: TrialDetail, version: number): Margin | null {
  const { data } = useFresh<MarginList>(
    (signal) => api.get<MarginList>(`${store.path}/margins`, { signal }),
    `${store.name} ${number} margins`,
    version,
    {
      ...{ everyMs: 2000, enabled: state === "running" },
    },
  );
  return data?.margins.find((margin) => margin.number === number) ?? null;
}

function MarginLine({ margin }: { readonly margin: Margin }) {
  const by = wireNumber(margin.margin);
  return (
    <p class="margin-line">
      <strong>Margin to pruning: </strong>
      {by === null || Number.isNaN(by)
        ? "none"
        : by >= 0
          ? `${valueWords(by, 3)} on the good side`
          : `${valueWords(-by, 3)} beyond the threshold`}
      {margin.threshold !== null && <> of {valueWords(margin.threshold)}</>}
      {margin.voters !== null && <> ({countWords(margin.voters)} trials vote)</>}
      <span class="muted user">: {margin.reason}</span>
    </p>
  );
}

/** The panel. */
export function ReportsPanel({ store, trial }: ReportsPanelProps) {
  const { number, state, prune_reason: reason } = trial;
  const live = store.curves.value.get(number);
  const version = live?.points.length ?? trial.intermediate.length;
  const { data, error } = useFresh<ReportList>(
    (signal) => api.get<ReportList>(`${store.path}/reports`, { query: { numbers: String(number) }, signal }),
    `${store.name} ${number} reports`,
    `${state} ${trial.attempt}`,
    { everyMs: 3000 },
  );
  const margin = useMargin(store, trial, version);
  if (data === null) return error ? <ErrorBox error={error} /> : null;
  const stored = data.reports.find((curve) => curve.number === number) ?? {
    ...{ number, attempt: trial.attempt, points: [] },
    pruned_at: null,
    reason: null,
  };
  const points =
    live && live.points.length > stored.points.length && live.attempt === stored.attempt ? live.points : stored.points;
  if (points.length === 0 && (state === "complete" || state === "failed"))
    return (
      <section class="panel wide" aria-label="Reports">
        <h2>Reports</h2>
        <p class="muted">It reported nothing on its way.</p>
      </section>
    );
  const metric = store.entry.value?.objectives[0]?.metric ?? "value";
  const plot = bandPlot(`Trial ${number}: ${metric} by step`, [drawnCurve({ ...stored, points })], data.band, metric);
  const medians = new Map(data.band.map(([step, , median]) => [step, median]));
  const pruner = store.entry.value?.pruner.name ?? "none";
  return (
    <div class="wide">
      <PlotChart plot={plot} fileName={`${store.name}-${number}-reports`} />
      <section class="panel decisions" aria-label="Pruning decisions">
        <h2>Pruning decisions</h2>
        {margin && <MarginLine margin={margin} />}
        {state === "pruned" && (
          <p class="user">
            Pruned{stored.pruned_at === null ? "" : ` at step ${stored.pruned_at}`}: {reason ?? "no reason is recorded"}
            .
          </p>
        )}
        <details open={state === "pruned" && points.length <= 30}>
          <summary>
            {countWords(points.length)} {points.length === 1 ? "report" : "reports"}, judged by the pruner {pruner}
          </summary>
          <div class="scroll tall" tabIndex={0} role="region" aria-label="Reports and decisions">
            <table>
              <thead>
                <tr>
                  <th scope="col" class="number">
                    step
                  </th>
                  <th scope="col" class="number">
                    {metric}
                  </th>
                  <th scope="col" class="number">
                    median now
                  </th>
                  <th scope="col" class="number">
                    finished trials seen
                  </th>
                  <th scope="col">decision</th>
                </tr>
              </thead>
              <tbody>
                {points.map(([step, value, seen]) => (
                  <tr key={step}>
                    <td class="number">{step}</td>
                    <td class="number">{valueWords(value)}</td>
                    <td class="number">{valueWords(medians.get(step))}</td>
                    <td class="number">{seen}</td>
                    <td class="user">
                      {step === stored.pruned_at ? `prune: ${stored.reason ?? reason ?? ""}` : "go on"}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p class="muted">
            Each report was judged by the finished trials that there were at that moment: “seen” says how many. The
            median is that of all complete trials now.
          </p>
        </details>
      </section>
    </div>
  );
}
