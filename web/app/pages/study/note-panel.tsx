/** The study's note, to read and to write. */
import { useState } from "preact/hooks";
import { api, messageOf } from "../../api/client.js";
import type { StudyEntry } from "../../api/types.js";
import { announce } from "../../components/announce.js";
import { CommandLine } from "../../components/command-line.js";
import { may } from "../../session.js";
import { studyCommand } from "../../study-command.js";
import type { StudyStore } from "../../store/study-store.js";

/** What it takes. */
export interface NotePanelProps {
  readonly store: StudyStore;
  readonly entry: StudyEntry;
}

/** The panel. */
export function NotePanel({ store, entry }: NotePanelProps) {
  const [text, setText] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const save = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    api
      .patch(store.path, { note: text ?? "" })
      .then(async () => {
        await store.refresh();
        setText(null);
        announce("The note is kept");
      })
      .catch((error: unknown) => announce(messageOf(error), "problem"))
      .finally(() => setBusy(false));
  };
  return (
    <section class="panel" aria-label="Note">
      <h2>Note</h2>
      {text === null ? (
        <>
          <p class={entry.note === "" ? "muted" : "note user"}>
            {entry.note === "" ? "Nothing is noted." : entry.note}
          </p>
          {may("run") && (
            <p>
              <button type="button" onClick={() => setText(entry.note)}>
                {entry.note === "" ? "Write a note" : "Change the note"}
              </button>
            </p>
          )}
        </>
      ) : (
        <form class="stack" onSubmit={save}>
          <textarea
            aria-label="Note"
            rows={5}
            value={text}
            onInput={({ currentTarget: { value } }) => setText(value)}
          />
          <div class="actions">
            <button type="submit" class="primary" disabled={busy}>
              Keep
            </button>
            <button type="button" onClick={() => setText(null)}>
              Leave as it was
            </button>
          </div>
          <details class="commands">
            <summary>From the command line</summary>
            <CommandLine command={studyCommand(["study", "note"], entry.name, text)} />
          </details>
        </form>
      )}
    </section>
  );
}
