/** One trial: what it was, what became of it and why, what it printed and left, and what can be done with it. */
import { api } from "../../api/client.js";
import type { TrialDetail } from "../../api/types.js";
import { useStudyAnswer } from "../../columns/use-answer.js";
import { Link } from "../../components/link.js";
import { ErrorBox, Loading } from "../../components/messages.js";
import { StudyHeader } from "../../components/study-header.js";
import { stateShapes } from "../../filter/state-shapes.js";
import { filterKeys } from "../../filter/place-filter.js";
import { apiUrl, pathOf } from "../../paths.js";
import { paths, place } from "../../router.js";
import { may } from "../../session.js";
import { useFresh } from "../../store/use-fresh.js";
import { useStudy } from "../../store/study-store.js";
import { AnnotationPanel } from "./annotation-panel.js";
import { FactsPanel } from "./facts-panel.js";
import { LogPanel } from "./log-panel.js";
import { ParametersPanel } from "./parameters-panel.js";
import { ReportsPanel } from "./reports-panel.js";
import { TrialTools } from "./trial-tools.js";

/** The file that a trial's output is kept in. */
const LOG_FILE = "log.txt";
/** What of a trial's row says that it has changed. */
const watched = ["state", "attempt", "steps", "banned", "tag", "note"];

const sizeText = (bytes: number): string =>
  bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

function Files({ study, trial: { number, files } }: { readonly study: string; readonly trial: TrialDetail }) {
  const base = pathOf("studies", study, "trials", number);
  return (
    <section class="panel" aria-label="Files">
      <h2>Files</h2>
      {files.length === 0 ? (
        <p class="muted">It has left none.</p>
      ) : (
        <ul class="files">
          {files.map(({ name, size }) => (
            <li key={name}>
              <a href={apiUrl(`${base}/files/${encodeURIComponent(name)}`)} download={name} class="user">
                {name}
              </a>{" "}
              <span class="muted">{sizeText(size)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** The page. */
export function TrialPage({ study, number }: { readonly study: string; readonly number: number }) {
  const store = useStudy(study);
  const row = useStudyAnswer(store, "cells", { numbers: [number], fields: watched }).answer?.rows[0];
  const found = useFresh<TrialDetail>(
    (signal) => api.get<TrialDetail>(pathOf("studies", study, "trials", number), { signal }),
    `${study} ${number}`,
    JSON.stringify(row ?? null),
    { everyMs: 700 },
  );
  const trial = found.data;
  const size = store.columns.size.value;
  const changed = (): void => {
    found.refetch();
    void store.refresh();
  };
  return (
    <>
      <StudyHeader store={store} keep={filterKeys(place.value.query)} />
      <div class="title-row">
        <h2>Trial {number}</h2>
        {trial && (
          <span class={`badge state ${trial.state}`}>
            <span aria-hidden="true">{stateShapes[trial.state]}</span> {trial.state}
          </span>
        )}
        {trial?.annotation.banned && <span class="badge">banned</span>}
        <span class="end actions">
          {number > 0 && number <= size && <Link to={paths.trial(study, number - 1)}>← trial {number - 1}</Link>}
          {number + 1 < size && <Link to={paths.trial(study, number + 1)}>trial {number + 1} →</Link>}
        </span>
      </div>
      {found.error !== null && <ErrorBox error={found.error} onRetry={found.refetch} />}
      {trial === null ? (
        found.error === null && <Loading what="the trial" />
      ) : (
        <>
          {may("run") && <TrialTools store={store} trial={trial} onChange={changed} />}
          <div class="grid">
            <FactsPanel study={study} entry={store.entry.value} trial={trial} />
            <ParametersPanel store={store} trial={trial} />
            <ReportsPanel store={store} trial={trial} />
            <AnnotationPanel study={study} trial={trial} onChange={changed} />
            <Files study={study} trial={trial} />
            <LogPanel
              study={study}
              number={number}
              isLive={trial.state === "running" || trial.state === "waiting"}
              attempt={trial.attempt}
              hasLog={trial.files.some(({ name }) => name === LOG_FILE)}
            />
          </div>
        </>
      )}
    </>
  );
}
