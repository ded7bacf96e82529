/** What pages ask of a study's columns, and the answers: the part of the columns' thread that knows no threads. */
import { csvLine } from "../csv.js";
import { valueText } from "../../../src/plots/number-text.js";
import { fieldsOf, findField, wordsOf } from "../filter/fields.js";
import type { FieldKind } from "../filter/fields.js";
import type { TrialFilter } from "../filter/filter.js";
import type { ExpressionProblem } from "../filter/expression.js";
import { numbersIn, select, sortNumbers } from "../filter/select.js";
import type { TrialOrder } from "../filter/select.js";
import type { Cell } from "./column.js";
import { ColumnStore } from "./column-store.js";
import { stateNames } from "./state-names.js";
import type { StateName } from "./state-names.js";
import type { ColumnRows, Columns } from "../api/types.js";
import { parallelLines } from "./parallel-lines.js";
import type { ParallelLines, ParallelRequest } from "./parallel-lines.js";
import { drawStudy } from "./study-plots.js";
import type { PlotRequest } from "./study-plots.js";
import { TrialRecords } from "./trial-records.js";
import type { WebPlot } from "./web-plot.js";

export { csvLine };

/** A field, for tables and pickers. */
export interface FieldInfo {
  readonly name: string;
  readonly kind: FieldKind;
  readonly group: "trial" | "objective" | "parameter" | "metric";
  /** Of an objective. */
  readonly direction?: "minimize" | "maximize";
  /** The choices of one that has few. */
  readonly words?: readonly string[];
}

/** Which trials pass a filter, in an order. */
export interface SelectedTrials {
  readonly revision: number;
  readonly numbers: Uint32Array<ArrayBuffer>;
  /** How many trials there are, and how many of them in each state. */
  readonly total: number;
  readonly states: Readonly<Record<StateName, number>>;
  readonly problem: ExpressionProblem | null;
  /** Ranges of fields that this study does not have. */
  readonly unknown: readonly string[];
}

/** Some trials as rows of a table. */
export interface TrialCells {
  readonly revision: number;
  /** A list a trial, a cell a field; null for a trial that there is not. */
  readonly rows: readonly (readonly Cell[] | null)[];
}

/** Points that a page draws as they are. */
export interface HistoryPoints {
  readonly revision: number;
  readonly total: number;
  readonly number: readonly number[];
  readonly value: readonly number[];
  readonly state: readonly StateName[];
  readonly best: readonly (readonly [number: number, value: number])[];
}

/** A trial under way. */
export interface RunningRow {
  readonly number: number;
  readonly attempt: number;
  readonly params: Readonly<Record<string, Cell>>;
  readonly started: number | null;
  readonly slot: number | null;
  readonly owner: string | null;
  readonly steps: number;
  readonly last_step: number | null;
  readonly last_value: number | null;
}

/** One study's columns and what is asked of them. */
export class StudyQueries {
  readonly name: string;
  readonly store = new ColumnStore();
  readonly #records = new TrialRecords(this.store);
  /** The last selections by what was asked, as long as nothing changes. */
  readonly #selected = new Map<string, SelectedTrials>();
  #selectedAt = -1;
  #isLoaded = false;

  constructor(name: string) {
    this.name = name;
  }

