/** One study, live: its controls, its best, its history, what runs, and what the trials say. */
import { useState } from "preact/hooks";
import type { StudyEntry } from "../../api/types.js";
import { finite } from "../../api/numbers.js";
import { ServerPlot } from "../../charts/server-plot.js";
import { Loading } from "../../components/messages.js";
import { StudyHeader } from "../../components/study-header.js";
import { navigate, paths } from "../../router.js";
import { useStudy } from "../../store/study-store.js";
import type { StudyStore } from "../../store/study-store.js";
import { StudyMenu } from "../studies/study-menu.js";
import { BestPanel } from "./best-panel.js";
import { FrontPanel } from "./front-panel.js";
import { LEAST_TRIALS, TooFewTrials } from "./importances.js";
import { NotePanel } from "./note-panel.js";
import { OverviewPlot } from "./overview-plot.js";
import { RunPanel } from "./run-panel.js";
import { RunningPanel } from "./running-panel.js";
import { SettingsPanel } from "./settings-panel.js";

/** The objective whose history is drawn. */
function ObjectiveChoice(props: {
  readonly objectives: StudyEntry["objectives"];
  readonly value: string;
  readonly onChange: (metric: string) => void;
}) {
  const { objectives, value, onChange } = props;
  if (objectives.length < 2) return null;
  return (
    <select
      aria-label="Objective of the history"
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    >
      {objectives.map(({ metric }) => (
        <option key={metric}>{metric}</option>
      ))}
    </select>
  );
}

function History({ store, entry }: { readonly store: StudyStore; readonly entry: StudyEntry }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const metric = chosen ?? entry.objectives[0]?.metric ?? "";
  const controls = <ObjectiveChoice objectives={entry.objectives} value={metric} onChange={setChosen} />;
  return <OverviewPlot {...{ store, controls, metric, kind: "history", title: `History of ${metric}` }} />;
}

function Overview({ store, entry }: { readonly store: StudyStore; readonly entry: StudyEntry }) {
  const detail = store.detail.value;
  const isSeveral = entry.objectives.length > 1;
  const finished = entry.counts.complete + entry.counts.pruned + entry.counts.failed;
  // What is made of finished trials changes with them alone.
  const version = `${finished} ${entry.best?.number ?? ""} ${entry.front_size ?? ""}`;
  const bestVersion = entry.best === null ? null : `${entry.best.number} ${finite(entry.best.value)}`;
  const { name } = store;
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
        {isSeveral && <OverviewPlot store={store} kind="pareto" title="Pareto front" />}
        {entry.counts.complete >= LEAST_TRIALS ? (
          <OverviewPlot store={store} kind="importances" title="Importances" />
        ) : (
          <TooFewTrials />
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
              isTall
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
