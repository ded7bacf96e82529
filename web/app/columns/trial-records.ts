/** Trials as records, made of the columns when a plot asks for them: with what plots look at, and nothing else. */
import { blankTrial } from "../../../src/core/trial.js";
import type { Params, ParamValue, Trial } from "../../../src/core/index.js";
import type { ColumnStore } from "./column-store.js";
import type { NumberColumn, TextColumn } from "./column.js";

/** What the records of all trials have in common. */
const blank = blankTrial(0);

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

/**
 * The last report, of one that is not complete: of the others nobody looks at it.
 */
function intermediateOf({ own }: ColumnStore, row: number): Trial["intermediate"] {
  const lastStep = own.last_step.at(row);
  return lastStep === null ? blank.intermediate : [[lastStep, own.last_value.at(row) ?? NaN]];
}

function metricsOf({ metrics }: ColumnStore, row: number): Trial["metrics"] {
  if (metrics.size === 0) return blank.metrics;
  const best: Record<string, number> = {};
  for (const [name, column] of metrics) {
    const value = column.at(row);
    if (value !== null) best[name] = value;
  }
  return { best };
}

/** A record with some fields of its own, and the others of one that has nothing. */
export const recordWith = (fields: Partial<Trial>): Trial => Object.assign(Object.create(blank) as Trial, fields);

type Named = readonly (readonly [string, NumberColumn | TextColumn])[];

/**
 * What makes records of a study. They read the columns when they are read: as objects with all of it a hundred thousand of them
 * would take more than the columns do, and most plots look at little.
 */
function recordsOf(store: ColumnStore): new (row: number, params: Named) => Trial {
  class ColumnTrial {
    readonly number: number;
    readonly state: Trial["state"];
    readonly finish_index: number | null;
    /** Columns until somebody asks for them; then plots ask again and again, a parameter at a time. */
    kept: Named | Params;

    constructor(row: number, params: Named) {
      this.number = row;
      this.state = store.stateOf(row) ?? "waiting";
      this.finish_index = store.own.finish_index.at(row);
      this.kept = params;
    }

    get params(): Params {
      if (Array.isArray(this.kept)) this.kept = paramsOf(this.kept as Named, this.number);
      return this.kept as Params;
    }
    get values(): Trial["values"] {
      const { number: row } = this;
      return this.state === "complete" ? store.values.map((column) => column.at(row) ?? NaN) : null;
    }
    get intermediate(): Trial["intermediate"] {
      return this.state === "complete" ? blank.intermediate : intermediateOf(store, this.number);
    }
    get constraints(): Trial["constraints"] {
      return constraintsOf(store, this.number);
    }
    get seconds(): number | null {
      return store.own.seconds.at(this.number);
    }
    get spread(): number | null {
      return store.own.spread.at(this.number);
    }
    get metrics(): Trial["metrics"] {
      return metricsOf(store, this.number);
    }
  }
  Object.setPrototypeOf(ColumnTrial.prototype, blank);
  return ColumnTrial as unknown as new (row: number, params: Named) => Trial;
}

/** Records by number, kept until their rows change. */
export class TrialRecords {
  readonly #store: ColumnStore;
  readonly #Record: new (row: number, params: Named) => Trial;
  #records: (Trial | undefined)[] = [];

  constructor(store: ColumnStore) {
    this.#store = store;
    this.#Record = recordsOf(store);
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
    for (const row of rows) records.push((this.#records[row] ??= new this.#Record(row, params)));
    return records;
  }
}
