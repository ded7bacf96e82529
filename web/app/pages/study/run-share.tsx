/** How many places a run takes, and its weight against the other studies', changed while it goes on. */
import { useState } from "preact/hooks";
import type { Run, RunChange } from "../../api/types.js";
import { CommandLine } from "../../components/command-line.js";
import { Field } from "../../components/field.js";
import type { StudyStore } from "../../store/study-store.js";
import { studyCommand } from "../../study-command.js";
import { changeRun } from "./change-run.js";

/** What it takes. */
export interface RunShareProps {
  readonly store: StudyStore;
  readonly run: Run;
}

/** The form; under it the command that does the same. */
export function RunShare({ store, run }: RunShareProps) {
  const [workers, setWorkers] = useState<string | null>(null);
  const [weight, setWeight] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const shown = { workers: workers ?? run.workers?.toString() ?? "", weight: weight ?? String(run.weight) };
  const places = shown.workers.trim() === "" ? null : Number(shown.workers);
  const isPlaces = places === null || (Number.isInteger(places) && places >= 1);
  const share = Number(shown.weight);
  const isShare = share > 0 && Number.isFinite(share);
  const change: RunChange = {
    ...(places === run.workers ? {} : { workers: places }),
    ...(share === run.weight ? {} : { weight: share }),
  };
  const isChanged = Object.keys(change).length > 0;
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    void changeRun(store, change, "Changed").finally(() => {
      setBusy(false);
      setWorkers(null);
      setWeight(null);
    });
  };
  const isRight = isPlaces && isShare;
  return (
    <form class="fields" onSubmit={submit} aria-label="Places and weight">
      <Field
        label="Places"
        value={shown.workers}
        onInput={setWorkers}
        placeholder="all"
        inputMode="numeric"
        problem={isPlaces ? undefined : "a whole number from 1, or nothing for all"}
      />
      <Field
        label="Weight"
        value={shown.weight}
        onInput={setWeight}
        inputMode="decimal"
        problem={isShare ? undefined : "a number above 0"}
      />
      <button type="submit" disabled={busy || !isChanged || !isRight}>
        Change
      </button>
      {isRight && (
        <details class="commands whole">
          <summary>Places and weight from the command line</summary>
          <CommandLine
            command={studyCommand("set-share", store.name, "--workers", places ?? "all", "--weight", share)}
          />
        </details>
      )}
    </form>
  );
}
