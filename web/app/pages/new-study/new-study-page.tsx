/** Makes a study: over a model of ours, or for trials that are run elsewhere. */
import { useMemo, useState } from "preact/hooks";
import { api, messageOf } from "../../api/client.js";
import type { StudyEntry, StudyPlan } from "../../api/types.js";
import { announce } from "../../components/announce.js";
import { Field } from "../../components/field.js";
import { ErrorBox, Loading } from "../../components/messages.js";
import { navigate, paths } from "../../router.js";
import { may, server } from "../../session.js";
import { loadRegistries, parametersOf } from "../../store/registries.js";
import type { Registries } from "../../store/registries.js";
import { useFresh } from "../../store/use-fresh.js";
import { ComponentFields } from "./component-fields.js";
import { firstForm, requestOf } from "./form-state.js";
import type { StudyForm } from "./form-state.js";
import { ObjectiveFields } from "./objective-fields.js";
import { ParameterTable } from "./parameter-table.js";
import { PlanPanel } from "./plan-panel.js";
import { SpaceEditor } from "./space-editor.js";

type Change = (change: Partial<StudyForm>) => void;

interface PartProps {
  readonly form: StudyForm;
  readonly change: Change;
  readonly registries: Registries;
}

function Task({ form, change, registries }: PartProps) {
  const toggle = (name: string, isChosen: boolean): void =>
    change({ models: isChosen ? [...form.models, name] : form.models.filter((one) => one !== name) });
  const dataset = registries.datasets.find(({ name }) => name === form.dataset);
  return (
    <>
      <fieldset>
        <legend>Model</legend>
        <div class="choices">
          {registries.models.models.map(({ name, summary }) => (
            <label key={name} class="check" title={summary}>
              <input
                type="checkbox"
                checked={form.models.includes(name)}
                onChange={({ currentTarget: { checked } }) => toggle(name, checked)}
              />
              {name}
            </label>
          ))}
        </div>
        <p class="hint">Several make the model a parameter that is searched.</p>
      </fieldset>
      <label class="field">
        Dataset
        <select value={form.dataset} onChange={({ currentTarget: { value } }) => change({ dataset: value })}>
          {registries.datasets.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        {dataset && <span class="hint user">{dataset.summary}</span>}
      </label>
    </>
  );
}

const groups = [
  ["model.", "Model's parameters"],
  ["train.", "Training"],
  ["data.", "Data"],
] as const;

function Parameters({ form, change, registries }: PartProps) {
  const all = parametersOf(registries, form.models, form.dataset);
  const paths = server.value?.capabilities["allow"] === true;
  const shown = all.filter(({ is_path }) => paths || !is_path);
  const set = (name: string, choice: StudyForm["choices"][string]): void =>
    change({ choices: { ...form.choices, [name]: choice } });
  const other = shown.filter(({ name }) => !groups.some(([prefix]) => name.startsWith(prefix)));
  return (
    <fieldset>
      <legend>Parameters</legend>
      {groups.map(([prefix, title]) => (
        <ParameterTable
          key={prefix}
          title={title}
          parameters={shown.filter(({ name }) => name.startsWith(prefix))}
          choices={form.choices}
          onChange={set}
        />
      ))}
      <ParameterTable title="Others" parameters={other} choices={form.choices} onChange={set} />
      {shown.length < all.length && (
        <p class="hint">Files and folders can be named here only where the service was started with --allow.</p>
      )}
    </fieldset>
  );
}

function More({ form, change }: PartProps) {
  return (
    <details>
      <summary>More</summary>
      <div class="stack">
        <label class="field">
          Constraints, one a line
          <textarea
            rows={2}
            placeholder="parameters <= 50000"
            value={form.constraints}
            onInput={({ currentTarget: { value } }) => change({ constraints: value })}
          />
        </label>
        <div class="fields">
          {form.kind === "model" && (
            <>
              <Field
                label="Folds"
                value={form.folds}
                onInput={(folds) => change({ folds })}
                placeholder="none, cells, or a number"
              />
              <Field
                label="Seeds a trial"
                value={form.seeds}
                onInput={(seeds) => change({ seeds })}
                placeholder="1"
                inputMode="numeric"
              />
            </>
          )}
          <Field
            label="Seed of the study"
            value={form.seed}
            onInput={(seed) => change({ seed })}
            placeholder="drawn"
            inputMode="numeric"
          />
        </div>
      </div>
    </details>
  );
}

const kinds = [
  ["model", "Train a model of this package"],
  ["outside", "Trials run by your own scripts"],
] as const;

function Form({ form, change, registries }: PartProps) {
  return (
    <>
      <fieldset>
        <legend>What the trials run</legend>
        <div class="choices">
          {kinds.map(([kind, text]) => (
            <label key={kind} class="check">
              <input type="radio" name="kind" checked={form.kind === kind} onChange={() => change({ kind })} />
              {text}
            </label>
          ))}
        </div>
      </fieldset>
      <Field
        label="Name"
        value={form.name}
        onInput={(name) => change({ name })}
        placeholder={form.kind === "model" ? `${form.models.join("-") || "model"}-${form.dataset}` : "my-script"}
      />
      {form.kind === "model" && <Task {...{ form, change, registries }} />}
      <ObjectiveFields
        objectives={form.objectives}
        metrics={form.kind === "model" ? registries.models.metrics : []}
        onChange={(objectives) => change({ objectives })}
      />
      {form.kind === "model" ? (
        <Parameters {...{ form, change, registries }} />
      ) : (
        <SpaceEditor space={form.outside} onChange={(outside) => change({ outside })} />
      )}
      <div class="fields two">
        <ComponentFields
          label="Sampler"
          entries={registries.samplers}
          value={form.sampler}
          onChange={(sampler) => change({ sampler })}
        />
        <ComponentFields
          label="Pruner"
          entries={registries.pruners}
          value={form.pruner}
          onChange={(pruner) => change({ pruner })}
        />
      </div>
      <More {...{ form, change, registries }} />
    </>
  );
}

function Ready({ registries }: { readonly registries: Registries }) {
  const [form, setForm] = useState<StudyForm>(firstForm);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const change: Change = (some) => {
    setProblem(null);
    setForm((before) => ({ ...before, ...some }));
  };
  const request = useMemo(
    () =>
      requestOf(form, {
        parameters: parametersOf(registries, form.models, form.dataset),
        ...{ samplers: registries.samplers, pruners: registries.pruners },
      }),
    [form, registries],
  );
  const { data, error, isLoading } = useFresh<StudyPlan>(
    (signal) => api.post<StudyPlan>("/studies", { ...request, dry_run: true }, { signal }),
    "plan",
    JSON.stringify(request),
    { everyMs: 500 },
  );
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    api
      .post<StudyEntry>("/studies", request)
      .then(({ name }) => {
        announce(`Study "${name}" is made`);
        navigate(paths.study(name));
      })
      .catch((reason: unknown) => {
        setProblem(messageOf(reason));
        setBusy(false);
      });
  };
  return (
    <form class="new-study" onSubmit={submit}>
      <div class="panel stack">
        <Form {...{ form, change, registries }} />
        {problem !== null && <ErrorBox error={problem} />}
        <div class="actions">
          <button type="submit" class="primary" disabled={busy}>
            Create study
          </button>
          {busy && <span role="status">Creating; data and model are checked first …</span>}
        </div>
      </div>
      <PlanPanel plan={error === null ? data : null} error={error} isLoading={isLoading} />
    </form>
  );
}

/** The page. */
export function NewStudyPage() {
  const { data, error, refetch } = useFresh<Registries>(() => loadRegistries(), "registries");
  return (
    <>
      <div class="title-row">
        <h1>New study</h1>
      </div>
      {!may("run") && <p class="warn">This token may only look: it makes no studies.</p>}
      {error !== null && <ErrorBox error={error} onRetry={refetch} />}
      {data ? <Ready registries={data} /> : error === null && <Loading what="models and datasets" />}
    </>
  );
}
