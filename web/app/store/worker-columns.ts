/** A study's trials in columns, held in a thread of their own. */
import { signal } from "@preact/signals";
import type { StudyChanges } from "../api/types.js";
import { askColumns } from "../columns/columns-client.js";
import type { Standing } from "../columns/protocol.js";
import { oneAtATime } from "../live/catch-up.js";
import type { ColumnsStore } from "./columns-store.js";

/** Opens them; nothing is fetched before the first `refresh`. */
export function openColumns(study: string): ColumnsStore {
  const revision = signal<number | null>(null);
  const size = signal(0);
  let isClosed = false;
  const stands = (standing: Standing): void => {
    if (isClosed) return;
    size.value = standing.size;
    revision.value = standing.revision;
  };
  // What is asked for after the end would have the thread hold the study for good.
  const refresh = oneAtATime(async () => {
    if (!isClosed) stands(await askColumns("refresh", { study }));
  });
  // A thread that ended holds nothing.
  const drop = (): void => void askColumns("close", { study }).catch(() => {});
  return {
    ...{ revision, size, refresh },
    apply(changes: StudyChanges): void {
      if (isClosed || revision.peek() === null) return;
      const { revision: to, rows } = changes;
      askColumns("apply", { study, changes: { revision: to, rows } })
        .then(stands)
        // The thread ended, say: another one has all to fetch. What fails again is tried at the next change.
        .catch(refresh)
        .catch(() => {});
    },
    restart(): void {
      drop();
      revision.value = null;
      size.value = 0;
    },
    history: ({ objective = 0, points = 4000 } = {}) => askColumns("history", { study, objective, points }),
    running: () => askColumns("running", { study }),
    close(): void {
      isClosed = true;
      drop();
    },
  };
}
