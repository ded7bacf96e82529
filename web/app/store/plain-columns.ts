/** A study's trials in columns, held in the page's own thread. */
import { signal } from "@preact/signals";
import { api } from "../api/client.js";
import { finite } from "../api/numbers.js";
import { trialStates } from "../api/types.js";
import type { ColumnRows, Columns, StudyChanges, TrialState } from "../api/types.js";
import { oneAtATime } from "../live/catch-up.js";
import { pathOf } from "../paths.js";
import type { ColumnsStore, HistoryView, RunningTrial } from "./columns-store.js";

interface Row {
  readonly rows: ColumnRows;
  readonly at: number;
}

/** Opens them; nothing is fetched before the first `refresh`. */
export function openPlainColumns(study: string): ColumnsStore {
  const revision = signal<number | null>(null);
  const size = signal(0);
  const table = new Map<number, Row>();
  let minimize = true;

  const take = (rows: ColumnRows): void => rows.number.forEach((number, at) => table.set(number, { rows, at }));
  const refresh = oneAtATime(async () => {
    const since = revision.peek();
    const columns = await api.get<Columns>(`${pathOf("studies", study)}/columns`, { query: { since } });
    if (columns.reset || since === null) table.clear();
    minimize = columns.objectives[0]?.direction !== "maximize";
    take(columns.rows);
    size.value = columns.size;
    revision.value = columns.revision;
  });

  const history = async ({ objective = 0 } = {}): Promise<HistoryView> => {
    const shown: { number: number; value: number; state: TrialState; order: number }[] = [];
    for (const [number, { rows, at }] of table) {
      const value = finite(rows.values[objective]?.[at]);
      if (value === null || rows.banned[at]) continue;
      shown.push({
        number,
        value,
        state: trialStates[rows.state[at] ?? 0] ?? "waiting",
        order: rows.finish_index[at] ?? number,
      });
    }
    shown.sort((a, b) => a.order - b.order);
    const best: [number, number][] = [];
    for (const { number, value } of shown) {
      const last = best.at(-1);
      if (!last || (minimize ? value < last[1] : value > last[1])) best.push([number, value]);
    }
    return {
      ...{ revision: revision.peek() ?? 0, total: shown.length, best },
      number: shown.map(({ number }) => number),
      value: shown.map(({ value }) => value),
      state: shown.map(({ state }) => state),
    };
  };

  const running = async (): Promise<RunningTrial[]> =>
    [...table]
      .filter(([, { rows, at }]) => rows.state[at] === 1)
      .map(([number, { rows, at }]) => ({
        ...{ number, attempt: rows.attempt[at] ?? 1, started: rows.started[at] ?? null, slot: rows.slot[at] ?? null },
        params: Object.fromEntries(Object.entries(rows.params).map(([name, column]) => [name, column[at] ?? null])),
        owner: rows.owner.dict[rows.owner.index[at] ?? -1] ?? null,
        ...{
          steps: rows.steps[at] ?? 0,
          last_step: rows.last_step[at] ?? null,
          last_value: finite(rows.last_value[at]),
        },
      }))
      .sort((a, b) => a.number - b.number);

  return {
    ...{ revision, size, refresh, history, running },
    apply(changes: StudyChanges): void {
      const stands = revision.peek();
      if (stands === null || changes.revision <= stands) return;
      take(changes.rows);
      size.value = Math.max(size.peek(), ...changes.rows.number.map((number) => number + 1));
      revision.value = changes.revision;
    },
    close(): void {
      table.clear();
    },
  };
}
