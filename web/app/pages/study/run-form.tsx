/** The form that starts a run. */
import { useState } from "preact/hooks";
import { api, messageOf } from "../../api/client.js";
import type { Run } from "../../api/types.js";
import { announce } from "../../components/announce.js";
import { CommandLine } from "../../components/command-line.js";
import { Field } from "../../components/field.js";
import { ErrorBox } from "../../components/messages.js";
import type { StudyEntry } from "../../api/types.js";
import type { StudyStore } from "../../store/study-store.js";
import { firstFields, optimizeCommand, runRequestOf } from "./run-words.js";
import type { RunFields } from "./run-words.js";

/** What it takes. */
export interface RunFormProps {
  readonly store: StudyStore;
  readonly entry: StudyEntry;
}

const isGoal = (text: string): text is RunFields["goal"] => ["trials", "total_trials", "none"].includes(text);

/** The form; under it the command that does the same. */
export function RunForm({ store, entry }: RunFormProps) {
  const [fields, setFields] = useState<RunFields>(firstFields);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const checked = runRequestOf(fields);
  const wrong = "wrong" in checked ? checked.wrong : {};
  const set = (key: keyof RunFields) => (value: string) => setFields({ ...fields, [key]: value });
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!("request" in checked)) return;
    setBusy(true);
    setProblem(null);
    api
      .post<Run>(`${store.path}/run`, checked.request)
      .then(() => announce("Started"))
      .catch((error: unknown) => setProblem(messageOf(error)))
      .finally(() => {
        setBusy(false);
        void store.refresh();
      });
  };
  return (
    <form class="stack" onSubmit={submit} aria-label="Start a run">
      <div class="fields">
        <label class="field">
          Goal
          <select
            value={fields.goal}
            onChange={({ currentTarget: { value } }) => isGoal(value) && setFields({ ...fields, goal: value })}
          >
            <option value="trials">more trials</option>
            <option value="total_trials">trials in all</option>
            <option value="none">no number</option>
          </select>
        </label>
        {fields.goal !== "none" && (
          <Field label="Trials" value={fields.count} onInput={set("count")} problem={wrong.count} inputMode="numeric" />
        )}
        <Field
          label="Time limit"
          value={fields.timeout}
          onInput={set("timeout")}
          problem={wrong.timeout}
          placeholder="none"
        />
        {entry.kind !== "outside" && (
          <Field
            label="Time limit of a trial"
            value={fields.trialTimeout}
            onInput={set("trialTimeout")}
            problem={wrong.trialTimeout}
            placeholder="none"
          />
        )}
        <Field
          label="Places"
          value={fields.workers}
          onInput={set("workers")}
          problem={wrong.workers}
          placeholder="all"
          inputMode="numeric"
        />
        <Field
          label="Weight"
          value={fields.weight}
          onInput={set("weight")}
          problem={wrong.weight}
          placeholder="1"
          inputMode="decimal"
        />
      </div>
      <div class="actions">
        <button type="submit" class="primary" disabled={busy || !("request" in checked)}>
          Start
        </button>
        {entry.kind === "outside" && (
          <span class="muted">Its trials are run by whoever asks for them; the run says how many, and when.</span>
        )}
      </div>
      {problem !== null && <ErrorBox error={problem} />}
      {"request" in checked && (
        <details class="commands">
          <summary>From the command line</summary>
          <CommandLine command={optimizeCommand(store.name, checked.request, entry.kind)} />
        </details>
      )}
    </form>
  );
}
