/** A study's run: how far it is, and starting, pausing, resuming, stopping and cancelling it. */
import { useState } from "preact/hooks";
import type { Run, RunChange, StudyEntry } from "../../api/types.js";
import { CommandLine } from "../../components/command-line.js";
import { ownerText } from "../../components/state-badge.js";
import { StateBar } from "../../components/state-bar.js";
import { may } from "../../session.js";
import { studyCommand } from "../../study-command.js";
import type { StudyStore } from "../../store/study-store.js";
import { duration, plural, rateWords } from "../../words.js";
import { changeRun } from "./change-run.js";
import { RunForm } from "./run-form.js";
import { RunShare } from "./run-share.js";

/** What the parts of the panel take. */
export interface RunPanelProps {
  readonly store: StudyStore;
  readonly entry: StudyEntry;
}

const isUnderWay = (run: Run | null): run is Run & { readonly state: "running" | "paused" | "waiting" | "stopping" } =>
  run !== null && ["running", "paused", "waiting", "stopping"].includes(run.state);

function Figures({ entry: { counts, run, rate, counted } }: RunPanelProps) {
  const goal = run?.total_trials ?? null;
  return (
    <>
      <StateBar counts={counts} goal={isUnderWay(run) ? goal : null} />
      <dl class="figures">
        <div>
          <dt>Finished</dt>
          <dd>{goal !== null && isUnderWay(run) ? `${counted} of ${goal}` : plural(counted, "trial")}</dd>
        </div>
        <div>
          <dt>Rate</dt>
          <dd>{rateWords(rate.trials_per_minute)}</dd>
        </div>
        <div>
          <dt>Time left</dt>
          <dd>{rate.eta_s === null ? "-" : duration(rate.eta_s)}</dd>
        </div>
        {isUnderWay(run) && (
          <div>
            <dt>Places</dt>
            <dd>
              {run.places} held{run.workers === null ? "" : `, at most ${run.workers}`}
              {run.weight === 1 ? "" : `, weight ${run.weight}`}
            </dd>
          </div>
        )}
      </dl>
    </>
  );
}

/** Buttons while a run is under way, each with the command that does the same. */
function Buttons({ store, entry }: RunPanelProps) {
  const { run, name } = entry;
  const [busy, setBusy] = useState(false);
  if (!isUnderWay(run)) return null;
  const act = (change: RunChange, done: string): void => {
    setBusy(true);
    void changeRun(store, change, done).finally(() => setBusy(false));
  };
  const { state } = run;
  const commands = [
    state === "running" && (["Pause", studyCommand("pause", name)] as const),
    state === "paused" && (["Resume", studyCommand("resume", name)] as const),
    state !== "stopping" && (["Stop", studyCommand("stop", name)] as const),
    ["Cancel", studyCommand("cancel", name)] as const,
  ].filter((one) => one !== false);
  return (
    <>
      <div class="actions">
        {state === "running" && (
          <button
            type="button"
            class="primary"
            disabled={busy}
            onClick={() => act({ state: "paused" }, "Paused: no further trial starts")}
          >
            Pause
          </button>
        )}
        {state === "paused" && (
          <button type="button" class="primary" disabled={busy} onClick={() => act({ state: "running" }, "Resumed")}>
            Resume
          </button>
        )}
        {state !== "stopping" && (
          <button
            type="button"
            disabled={busy}
            title="Trials under way end, no further one starts"
            onClick={() => act({ state: "stopping" }, "Stopping: trials under way end")}
          >
            Stop
          </button>
        )}
        <button
          type="button"
          class="danger"
          disabled={busy}
          title="Trials under way go back to waiting, and begin anew in the next run"
          onClick={() => act({ state: "cancelled" }, "Cancelled: running trials are waiting again")}
        >
          Cancel
        </button>
      </div>
      <details class="commands">
        <summary>From the command line</summary>
        {commands.map(([title, command]) => (
          <div key={title}>
            <p class="hint">{title}</p>
            <CommandLine title={title} command={command} />
          </div>
        ))}
      </details>
      {state !== "stopping" && <RunShare store={store} run={run} />}
    </>
  );
}

function Elsewhere({ entry }: RunPanelProps) {
  return (
    <div class="stack">
      <p>
        It is being run <span class="user">{ownerText(entry)}</span>. It is shown live; what runs there is controlled
        from there, or with these commands:
      </p>
      {(["pause", "resume", "stop"] as const).map((command) => (
        <CommandLine key={command} title={command} command={studyCommand(command, entry.name)} />
      ))}
    </div>
  );
}

const endings: Readonly<Record<string, string>> = {
  finished: "The last run is finished",
  cancelled: "The last run was cancelled",
  failed: "The last run failed",
  waiting: "Waiting for room on the disk",
};

const reasons: Readonly<Record<string, string>> = {
  trials: "it ran its trials",
  "total-trials": "the study has as many trials as were asked for",
  timeout: "its time was over",
  patience: "no better value came for as long as was asked",
  target: "its target was reached",
  "max-failures": "too many trials failed",
  "space-exhausted": "every point of the space has been tried",
  interrupt: "it was interrupted",
  stop: "it was stopped",
};

function LastRun({ run }: { readonly run: Run | null }) {
  if (!run || (isUnderWay(run) && run.error === null)) return null;
  const { state, stopped_by, error } = run;
  return (
    <p class={error === null ? "muted" : "warn"} role="status">
      {endings[state]}
      {stopped_by !== null && state === "finished" && ` (${reasons[stopped_by] ?? stopped_by})`}
      {error !== null && <span class="user">: {error.message}</span>}
    </p>
  );
}

/** The panel. */
export function RunPanel({ store, entry }: RunPanelProps) {
  const { run, state } = entry;
  const control = (): preact.ComponentChildren => {
    if (state === "elsewhere") return <Elsewhere store={store} entry={entry} />;
    if (!may("run")) return null;
    if (isUnderWay(run)) return <Buttons store={store} entry={entry} />;
    if (state === "archived") return <p class="muted">An archived study is not run; unarchive it first.</p>;
    return <RunForm store={store} entry={entry} />;
  };
  return (
    <section class="panel run-panel" aria-label="Run">
      <div class="run-figures">
        <Figures store={store} entry={entry} />
        <LastRun run={run} />
      </div>
      <div class="run-control">{control()}</div>
    </section>
  );
}
