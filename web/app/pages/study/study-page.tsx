/** One study, live: its controls, its best, its history, what runs, and what the trials say. */
import { useEffect, useState } from "preact/hooks";
import type { StudyEntry } from "../../api/types.js";
import { finite } from "../../api/numbers.js";
import type { ChartPoint } from "../../charts/chart.js";
import { historyPlot } from "../../charts/history-plot.js";
import { PlotChart } from "../../charts/plot-chart.js";
import { ServerPlot } from "../../charts/server-plot.js";
import { Loading } from "../../components/messages.js";
import { StudyHeader } from "../../components/study-header.js";
import { navigate, paths } from "../../router.js";
import type { HistoryView } from "../../store/columns-store.js";
import { oneAtATime } from "../../live/catch-up.js";
import { useStudy } from "../../store/study-store.js";
import type { StudyStore } from "../../store/study-store.js";
import { StudyMenu } from "../studies/study-menu.js";
import { BestPanel } from "./best-panel.js";
import { FrontPanel } from "./front-panel.js";
import { NotePanel } from "./note-panel.js";
import { RunPanel } from "./run-panel.js";
import { RunningPanel } from "./running-panel.js";
import { SettingsPanel } from "./settings-panel.js";

/** The history as it is now; asked for again behind every change, one question at a time. */
function useHistory({ columns }: StudyStore, objective: number): HistoryView | null {
  const [view, setView] = useState<HistoryView | null>(null);
  const revision = columns.revision.value;
  const [ask] = useState(() => {
    let wanted = objective;
    const run = oneAtATime(async () => setView(await columns.history({ objective: wanted })));
    return (of: number) => {
      wanted = of;
      void run().catch(() => {});
    };
  });
  useEffect(() => {
    if (revision !== null) ask(objective);
  }, [revision, objective]);
  return view;
}

function History({ store, entry }: { readonly store: StudyStore; readonly entry: StudyEntry }) {
  const [at, setAt] = useState(0);
  const view = useHistory(store, at);
  const objective = entry.objectives[at] ?? entry.objectives[0];
  if (!objective || !view) return null;
  const open = ({ data }: ChartPoint): void => {
    if (Array.isArray(data) && typeof data[0] === "number") navigate(paths.trial(store.name, data[0]));
  };
  const chooser =
    entry.objectives.length > 1 ? (
      <select
        aria-label="Objective of the history"
        value={at}
        onChange={({ currentTarget: { value } }) => setAt(Number(value))}
      >
        {entry.objectives.map(({ metric }, i) => (
          <option key={metric} value={i}>
            {metric}
          </option>
        ))}
      </select>
    ) : null;
  if (view.total === 0)
    return (
      <figure class="panel chart">
        <h3>History of {objective.metric}</h3>
        <p class="muted">No trial is complete yet.</p>
      </figure>
    );
  return (
    <PlotChart
      plot={historyPlot(view, objective)}
      fileName={`${store.name}-history`}
      controls={chooser}
      onClick={open}
    />
  );
}

function Overview({ store, entry }: { readonly store: StudyStore; readonly entry: StudyEntry }) {
  const detail = store.detail.value;
  const isSeveral = entry.objectives.length > 1;
  const finished = entry.counts.complete + entry.counts.pruned + entry.counts.failed;
  // What is made of finished trials changes with them alone.
  const version = `${finished} ${entry.best?.number ?? ""} ${entry.front_size ?? ""}`;
  const bestVersion = entry.best === null ? null : `${entry.best.number} ${finite(entry.best.value)}`;
  const { name } = store;
  const open = ({ data }: ChartPoint): void => {
    const number = typeof data === "object" && data !== null && "trial" in data ? Number(data.trial) : NaN;
    if (Number.isInteger(number)) navigate(paths.trial(name, number));
  };
  return (
    <div class="study-page">
      <RunPanel store={store} entry={entry} />
      <div class="grid">
        <div class="stack wide-gap">
          {isSeveral ? <FrontPanel store={store} entry={entry} /> : <BestPanel store={store} entry={entry} />}
          <NotePanel store={store} entry={entry} />
        </div>
        <History store={store} entry={entry} />
        <RunningPanel store={store} entry={entry} />
        {isSeveral && <ServerPlot study={name} kind="pareto" title="Pareto front" version={version} onClick={open} />}
        {finished > 0 && (
          <ServerPlot study={name} kind="importances" title="Importances" version={version} everyMs={8000} />
        )}
        {finished > 0 && <ServerPlot study={name} kind="timeline" title="Timeline" version={version} everyMs={5000} />}
        {entry.kind === "model" && bestVersion !== null && (
          <>
            <ServerPlot
              study={name}
              kind="prediction"
              class="wide"
              title="Predicted against true SOH"
              version={bestVersion}
              everyMs={10_000}
            />
            <ServerPlot
              study={name}
              kind="forecast"
              class="wide"
              title="Forecast"
              version={bestVersion}
              everyMs={10_000}
            />
          </>
        )}
        {detail && <SettingsPanel detail={detail} />}
      </div>
    </div>
  );
}

/** The page. */
export function StudyPage({ study }: { readonly study: string }) {
  const store = useStudy(study);
  const entry = store.entry.value;
  return (
    <>
      <StudyHeader store={store}>
        {entry && (
          <span class="end">
            <StudyMenu entry={entry} onDeleted={() => navigate(paths.studies)} />
          </span>
        )}
      </StudyHeader>
      {entry ? (
        <Overview store={store} entry={entry} />
      ) : (
        store.problem.value === null && <Loading what={`study ${study}`} />
      )}
    </>
  );
}
