/** Which studies the list shows, and in which order. */
import { finite } from "../../api/numbers.js";
import type { StudyEntry } from "../../api/types.js";
import type { Sorting } from "../../components/sorting.js";
import { trialsOf } from "../../words.js";

/** What the list can be sorted by. */
const keys: Readonly<Record<string, (entry: StudyEntry) => number | string | null>> = {
  name: ({ name }) => name,
  state: ({ state }) => ["running", "elsewhere", "stopping", "waiting", "paused", "idle", "archived"].indexOf(state),
  trials: ({ counts }) => trialsOf(counts),
  best: ({ best }) => finite(best?.value),
  rate: ({ rate }) => rate.trials_per_minute,
  activity: ({ last_activity_at }) => last_activity_at,
};

/** What is looked for. */
export interface StudyListQuery {
  readonly search: string;
  readonly archived: boolean;
  readonly sorting: Sorting;
}

/** What the URL's query says; what it has that is unknown counts as absent. */
export function listQueryOf(query: URLSearchParams): StudyListQuery {
  const text = query.get("sort") ?? "-activity";
  const [descending, key] = text.startsWith("-") ? [true, text.slice(1)] : [false, text];
  return {
    search: query.get("q") ?? "",
    archived: query.get("archived") === "true",
    sorting: Object.hasOwn(keys, key) ? { key, descending } : { key: "activity", descending: true },
  };
}

const texts = ({ name, note, task, objectives, sampler }: StudyEntry): string =>
  [
    name,
    note,
    [task.model ?? []].flat().join(" "),
    task.dataset,
    sampler.name,
    ...objectives.map(({ metric }) => metric),
  ]
    .join("\n")
    .toLowerCase();

/** Every word must occur somewhere: in the name, note, model, dataset, metric or sampler. */
export function isFound(entry: StudyEntry, search: string): boolean {
  const text = texts(entry);
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** Those to be shown, in order; what has no value in the sorted column comes last either way. */
export function listed(entries: Iterable<StudyEntry>, { search, archived, sorting }: StudyListQuery): StudyEntry[] {
  const of = keys[sorting.key] ?? (() => null);
  const sign = sorting.descending ? -1 : 1;
  return [...entries]
    .filter((entry) => (entry.archived_at !== null) === archived && isFound(entry, search))
    .sort((a, b) => {
      const [x, y] = [of(a), of(b)];
      if (x === null || y === null) return x === y ? a.name.localeCompare(b.name) : x === null ? 1 : -1;
      const order = typeof x === "string" || typeof y === "string" ? String(x).localeCompare(String(y)) : x - y;
      return order === 0 ? a.name.localeCompare(b.name) : sign * order;
    });
}
