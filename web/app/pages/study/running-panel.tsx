/** The trials that run: where, how long, their curves, and how far each is from being pruned. */
import { useEffect, useState } from "preact/hooks";
import { api } from "../../api/client.js";
import type { Margin, MarginList, ReportList, StudyEntry } from "../../api/types.js";
import { curvesPlot } from "../../charts/curves-plot.js";
import { PlotChart } from "../../charts/plot-chart.js";
import { secondsSince } from "../../components/clock.js";
import { Link } from "../../components/link.js";
import { Sparkline } from "../../components/sparkline.js";
import { Table } from "../../components/table.js";
import type { TableColumn } from "../../components/table.js";
import { oneAtATime } from "../../live/catch-up.js";
import { paths } from "../../router.js";
import type { RunningTrial } from "../../store/columns-store.js";
import type { LiveCurve } from "../../store/live-curves.js";
import type { StudyStore } from "../../store/study-store.js";
import { useFresh } from "../../store/use-fresh.js";
import { duration, plural, shortNumber } from "../../words.js";
import { marginShare, marginWords } from "./margin-words.js";

/** What it takes. */
export interface RunningPanelProps {
  readonly store: StudyStore;
  readonly entry: StudyEntry;
}

interface Row extends RunningTrial {
  readonly curve: LiveCurve | undefined;
  readonly margin: Margin | undefined;
}

/** Curves that are drawn; the table has all trials. */
const DRAWN = 18;

function useRunning({ columns }: StudyStore): readonly RunningTrial[] {
  const [trials, setTrials] = useState<readonly RunningTrial[]>([]);
  const revision = columns.revision.value;
  const [ask] = useState(() => oneAtATime(async () => setTrials(await columns.running())));
  useEffect(() => {
    if (revision !== null) void ask().catch(() => {});
  }, [revision]);
  return trials;
}

function MarginCell({ margin }: { readonly margin: Margin | undefined }) {
  if (!margin) return <>-</>;
  const share = marginShare(margin);
  return (
    <span class="margin" title={margin.reason}>
      {share !== null && (
        <span class={`margin-bar ${share === 0 ? "beyond" : ""}`} aria-hidden="true">
          <span style={{ width: `${Math.round(100 * share)}%` }} />
        </span>
      )}
      <span class={share === 0 ? "warn" : share === null ? "muted user" : ""}>{marginWords(margin)}</span>
    </span>
  );
}

function columnsOf(study: string): readonly TableColumn<Row>[] {
  return [
    {
      ...{ key: "number", title: "Trial", heading: true },
      cell: ({ number, attempt }) => (
        <>
          <Link to={paths.trial(study, number)}>{number}</Link>
          {attempt > 1 && <span class="muted"> attempt {attempt}</span>}
        </>
      ),
    },
    {
      ...{ key: "where", title: "Place" },
      cell: ({ slot, owner }) => <span class="user">{slot === null ? (owner ?? "-") : `place ${slot}`}</span>,
    },
    {
      ...{ key: "since", title: "For", numeric: true },
      cell: ({ started }) => (started === null ? "-" : duration(secondsSince(started))),
    },
    {
      ...{ key: "step", title: "Step", numeric: true },
      cell: ({ curve, last_step }) => curve?.points.at(-1)?.[0] ?? last_step ?? "-",
    },
    {
      ...{ key: "value", title: "Last value", numeric: true },
      cell: ({ curve, last_value }) => {
        const value = curve?.points.at(-1)?.[1] ?? last_value;
        return typeof value === "number" ? shortNumber(value) : (value ?? "-");
      },
    },
    {
      ...{ key: "curve", title: "Curve" },
      cell: ({ curve }) => <Sparkline values={(curve?.points ?? []).map(([, value]) => value)} />,
    },
    { ...{ key: "margin", title: "Margin to pruning" }, cell: ({ margin }) => <MarginCell margin={margin} /> },
  ];
}

/** A run that goes on, here or elsewhere: between two trials nothing may be running. */
const isGoingOn = ({ state }: StudyEntry): boolean =>
  ["running", "stopping", "waiting", "paused", "elsewhere"].includes(state);

/** The panel; nothing where nothing runs. It stays between trials, so that the page does not jump. */
export function RunningPanel({ store, entry }: RunningPanelProps) {
  const trials = useRunning(store);
  const curves = store.curves.value;
  const isRunning = trials.length > 0;
  const steps = [...curves.values()].reduce((sum, { points }) => sum + points.length, 0);
  const { data: margins } = useFresh<MarginList>(
    (signal) => api.get(`${store.path}/margins`, { signal }),
    store.name,
    `${entry.counts.running} ${steps}`,
    { everyMs: 1000, enabled: isRunning && entry.pruner.name !== "nop" },
  );
  const { data: reports } = useFresh<ReportList>(
    (signal) => api.get(`${store.path}/reports`, { query: { last: 1 }, signal }),
    store.name,
    entry.counts.complete,
    { everyMs: 5000, enabled: isRunning },
  );
  const isShown = isRunning || isGoingOn(entry);
  if (!isShown) return null;
  const [objective] = entry.objectives;
  const shown = trials.slice(0, DRAWN);
  const drawn = shown.flatMap(({ number }) => curves.get(number) ?? []);
  const numbers = new Set(shown.map(({ number }) => number));
  const limits = (margins?.margins ?? []).filter(({ number }) => numbers.has(number));
  const rows = trials.map((trial) => ({
    ...trial,
    curve: curves.get(trial.number),
    margin: margins?.margins.find(({ number }) => number === trial.number),
  }));
  return (
    <>
      <section class="panel wide" aria-label="Running trials">
        <h2>{plural(trials.length, "trial")} running</h2>
        {isRunning ? (
          <Table
            {...{ caption: "Running trials", columns: columnsOf(store.name), rows, class: "cards" }}
            keyOf={({ number }) => number}
          />
        ) : (
          <p class="muted">Nothing runs at this moment.</p>
        )}
      </section>
      {objective && (
        <PlotChart
          plot={curvesPlot(drawn, reports?.band ?? [], limits, objective.metric)}
          fileName={`${store.name}-running`}
        />
      )}
    </>
  );
}
