/** What can be done with a study as a whole: put away, brought back, deleted. */
import { useState } from "preact/hooks";
import { api, messageOf } from "../../api/client.js";
import type { StudyEntry } from "../../api/types.js";
import { announce } from "../../components/announce.js";
import { CommandLine } from "../../components/command-line.js";
import { Dialog } from "../../components/dialog.js";
import { pathOf } from "../../paths.js";
import { may } from "../../session.js";
import { studyCommand } from "../../study-command.js";
import { refreshStudies } from "../../store/studies-store.js";
import { DeleteStudy } from "./delete-study.js";

/** What it takes. */
export interface StudyMenuProps {
  readonly entry: StudyEntry;
  readonly onDeleted?: (() => void) | undefined;
}

/** Its buttons; nothing for those who may only look. */
export function StudyMenu({ entry, onDeleted }: StudyMenuProps) {
  const [isDeleting, setDeleting] = useState(false);
  const [isArchiving, setArchiving] = useState(false);
  if (!may("run")) return null;
  const { name } = entry;
  const isArchived = entry.archived_at !== null;
  const verb = isArchived ? "Unarchive" : "Archive";
  const archive = (): void => {
    setArchiving(false);
    api.patch(pathOf("studies", name), { archived: !isArchived }).then(
      () => {
        announce(`Study "${name}" is ${isArchived ? "back" : "archived"}`);
        void refreshStudies();
      },
      (error: unknown) => announce(messageOf(error), "problem"),
    );
  };
  return (
    <span class="actions tight">
      <button type="button" class="quiet" aria-label={`${verb} ${name}`} onClick={() => setArchiving(true)}>
        {verb}
      </button>
      <button type="button" class="quiet" aria-label={`Delete ${name}`} onClick={() => setDeleting(true)}>
        Delete
      </button>
      {isArchiving && (
        <Dialog title={`${verb} study`} onClose={() => setArchiving(false)}>
          <div class="stack">
            <p>
              <strong class="user">{name}</strong>{" "}
              {isArchived
                ? "comes back to the list, and can be run again."
                : "is put away: lists leave it out and it is not run; everything of it is kept."}
            </p>
            <div class="actions">
              <button type="button" class="primary" onClick={archive}>
                {verb} study
              </button>
              <button type="button" onClick={() => setArchiving(false)}>
                Leave it
              </button>
            </div>
            <CommandLine command={studyCommand(["study", verb.toLowerCase()], name)} />
          </div>
        </Dialog>
      )}
      {isDeleting && <DeleteStudy entry={entry} onClose={() => setDeleting(false)} onDeleted={onDeleted} />}
    </span>
  );
}