  /** Whether all trials came once: only then do rows that changed say what there is. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  load(columns: Columns): void {
    this.#records.forget(columns.reset ? null : columns.rows.number);
    this.store.load(columns);
    this.#isLoaded = true;
  }

  apply(changes: { readonly revision: number; readonly size?: number; readonly rows: ColumnRows }): void {
    if (!this.#isLoaded) throw new Error(`the trials of study "${this.name}" are not there: fetch them first`);
    // Fetched already.
    if (changes.revision <= this.store.revision) return;
    this.#records.forget(changes.rows.number);
    this.store.apply(changes);
  }

  fields(): FieldInfo[] {
    return fieldsOf(this.store).map((field) => {
      const direction = this.store.objectives.find(({ metric }) => metric === field.name)?.direction;
      const words = field.group === "parameter" || field.name === "state" ? wordsOf(field) : [];
      return {
        ...{ name: field.name, kind: field.kind, group: field.group },
        ...(field.group === "objective" && direction ? { direction } : {}),
        ...(words.length > 0 ? { words } : {}),
      };
    });
  }

  select(filter: TrialFilter, order: TrialOrder | null): SelectedTrials {
    if (this.#selectedAt !== this.store.version) this.#selected.clear();
    this.#selectedAt = this.store.version;
    const key = JSON.stringify([filter, order]);
    const known = this.#selected.get(key);
    if (known) return { ...known, numbers: known.numbers.slice() };
    const selection = select(this.store, filter);
    const inOrder = numbersIn(selection);
    const numbers = order === null ? inOrder : sortNumbers(this.store, inOrder, order);
    const counts = [0, 0, 0, 0, 0];
    for (let row = 0; row < this.store.size; row++) {
      const code = this.store.state[row] as number;
      if (code < counts.length) counts[code] = (counts[code] as number) + 1;
    }
    const states = Object.fromEntries(
      stateNames.map((state, code) => [state, counts[code]]),
    ) as SelectedTrials["states"];
    const { problem, unknown } = selection;
    const made = { revision: this.store.revision, numbers, total: this.store.size, states, problem, unknown };
    if (this.#selected.size < 4) this.#selected.set(key, { ...made, numbers: numbers.slice() });
    return made;
  }

  cells(numbers: readonly number[], fields: readonly string[]): TrialCells {
    const readers = this.#readers(fields);
    const { size, revision } = this.store;
    return { revision, rows: numbers.map((row) => (row < size ? readers.map((at) => at(row)) : null)) };
  }

  #readers(fields: readonly string[]): ((row: number) => Cell)[] {
    return fields.map((name) => {
      const found = findField(this.store, name);
      return "field" in found ? found.field.at : () => null;
    });
  }

  /** Trials as CSV, in pieces that a file is made of. */
  csv(filter: TrialFilter, order: TrialOrder | null, fields: readonly string[]): string[] {
    const readers = this.#readers(fields);
    const pieces = [csvLine(fields)];
    let lines: string[] = [];
    for (const row of this.select(filter, order).numbers) {
      lines.push(csvLine(readers.map((at) => at(row))));
      if (lines.length < 2000) continue;
      pieces.push(lines.join(""));
      lines = [];
    }
    return [...pieces, lines.join("")];
  }

  parallel(request: ParallelRequest): ParallelLines {
    return parallelLines(this.store, request);
  }

  /** While this stays the same, so do plots of the trials that pass a filter. */
  plotVersion(filter: TrialFilter): string {
    const { created, version, settled } = this.store;
    // A condition may be about steps and values of trials that run.
    const isByState = filter.where === "" && Object.keys(filter.ranges).length === 0;
    return `${created} ${isByState ? `settled ${settled}` : `any ${version}`}`;
  }

  plot(request: PlotRequest): WebPlot {
    return drawStudy({ name: this.name, store: this.store, records: this.#records }, request);
  }

  /** What each trial came to, in the order in which they finished, at most so many of them. */
  history(objective = 0, points = 4000): HistoryPoints {
    const { store } = this;
    const values = store.values[objective];
    const { finish_index: order, banned } = store.own;
    const rows: number[] = [];
    for (let row = 0; row < store.size; row++)
      if (Number.isFinite(values?.data[row] ?? NaN) && banned.data[row] !== 1) rows.push(row);
    rows.sort((a, b) => (order.at(a) ?? a) - (order.at(b) ?? b));
    const minimize = store.objectives[objective]?.direction !== "maximize";
    const best: [number, number][] = [];
    for (const row of rows) {
      const value = values?.data[row] as number;
      const last = best.at(-1);
      if (store.own.feasible.data[row] !== 0 && (!last || (minimize ? value < last[1] : value > last[1])))
        best.push([row, value]);
    }
    const every = Math.max(1, rows.length / points);
    const kept = new Set(best.map(([row]) => row));
    const shown = rows.filter((row, i) => Math.floor(i / every) !== Math.floor((i - 1) / every) || kept.has(row));
    return {
      ...{ revision: store.revision, total: rows.length, best, number: shown },
      value: shown.map((row) => values?.data[row] as number),
      state: shown.map((row) => store.stateOf(row) ?? "waiting"),
    };
  }

  running(): RunningRow[] {
    const { store } = this;
    const { own } = store;
    const rows: RunningRow[] = [];
    for (let row = 0; row < store.size; row++) {
      if (store.stateOf(row) !== "running") continue;
      const params = Object.fromEntries([...store.params].map(([name, column]) => [name, column.at(row)]));
      rows.push({
        ...{
          number: row,
          attempt: own.attempt.at(row) ?? 1,
          params,
          started: own.started.at(row),
          slot: own.slot.at(row),
        },
        ...{ owner: own.owner.at(row) as string | null, steps: own.steps.at(row) ?? 0 },
        ...{ last_step: own.last_step.at(row), last_value: own.last_value.at(row) },
      });
    }
    return rows;
  }
}

/** A value for people, as charts have it. */
export const cellText = (cell: Cell): string => (cell === null ? "" : String(valueText(cell)));
