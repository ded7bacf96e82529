/** The list of studies behind a change. */
import type { ListChanges, StudyEntry } from "../api/types.js";

/** The list after a change. */
export function withChanges(
  entries: ReadonlyMap<string, StudyEntry>,
  { entries: changed, removed }: ListChanges,
): ReadonlyMap<string, StudyEntry> {
  const after = new Map(entries);
  for (const name of removed) after.delete(name);
  for (const entry of changed) {
    const known = after.get(entry.name);
    // An answer that was under way longer than a frame is older.
    if (known && known.created_at === entry.created_at && known.revision > entry.revision) continue;
    after.set(entry.name, entry);
  }
  return after;
}
