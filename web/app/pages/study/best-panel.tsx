/** The best trial: its value, and its parameters beside what they would be by default. */
import { api, ApiProblem } from "../../api/client.js";
import { paramText } from "../../api/numbers.js";
import type { ParamValue, StudyEntry, TrialDetail } from "../../api/types.js";
import { Link } from "../../components/link.js";
import { ErrorBox } from "../../components/messages.js";
import { paths } from "../../router.js";
import { loadRegistries, parametersOf } from "../../store/registries.js";
import type { StudyStore } from "../../store/study-store.js";
import { useFresh } from "../../store/use-fresh.js";
import { duration, objectiveSpoken, valueWords } from "../../words.js";
import { powersOf } from "./space-words.js";
import { Verdicts } from "./verdicts.js";

/** What it takes. */
export interface BestPanelProps {
  readonly store: StudyStore;
  readonly entry: StudyEntry;
}

type Defaults = Readonly<Record<string, unknown>>;

/** The defaults of a study over a model; there are none of a program's own parameters. */
function useDefaults({ task, kind, name }: StudyEntry): Defaults {
  const { data } = useFresh<Defaults>(
    async () => {
      const registries = await loadRegistries();
      const all = parametersOf(registries, [task.model ?? []].flat(), task.dataset);
      return Object.fromEntries(all.map(({ name, default: value }) => [name, value]));
    },
    name,
    null,
    { enabled: kind === "model" },
  );
  return data ?? {};
}

const textOf = (value: unknown, isPower: boolean): string =>
  typeof value === "object" && value !== null ? JSON.stringify(value) : paramText(value as ParamValue, 4, isPower);

function Parameters({
  trial,
  defaults,
  powers,
}: {
  readonly trial: TrialDetail;
  readonly defaults: Defaults;
  readonly powers: ReadonlySet<string>;
}) {
  const names = Object.keys(trial.params);
  const hasDefaults = names.some((name) => defaults[name] !== undefined);
  return (
    <table class="pairs">
      <caption class="visually-hidden">Parameters of the best trial</caption>
      <thead>
        <tr>
          <th scope="col">Parameter</th>
          <th scope="col" class="number">
            Best
          </th>
          {hasDefaults && (
            <th scope="col" class="number">
              Default
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {names.map((name) => (
          <tr key={name}>
            <th scope="row" class="user">
              {name}
            </th>
            <td class="number user">{textOf(trial.params[name], powers.has(name))}</td>
            {hasDefaults && (
              <td class="number muted user">
                {defaults[name] === undefined ? "" : textOf(defaults[name], powers.has(name))}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The panel. */
export function BestPanel({ store, entry }: BestPanelProps) {
  const { best, objectives, name } = entry;
  const [objective] = objectives;
  const defaults = useDefaults(entry);
  const number = best?.number ?? null;
  const { data, error } = useFresh<TrialDetail | null>(
    (signal) =>
      number === null ? Promise.resolve(null) : api.get<TrialDetail>(`${store.path}/trials/${number}`, { signal }),
    name,
    number,
  );
  if (!best || !objective)
    return (
      <section class="panel" aria-label="Best trial">
        <h2>Best trial</h2>
        <p class="muted">No trial is complete{entry.counts.complete > 0 && " and meets the constraints"} yet.</p>
      </section>
    );
  return (
    <section class="panel best" aria-label="Best trial">
      <h2>
        Best: <Link to={paths.trial(name, best.number)}>trial {best.number}</Link>
      </h2>
      <p>
        <span class="figure">{valueWords(best.value)}</span>{" "}
        <span class="muted user">
          {objectiveSpoken(objective)}
          {data?.number === best.number && data.seconds !== null && `, in ${duration(data.seconds)}`}
        </span>
      </p>
      {data && <Verdicts trial={data} />}
      {data && <Parameters trial={data} defaults={defaults} powers={powersOf(store.detail.value?.space)} />}
      {!data && error instanceof ApiProblem && <ErrorBox error={error} />}
    </section>
  );
}
