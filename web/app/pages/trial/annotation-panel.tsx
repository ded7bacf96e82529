/** What people say about a trial: its note and its tags. */
import { useState } from "preact/hooks";
import { messageOf } from "../../api/client.js";
import type { TrialDetail } from "../../api/types.js";
import { announce } from "../../components/announce.js";
import { CommandLine } from "../../components/command-line.js";
import { may } from "../../session.js";
import { annotate, commands } from "../../trial-actions/actions.js";

/** What it takes. */
export interface AnnotationPanelProps {
  readonly study: string;
  readonly trial: TrialDetail;
  /** It was changed. */
  readonly onChange: () => void;
}

/** Tags as they are typed: with commas between them, each once. */
export const tagsOf = (text: string): string[] => [
  ...new Set(
    text
      .split(",")
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ""),
  ),
];

/** The panel. */
export function AnnotationPanel({ study, trial, onChange }: AnnotationPanelProps) {
  const { number, annotation } = trial;
  const [draft, setDraft] = useState<{ readonly note: string; readonly tags: string } | null>(null);
  const [isBusy, setBusy] = useState(false);
  const edit = (): void => setDraft({ note: annotation.note, tags: annotation.tags.join(", ") });
  const save = (event: Event): void => {
    event.preventDefault();
    if (!draft) return;
    setBusy(true);
    annotate(study, number, { note: draft.note, tags: tagsOf(draft.tags) })
      .then(() => {
        setDraft(null);
        announce("Note and tags are kept");
        onChange();
      })
      .catch((error: unknown) => announce(messageOf(error), "problem"))
      .finally(() => setBusy(false));
  };
  return (
    <section class="panel" aria-label="Note and tags">
      <h2>Note and tags</h2>
      {draft === null ? (
        <>
          <p class={annotation.note === "" ? "muted" : "note user"}>
            {annotation.note === "" ? "Nothing is noted." : annotation.note}
          </p>
          {annotation.tags.length > 0 && (
            <ul class="chips" aria-label="Tags">
              {annotation.tags.map((tag) => (
                <li key={tag} class="badge user">
                  {tag}
                </li>
              ))}
            </ul>
          )}
          {may("run") && (
            <p>
              <button type="button" onClick={edit}>
                Change
              </button>
            </p>
          )}
        </>
      ) : (
        <form class="stack" onSubmit={save}>
          <label class="param-field">
            Note
            <textarea
              rows={4}
              value={draft.note}
              onInput={({ currentTarget: { value } }) => setDraft({ ...draft, note: value })}
            />
          </label>
          <label class="param-field">
            Tags, with commas between them
            <input value={draft.tags} onInput={({ currentTarget: { value } }) => setDraft({ ...draft, tags: value })} />
          </label>
          <div class="actions">
            <button type="submit" class="primary" disabled={isBusy}>
              Keep
            </button>
            <button type="button" onClick={() => setDraft(null)}>
              Leave as it was
            </button>
          </div>
          <details class="commands">
            <summary>From the command line</summary>
            <CommandLine
              command={`${commands.note(study, number, draft.note)}\n${commands.tag(study, number, tagsOf(draft.tags))}`}
            />
          </details>
        </form>
      )}
    </section>
  );
}
