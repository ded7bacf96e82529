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
  const stands = (standing: Standing): void => {
    size.value = standing.size;
    revision.value = standing.revision;
  };
  return {
    ...{ revision, size },
    refresh: oneAtATime(async () => stands(await askColumns("refresh", { study }))),
    apply(changes: StudyChanges): void {
      if (revision.peek() === null) return;
      const { revision: to, rows } = changes;
      void askColumns("apply", { study, changes: { revision: to, rows } }).then(stands);
    },
    history: ({ objective = 0, points = 4000 } = {}) => askColumns("history", { study, objective, points }),
    running: () => askColumns("running", { study }),
    close(): void {
      void askColumns("close", { study });
    },
  };
}
