/** All studies, live: what they are doing, how far they are, and what the best is. */
import { useState } from "preact/hooks";
import type { StudyEntry } from "../../api/types.js";
import { now } from "../../components/clock.js";
import { CommandLine } from "../../components/command-line.js";
import { Link } from "../../components/link.js";
import { EmptyState, ErrorBox, Loading } from "../../components/messages.js";
import { Sparkline } from "../../components/sparkline.js";
import { StateBadge, ownerText } from "../../components/state-badge.js";
import { StateBar } from "../../components/state-bar.js";
import { Table } from "../../components/table.js";
import type { TableColumn } from "../../components/table.js";
import { paths, place, setQuery } from "../../router.js";
import { may, server } from "../../session.js";
import { commandLine } from "../../shell-words.js";
import { listProblem, refreshStudies, studies, unreadStudies } from "../../store/studies-store.js";
import { agoWords, duration, objectiveSpoken, objectiveWords, plural, rateWords, valueWords } from "../../words.js";
import { StudyMenu } from "./study-menu.js";
import { listed, listQueryOf } from "./study-list.js";
import type { StudyListQuery } from "./study-list.js";

const subjectOf = ({ task, kind, sampler }: StudyEntry): string => {
  const model = [task.model ?? []].flat().join(", ");
  const of = {
    model: `${model} on ${task.dataset ?? "?"}`,
    objective: "objective",
    command: "program",
    outside: "trials from outside",
  };
  return `${of[kind]} · ${sampler.name}`;
};

function Best({ entry: { best, front_size, objectives } }: { readonly entry: StudyEntry }) {
  const [objective] = objectives;
  if (front_size !== null) return <>{front_size === 0 ? "-" : `front of ${front_size}`}</>;
  if (!best || !objective) return <>-</>;
  return (
    <>
      <span class="figure">{valueWords(best.value)}</span>
      <span class="below" aria-hidden="true">
        {objectiveWords(objective)}
      </span>
      <span class="visually-hidden">{objectiveSpoken(objective)}</span>
    </>
  );
}

const columns: readonly TableColumn<StudyEntry>[] = [
  {
    ...{ key: "name", title: "Study", sortable: true, heading: true },
    cell: (entry) => (
      <>
        <Link to={paths.study(entry.name)} class="name user">
          {entry.name}
        </Link>
        <span class="below user">{subjectOf(entry)}</span>
        {entry.note !== "" && <span class="below note-line user">{entry.note}</span>}
      </>
    ),
  },
  {
    ...{ key: "state", title: "State", sortable: true },
    cell: (entry) => (
      <>
        <StateBadge entry={entry} />
        {ownerText(entry) !== null && <span class="below user">{ownerText(entry)}</span>}
        {entry.run?.state === "failed" && <span class="below warn user">{entry.run.error?.message}</span>}
      </>
    ),
  },
  {
    ...{ key: "trials", title: "Trials", sortable: true },
    cell: ({ counts, run }) => <StateBar counts={counts} goal={run?.total_trials} />,
  },
  { ...{ key: "best", title: "Best", sortable: true, numeric: true }, cell: (entry) => <Best entry={entry} /> },
  { ...{ key: "line", title: "Best so far" }, cell: ({ sparkline }) => <Sparkline values={sparkline} /> },
  {
    ...{ key: "rate", title: "Rate", sortable: true, numeric: true },
    cell: ({ rate: { trials_per_minute, eta_s } }) => (
      <>
        <span>{rateWords(trials_per_minute)}</span>
        {eta_s !== null && <span class="below">{duration(eta_s)} left</span>}
      </>
    ),
  },
  {
    ...{ key: "activity", title: "Last change", sortable: true, minor: true },
    cell: ({ last_activity_at }) => <time dateTime={last_activity_at}>{agoWords(last_activity_at, now.value)}</time>,
  },
  { ...{ key: "menu", title: "Actions" }, cell: (entry) => <StudyMenu entry={entry} /> },
];

