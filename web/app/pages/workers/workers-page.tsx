/** Who runs trials: this service's processes, and whoever holds leases. */
import { useEffect, useState } from "preact/hooks";
import { api } from "../../api/client.js";
import type { WorkerList } from "../../api/types.js";
import { now, secondsSince } from "../../components/clock.js";
import { Link } from "../../components/link.js";
import { ErrorBox, Loading } from "../../components/messages.js";
import { Table } from "../../components/table.js";
import type { TableColumn } from "../../components/table.js";
import { paths } from "../../router.js";
import { studies } from "../../store/studies-store.js";
import { useFresh } from "../../store/use-fresh.js";
import { agoWords, countWords, duration, plural } from "../../words.js";

type Worker = WorkerList["workers"][number];
type External = WorkerList["external"][number];

const since = (iso: string): string => duration(secondsSince(Date.parse(iso)));

const workerColumns: readonly TableColumn<Worker>[] = [
  {
    ...{ key: "host", title: "Worker", heading: true },
    cell: ({ host, pid, isolation, version }) => (
      <>
        <span class="name user">{host}</span>
        <span class="below user">
          pid {pid}, {isolation}, version {version}
        </span>
      </>
    ),
  },
  {
    ...{ key: "places", title: "Places" },
    cell: ({ places, running }) => (
      <span class="places">
        {running.length} of {places}
        <span class="bar" aria-hidden="true">
          <span class="fill running" style={{ width: `${(100 * running.length) / Math.max(1, places)}%` }} />
        </span>
      </span>
    ),
  },
  {
    ...{ key: "running", title: "Running" },
    cell: ({ running }) =>
      running.length === 0 ? (
        <span class="muted">nothing</span>
      ) : (
        <ul class="plain">
          {running.map(({ study, number, slot, since: started }) => (
            <li key={`${study}/${number}`} class="user">
              <Link to={paths.study(study)}>{study}</Link>, <Link to={paths.trial(study, number)}>trial {number}</Link>{" "}
              <span class="muted">
                on place {slot}, for {since(started)}
              </span>
            </li>
          ))}
        </ul>
      ),
  },
  { ...{ key: "done", title: "Done", numeric: true }, cell: ({ trials_done }) => countWords(trials_done) },
  { ...{ key: "failed", title: "Failed", numeric: true }, cell: ({ failed }) => countWords(failed) },
  { ...{ key: "beat", title: "Last beat", minor: true }, cell: ({ last_beat }) => agoWords(last_beat, now.value) },
];

const externalColumns: readonly TableColumn<External>[] = [
  {
    ...{ key: "worker", title: "Worker", heading: true },
    cell: ({ worker }) => <span class="user">{worker ?? "without a name"}</span>,
  },
  {
    ...{ key: "trial", title: "Trial" },
    cell: ({ study, number }) => (
      <span class="user">
        <Link to={paths.study(study)}>{study}</Link>, <Link to={paths.trial(study, number)}>trial {number}</Link>
      </span>
    ),
  },
  {
    ...{ key: "lease", title: "Lease ends in", numeric: true },
    cell: ({ lease_ends_in_s, lease_seconds }) =>
      lease_ends_in_s === null ? `of ${duration(lease_seconds)}` : duration(Math.max(0, Math.round(lease_ends_in_s))),
  },
  {
    ...{ key: "seen", title: "Last heard", numeric: true },
    cell: ({ last_seen_s }) => (last_seen_s === null ? "-" : `${duration(Math.round(last_seen_s))} ago`),
  },
];

/** How many of the trials that run, per study, for what is not this service's. */
function Elsewhere() {
  const all = [...(studies.value?.values() ?? [])].filter(({ state }) => state === "elsewhere");
  if (all.length === 0) return null;
  return (
    <section class="panel" aria-label="Elsewhere">
      <h2>Run elsewhere</h2>
      <ul class="plain">
        {all.map(({ name, owner, counts }) => (
          <li key={name} class="user">
            <Link to={paths.study(name)}>{name}</Link>, {plural(counts.running, "trial")} running in a terminal, pid{" "}
            {owner?.pid} on {owner?.host}
          </li>
        ))}
      </ul>
    </section>
  );
}

const POLL_MS = 2000;

/** The page: asked for every two seconds while it is looked at. */
export function WorkersPage() {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") setTick((n) => n + 1);
    }, POLL_MS);
    return () => clearInterval(timer);
  }, []);
  const { data, error, refetch } = useFresh<WorkerList>((signal) => api.get("/workers", { signal }), "workers", tick);
  return (
    <>
      <div class="title-row">
        <h1>Workers</h1>
      </div>
      {error !== null && <ErrorBox error={error} onRetry={refetch} />}
      {!data && error === null && <Loading what="workers" />}
      {data && (
        <div class="stack wide-gap">
          <section class="panel" aria-label="Processes">
            <h2>
              {plural(
                data.workers.reduce((sum, { places }) => sum + places, 0),
                "place",
              )}
            </h2>
            <Table
              {...{ caption: "Workers", columns: workerColumns, rows: data.workers, class: "cards" }}
              keyOf={({ id }) => id}
            />
          </section>
          <section class="panel" aria-label="Trials from outside">
            <h2>{plural(data.external.length, "trial")} outside</h2>
            {data.external.length === 0 ? (
              <p class="muted">
                No trial is out under a lease. A training script takes part by asking for trials; docs/clients.md shows
                how.
              </p>
            ) : (
              <Table
                {...{ caption: "Trials from outside", columns: externalColumns, rows: data.external, class: "cards" }}
                keyOf={({ study, number }) => `${study}/${number}`}
              />
            )}
          </section>
          <Elsewhere />
        </div>
      )}
    </>
  );
}
