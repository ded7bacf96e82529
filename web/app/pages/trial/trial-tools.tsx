/** What can be done with one trial, each beside the command that does the same. */
import { useState } from "preact/hooks";
import type { TrialDetail } from "../../api/types.js";
import { CommandLine } from "../../components/command-line.js";
import type { StudyStore } from "../../store/study-store.js";
import { annotate, commands, forEach, retry, stop } from "../../trial-actions/actions.js";
import { EnqueueDialog } from "../../trial-actions/enqueue-dialog.js";

/** What it takes. */
export interface TrialToolsProps {
  readonly store: StudyStore;
  readonly trial: TrialDetail;
  readonly onChange: () => void;
}

interface Tool {
  readonly title: string;
  readonly said: string;
  readonly act: (number: number) => Promise<unknown>;
  readonly command: string;
  readonly isDanger?: boolean;
}

function toolsOf(study: string, { number, state, annotation }: TrialDetail): Tool[] {
  const only = [number];
  return [
    annotation.banned
      ? {
          title: "Restore",
          said: "Restored",
          act: (n) => annotate(study, n, { banned: false }),
          command: commands.restore(study, only),
        }
      : {
          title: "Ban",
          said: "Banned",
          act: (n) => annotate(study, n, { banned: true }),
          command: commands.ban(study, only),
        },
    ...(state === "failed"
      ? [
          {
            title: "Retry",
            said: "Queued again:",
            act: (n: number) => retry(study, n),
            command: commands.retry(study, only),
          },
        ]
      : []),
    ...(state === "running" || state === "waiting"
      ? [
          {
            title: state === "running" ? "Stop" : "Cancel",
            said: "Stopped",
            act: (n: number) => stop(study, n),
            command: commands.stop(study, only),
            isDanger: true,
          },
        ]
      : []),
  ];
}

/** The tools. */
export function TrialTools({ store, trial, onChange }: TrialToolsProps) {
  const [isBusy, setBusy] = useState(false);
  const [isEnqueuing, setEnqueuing] = useState(false);
  const tools = toolsOf(store.name, trial);
  const use = async ({ said, act }: Tool): Promise<void> => {
    setBusy(true);
    await forEach([trial.number], said, act);
    setBusy(false);
    onChange();
  };
  return (
    <div class="trial-actions">
      <div class="actions" role="toolbar" aria-label="Trial">
        <button type="button" class="primary" onClick={() => setEnqueuing(true)}>
          Edit and enqueue
        </button>
        {tools.map((tool) => (
          <button
            key={tool.title}
            type="button"
            class={tool.isDanger ? "danger" : ""}
            disabled={isBusy}
            onClick={() => void use(tool)}
          >
            {tool.title}
          </button>
        ))}
      </div>
      <details class="commands">
        <summary>From the command line</summary>
        <CommandLine
          command={[...tools.map(({ command }) => command), commands.again(store.name, [trial.number])].join("\n")}
        />
      </details>
      {isEnqueuing && (
        <EnqueueDialog
          study={store.name}
          space={store.detail.value?.space ?? {}}
          from={{ number: trial.number, params: trial.params }}
          onClose={() => setEnqueuing(false)}
          onDone={onChange}
        />
      )}
    </div>
  );
}
