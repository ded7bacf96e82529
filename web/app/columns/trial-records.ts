/** Trials as records, made of the columns when a plot asks for them: with what plots look at, and nothing else. */
import { blankTrial } from "../../../src/core/trial.js";
import type { Params, ParamValue, Trial } from "../../../src/core/index.js";
import type { ColumnStore } from "./column-store.js";
import type { NumberColumn, TextColumn } from "./column.js";

/** What the records of all trials have in common. */
const blank = blankTrial(0);

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What a trial misses its constraints by, as one constraint; none where it has none. */
function constraintsOf({ own: { feasible, violation } }: ColumnStore, row: number): Trial["constraints"] {
  const isFeasible = feasible.at(row);
  if (isFeasible === null) return blank.constraints;
  return { violation: isFeasible ? 0 : (violation.at(row) ?? NaN) };
}

/** A trial's parameters: those that it has. */
function paramsOf(params: readonly (readonly [string, NumberColumn | TextColumn])[], row: number): Params {
  const own: Record<string, ParamValue> = {};
  for (const [name, column] of params) {
    if (column.kind === "number") {
      const value = column.data[row] as number;
      if (value === value) own[name] = value;
    } else if ((column.codes[row] as number) >= 0) own[name] = column.at(row);
  }
  return own;
}

/** Records by number, kept until their rows change. */
export class TrialRecords {
  readonly #store: ColumnStore;
  #records: (Trial | undefined)[] = [];

  constructor(store: ColumnStore) {
    this.#store = store;
  }

  /** Rows have changed; null: all may have. */
  forget(rows: readonly number[] | null): void {
    if (rows === null) this.#records = [];
    else for (const row of rows) this.#records[row] = undefined;
  }

  /** The records of some trials. */
  of(rows: Iterable<number>): Trial[] {
    const params = [...this.#store.params];
    const records: Trial[] = [];
    for (const row of rows) records.push((this.#records[row] ??= this.#make(row, params)));
    return records;
  }

  #make(row: number, params: readonly (readonly [string, NumberColumn | TextColumn])[]): Trial {
    const store = this.#store;
    const { own } = store;
    const record = Object.create(blank) as Writable<Trial>;
    record.number = row;
    record.state = store.stateOf(row) ?? "waiting";
    if (record.state === "complete") record.values = store.values.map((column) => column.at(row) ?? NaN);
    record.params = paramsOf(params, row);
    record.finish_index = own.finish_index.at(row);
    const lastStep = own.last_step.at(row);
    // Of one that is complete nobody looks at the last report.
    if (lastStep !== null && record.state !== "complete")
      record.intermediate = [[lastStep, own.last_value.at(row) ?? NaN]];
    record.constraints = constraintsOf(store, row);
    record.seconds = own.seconds.at(row);
    record.spread = own.spread.at(row);
    if (store.metrics.size > 0) {
      const best: Record<string, number> = {};
      for (const [name, column] of store.metrics) {
        const value = column.at(row);
        if (value !== null) best[name] = value;
      }
      record.metrics = { best };
    }
    return record;
  }
}
