/** Deletes a study, once its name was typed. */
import { useState } from "preact/hooks";
import { api, messageOf } from "../../api/client.js";
import type { StudyEntry } from "../../api/types.js";
import { announce } from "../../components/announce.js";
import { CommandLine } from "../../components/command-line.js";
import { Dialog } from "../../components/dialog.js";
import { ErrorBox } from "../../components/messages.js";
import { pathOf } from "../../paths.js";
import { studyCommand } from "../../study-command.js";
import { refreshStudies } from "../../store/studies-store.js";
import { plural, trialsOf } from "../../words.js";

/** What it takes. */
export interface DeleteStudyProps {
  readonly entry: StudyEntry;
  readonly onClose: () => void;
  readonly onDeleted?: (() => void) | undefined;
}

/** The dialog. */
export function DeleteStudy({ entry, onClose, onDeleted }: DeleteStudyProps) {
  const { name, counts } = entry;
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    api.delete(pathOf("studies", name), { confirm: typed }).then(
      () => {
        announce(`Study "${name}" is deleted`);
        void refreshStudies();
        onClose();
        onDeleted?.();
      },
      (error: unknown) => {
        setProblem(messageOf(error));
        setBusy(false);
      },
    );
  };
  return (
    <Dialog title="Delete study" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <p>
          <strong class="user">{name}</strong> with {plural(trialsOf(counts), "trial")}, their logs and checkpoints is
          deleted from the disk. That can't be undone; archiving it hides it and keeps everything.
        </p>
        <label class="field">
          Type its name to delete it
          <input value={typed} autocomplete="off" onInput={({ currentTarget: { value } }) => setTyped(value)} />
        </label>
        {problem !== null && <ErrorBox error={problem} />}
        <div class="actions">
          <button type="submit" class="danger" disabled={typed !== name || busy}>
            Delete study
          </button>
          <button type="button" onClick={onClose}>
            Keep it
          </button>
        </div>
        <CommandLine command={studyCommand("delete-study", name)} />
      </form>
    </Dialog>
  );
}