function Controls({ query }: { readonly query: StudyListQuery }) {
  return (
    <div class="toolbar" role="search">
      <label class="grow">
        <span class="visually-hidden">Search studies</span>
        <input
          type="search"
          placeholder="Search names, notes, models, metrics"
          value={query.search}
          onInput={({ currentTarget: { value } }) => setQuery({ q: value === "" ? null : value })}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={query.archived}
          onChange={({ currentTarget: { checked } }) => setQuery({ archived: checked ? "true" : null })}
        />
        Archived
      </label>
      <label class="narrow-only">
        Sort by
        <select
          value={query.sorting.key}
          onChange={({ currentTarget: { value } }) => setQuery({ sort: value === "name" ? value : `-${value}` })}
        >
          {columns
            .filter(({ sortable }) => sortable)
            .map(({ key, title }) => (
              <option key={key} value={key}>
                {title}
              </option>
            ))}
        </select>
      </label>
    </div>
  );
}

function Nothing() {
  const storage = server.value?.storage;
  return (
    <EmptyState title="No studies yet">
      <p>A study searches good hyperparameters. Make the first one here, or in a terminal:</p>
      {may("run") && (
        <p>
          <Link to={paths.newStudy} class="button primary">
            New study
          </Link>
        </p>
      )}
      <CommandLine
        command={commandLine(
          "create-study",
          "--model",
          "lstm",
          "--dataset",
          "dummy",
          storage !== undefined && "--storage",
          storage,
        )}
      />
    </EmptyState>
  );
}

function Unread() {
  if (unreadStudies.value.length === 0) return null;
  return (
    <details class="panel unread" open>
      <summary>{plural(unreadStudies.value.length, "study", "studies")} can't be read</summary>
      <ul>
        {unreadStudies.value.map(({ name, message }) => (
          <li key={name} class="user">
            <strong>{name}</strong>: {message}
          </li>
        ))}
      </ul>
    </details>
  );
}

function List({ all, query }: { readonly all: ReadonlyMap<string, StudyEntry>; readonly query: StudyListQuery }) {
  const [compared, setCompared] = useState<readonly string[]>([]);
  const rows = listed(all.values(), query);
  const select: TableColumn<StudyEntry> = {
    ...{ key: "compare", title: "Select" },
    cell: ({ name }) => (
      <input
        type="checkbox"
        aria-label={`Compare ${name}`}
        checked={compared.includes(name)}
        disabled={!compared.includes(name) && compared.length >= 10}
        onChange={({ currentTarget: { checked } }) =>
          setCompared(checked ? [...compared, name] : compared.filter((one) => one !== name))
        }
      />
    ),
  };
  return (
    <>
      {compared.length > 0 && (
        <p class="toolbar">
          <Link to={paths.compare(...compared)} class="button primary">
            Compare {plural(compared.length, "study", "studies")}
          </Link>
          <button type="button" onClick={() => setCompared([])}>
            Select none
          </button>
        </p>
      )}
      <div class="panel">
        {rows.length === 0 ? (
          <p class="muted">{query.archived ? "No archived study" : "No study"} is found.</p>
        ) : (
          <Table
            {...{ caption: "Studies", columns: [select, ...columns], rows, class: "cards studies" }}
            keyOf={({ name }) => name}
            sorting={query.sorting}
            onSort={({ key, descending }) => setQuery({ sort: `${descending ? "-" : ""}${key}` })}
          />
        )}
      </div>
    </>
  );
}

/** The page. */
export function StudiesPage() {
  const all = studies.value;
  const query = listQueryOf(place.value.query);
  const body = (): preact.ComponentChildren => {
    if (!all) return listProblem.value === null ? <Loading what="studies" /> : null;
    return all.size === 0 ? <Nothing /> : <List all={all} query={query} />;
  };
  return (
    <>
      <div class="title-row">
        <h1>Studies</h1>
        {may("run") && all?.size !== 0 && (
          <Link to={paths.newStudy} class="button primary end">
            New study
          </Link>
        )}
      </div>
      {all !== null && all.size > 0 && <Controls query={query} />}
      {listProblem.value !== null && <ErrorBox error={listProblem.value} onRetry={() => void refreshStudies()} />}
      {body()}
      <Unread />
    </>
  );
}
