/** Makes a study: over a model of ours, over a program, or for trials that are run elsewhere. */
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
import { CommandFields } from "./command-fields.js";
import { ComponentFields } from "./component-fields.js";
import { fieldProblem } from "./form-problem.js";
import { firstForm, requestOf } from "./form-state.js";
import type { StudyForm } from "./form-state.js";
import { MoreFields } from "./more-fields.js";
import { ObjectiveFields } from "./objective-fields.js";
import { ParameterTable } from "./parameter-table.js";
import type { Change, PartProps } from "./part-props.js";
import { PlanPanel } from "./plan-panel.js";
import { SpaceEditor } from "./space-editor.js";

function Task({ form, change, registries }: PartProps) {
  const toggle = (name: string, isChosen: boolean): void =>
    change({ models: isChosen ? [...form.models, name] : form.models.filter((one) => one !== name) });
  const dataset = registries.datasets.find(({ name }) => name === form.dataset);
  const { presets } = registries.models;
  const preset = (name: string): void => {
    const { models, dataset: of } = presets.find((one) => one.name === name) ?? firstForm;
    change({ preset: name, models, dataset: of, choices: {} });
  };
  return (
    <>
      <label class="field">
        Preset
        <select value={form.preset} onChange={({ currentTarget: { value } }) => preset(value)}>
          <option value="">none</option>
          {presets.map(({ name, summary }) => (
            <option key={name} value={name}>
              {name}: {summary}
            </option>
          ))}
        </select>
        <span class="hint">A ready study; what is said below comes before what it says.</span>
      </label>
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

function Parameters({ form, change, registries, mayRun }: PartProps) {
  const all = parametersOf(registries, form.models, form.dataset);
  const shown = all.filter(({ is_path }) => mayRun || !is_path);
  const isPreset = form.preset !== "";
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
          {...{ isPreset, choices: form.choices, onChange: set }}
        />
      ))}
      <ParameterTable {...{ title: "Others", parameters: other, isPreset, choices: form.choices, onChange: set }} />
      {shown.length < all.length && (
        <p class="hint">Files and folders can be named here only where the service was started with --allow.</p>
      )}
    </fieldset>
  );
}

const kinds = [
  ["model", "Train a model of this package"],
  ["command", "Run a program for each trial"],
  ["outside", "Trials run by your own scripts"],
] as const;

/** What the study is called by itself, where it is. */
const guessedName = ({ kind, models, dataset }: StudyForm): string =>
  kind === "model" ? `${models.join("-") || "model"}-${dataset}` : kind === "command" ? "its file's" : "my-script";

function Form(props: PartProps) {
  const { form, change, registries, problemOf } = props;
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
        placeholder={guessedName(form)}
        problem={problemOf("name")}
      />
      {form.kind === "model" && <Task {...props} />}
      {form.kind === "command" && <CommandFields {...props} />}
      <ObjectiveFields
        objectives={form.objectives}
        metrics={form.kind === "model" ? registries.models.metrics : []}
        onChange={(objectives) => change({ objectives })}
      />
      {form.kind === "model" && <Parameters {...props} />}
      {form.kind === "outside" && <SpaceEditor space={form.outside} onChange={(outside) => change({ outside })} />}
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
      <MoreFields {...props} />
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
        ...{ samplers: registries.samplers, pruners: registries.pruners, presets: registries.models.presets },
      }),
    [form, registries],
  );
  const isEmpty = form.kind === "command" && form.command.trim() === "";
  const { data, error, isLoading } = useFresh<StudyPlan>(
    (signal) => api.post<StudyPlan>("/studies", { ...request, dry_run: true }, { signal }),
    "plan",
    JSON.stringify(request),
    { everyMs: 500, enabled: !isEmpty },
  );
  const refused = fieldProblem(isEmpty ? null : error);
  const problemOf: PartProps["problemOf"] = (field) => (refused?.field === field ? refused.message : undefined);
  const mayRun = server.value?.capabilities["allow"] === true;
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
        <Form {...{ form, change, registries, problemOf, mayRun }} />
        {problem !== null && <ErrorBox error={problem} />}
        <div class="actions">
          <button type="submit" class="primary" disabled={busy || isEmpty}>
            Create study
          </button>
          {busy && <span role="status">Creating; data and model are checked first …</span>}
        </div>
      </div>
      <PlanPanel
        plan={isEmpty || error !== null ? null : data}
        error={isEmpty ? null : error}
        {...{ isEmpty, isLoading }}
      />
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
