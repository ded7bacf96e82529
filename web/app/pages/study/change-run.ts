/** Changes a run. */
import { api, messageOf } from "../../api/client.js";
import type { Run, RunChange } from "../../api/types.js";
import { announce } from "../../components/announce.js";
import type { StudyStore } from "../../store/study-store.js";

/** Says what came of it; resolves when the page shows it. */
export async function changeRun(store: StudyStore, change: RunChange, done: string): Promise<void> {
  try {
    await api.patch<Run>(`${store.path}/run`, change);
    announce(done);
  } catch (error) {
    announce(messageOf(error), "problem");
  }
  await store.refresh();
}
