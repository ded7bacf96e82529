/** What can be done with a study as a whole: put away, brought back, deleted. */
import { useState } from "preact/hooks";
import { api, messageOf } from "../../api/client.js";
import type { StudyEntry } from "../../api/types.js";
import { announce } from "../../components/announce.js";
import { pathOf } from "../../paths.js";
import { may } from "../../session.js";
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
  if (!may("run")) return null;
  const { name } = entry;
  const isArchived = entry.archived_at !== null;
  const archive = (): void => {
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
      <button
        type="button"
        class="quiet"
        aria-label={`${isArchived ? "Unarchive" : "Archive"} ${name}`}
        onClick={archive}
      >
        {isArchived ? "Unarchive" : "Archive"}
      </button>
      <button type="button" class="quiet" aria-label={`Delete ${name}`} onClick={() => setDeleting(true)}>
        Delete
      </button>
      {isDeleting && <DeleteStudy entry={entry} onClose={() => setDeleting(false)} onDeleted={onDeleted} />}
    </span>
  );
}
