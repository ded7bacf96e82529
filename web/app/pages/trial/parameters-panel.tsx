/** A trial's parameters beside those of the best trial and the defaults. */
import { api } from "../../api/client.js";
import { paramText } from "../../api/numbers.js";
import type { DatasetList, JsonTrial, ModelList, ParamValue, TrialDetail } from "../../api/types.js";
import { Link } from "../../components/link.js";
import { paths } from "../../router.js";
import { powersOf } from "../study/space-words.js";
import type { StudyStore } from "../../store/study-store.js";
import { useFresh } from "../../store/use-fresh.js";

type Values = Readonly<Record<string, ParamValue | undefined>>;

const isValue = (value: unknown): value is ParamValue =>
  value === null || ["number", "string", "boolean"].includes(typeof value);

/** What the registries say that parameters are where nobody says otherwise; empty for a study of no model of ours. */
function useDefaults(store: StudyStore): Values {
  const task = store.entry.value?.task;
  const models = [task?.model ?? []].flat();
  const { data } = useFresh<Values>(
    async (signal) => {
      const [known, datasets] = await Promise.all([
        api.get<ModelList>("/models", { signal }),
        api.get<DatasetList>("/datasets", { signal }),
      ]);
      const parts = [
        ...known.models.filter(({ name }) => models.includes(name)).flatMap(({ parameters }) => parameters),
        ...known.training,
        ...datasets.datasets.filter(({ name }) => name === task?.dataset).flatMap(({ parameters }) => parameters),
      ];
      return Object.fromEntries(
        parts.flatMap(({ name, default: value }) => (isValue(value) && value !== null ? [[name, value] as const] : [])),
      );
    },
    `defaults ${models.join()} ${task?.dataset ?? ""}`,
    null,
    { enabled: models.length > 0 },
  );
  return data ?? {};
}

/** The panel. */
export function ParametersPanel({ store, trial }: { readonly store: StudyStore; readonly trial: TrialDetail }) {
  const best = store.entry.value?.best?.number ?? null;
  const isOther = best !== null && best !== trial.number;
  const { data } = useFresh<JsonTrial>(
    (signal) => api.get<JsonTrial>(`${store.path}/trials/${best ?? 0}`, { signal }),
    `${store.name} best ${best ?? ""}`,
    null,
    {
      enabled: isOther,
    },
  );
  const others: Values = isOther ? (data?.params ?? {}) : {};
  const defaults = useDefaults(store);
  const names = [...new Set([...Object.keys(store.detail.value?.space ?? {}), ...Object.keys(trial.params)])];
  const hasDefaults = names.some((name) => defaults[name] !== undefined);
  const powers = powersOf(store.detail.value?.space);
  const cell = (values: Values, name: string) => (
    <td class={typeof values[name] === "number" ? "number" : "user"} title={String(values[name] ?? "")}>
      {values[name] === undefined ? "–" : paramText(values[name], 5, powers.has(name))}
    </td>
  );
  return (
    <section class="panel" aria-label="Parameters">
      <h2>Parameters</h2>
      <div
        class="scroll"
        tabIndex={0}
        role="region"
        aria-label="Parameters of this trial, the best one and the defaults"
      >
        <table>
          <thead>
            <tr>
              <th scope="col">parameter</th>
              <th scope="col" class="number">
                this trial
              </th>
              {isOther && (
                <th scope="col" class="number">
                  <Link to={paths.trial(store.name, best)}>best ({best})</Link>
                </th>
              )}
              {hasDefaults && (
                <th scope="col" class="number">
                  default
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {names.map((name) => (
              <tr key={name} class={isOther && others[name] !== trial.params[name] ? "differs" : ""}>
                <th scope="row" class="user">
                  {name}
                </th>
                {cell(trial.params, name)}
                {isOther && cell(others, name)}
                {hasDefaults && cell(defaults, name)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
