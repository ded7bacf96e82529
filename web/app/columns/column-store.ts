/** A study's trials in columns: read whole once, and kept up to date by the rows that changed. */
import type { Distribution, SearchSpace, StudyObjective } from "../../../src/core/index.js";
import { FlagColumn, NumberColumn, roomFor, TextColumn } from "./column.js";
import type { Cell, Column } from "./column.js";
import { stateCodes, stateNames } from "./state-names.js";
import type { StateName } from "./state-names.js";
import type { ColumnRows, Columns, WordColumn } from "../api/types.js";

/** No row has come for a trial that there must be. */
const UNKNOWN = 255;

/** The fields that every study has, and how they are kept. */
const ownColumns = () => ({
  started: new NumberColumn(),
  finished: new NumberColumn(),
  seconds: new NumberColumn(),
  finish_index: new NumberColumn(),
  attempt: new NumberColumn(),
  steps: new NumberColumn(),
  last_step: new NumberColumn(),
  last_value: new NumberColumn(),
  spread: new NumberColumn(),
  violation: new NumberColumn(),
  slot: new NumberColumn(),
  retry_of: new NumberColumn(),
  feasible: new FlagColumn(),
  banned: new FlagColumn(),
  owner: new TextColumn(),
  failure: new TextColumn(),
});
/** A field that every study has. */
export type OwnColumn = keyof ReturnType<typeof ownColumns>;

/** Whether a parameter's values are kept as numbers. */
function isNumeric(distribution: Distribution | undefined, values: readonly Cell[]): boolean {
  if (distribution) return distribution.type !== "categorical";
  return values.every((value) => value === null || typeof value === "number");
}

/** Whether null is a choice. One that has a condition too is null where it is not there: that can't be told apart. */
const hasNull = (distribution: Distribution | undefined): boolean =>
  distribution?.type === "categorical" && distribution.choices.includes(null) && !distribution.when;

const fromDict = ({ dict, index }: WordColumn, i: number): string | null => dict[index[i] as number] ?? null;

/** All trials of a study; a trial's row is its number. */
export class ColumnStore {
  /** Up to which event of the study this is. */
  revision = 0;
  /** When the study was made: another one may have its name later. */
  created = "";
  /** How many trials there are. */
  size = 0;
  /** Rises with every change. */
  version = 0;
  /** Rises with every change but the steps of trials that run. */
  settled = 0;
  objectives: readonly StudyObjective[] = [];
  space: SearchSpace = {};
  state = new Uint8Array(0);
  own = ownColumns();
  /** One an objective. */
  values: NumberColumn[] = [];
  readonly params = new Map<string, NumberColumn | TextColumn>();
  readonly metrics = new Map<string, NumberColumn>();
  readonly tags = new Map<number, readonly string[]>();
  readonly notes = new Set<number>();

  /** Takes what `GET …/columns` says: all trials, or those that changed. */
  load({ reset, created_at, objectives, parameters, ...rest }: Columns): void {
    if (reset) this.clear();
    this.created = created_at;
    this.objectives = objectives;
    // The columns say it in the words of the study file.
    this.space = parameters as SearchSpace;
    this.apply(rest);
  }

  /** Takes rows that changed. */
  apply({ revision, size, rows }: { revision: number; size?: number; rows: ColumnRows }): void {
    const last = rows.number.at(-1) ?? -1;
    this.#reserve(Math.max(this.size, size ?? 0, last + 1));
    this.#addColumns(rows);
    if (this.#isSettling(rows)) this.settled++;
    rows.number.forEach((row, i) => {
      this.state[row] = rows.state[i] as number;
    });
    this.#fill(rows);
    this.revision = Math.max(this.revision, revision);
    this.version++;
  }

  clear(): void {
    [this.revision, this.size, this.state, this.values] = [0, 0, new Uint8Array(0), []];
    this.own = ownColumns();
    for (const kept of [this.params, this.metrics, this.tags, this.notes]) kept.clear();
    this.version++;
    this.settled++;
  }

  /** Every column there is. */
  *columns(): Generator<Column> {
    yield* Object.values(this.own);
    yield* this.values;
    yield* this.params.values();
    yield* this.metrics.values();
  }

  stateOf(row: number): StateName | null {
    return stateNames[this.state[row] as number] ?? null;
  }

  /** What the arrays take. */
  get bytes(): number {
    return [...this.columns()].reduce((sum, column) => sum + column.bytes, this.state.byteLength);
  }

  /** Whether rows say more than that trials which run have run on. */
  #isSettling({ number, state, banned }: ColumnRows): boolean {
    return number.some(
      (row, i) =>
        state[i] !== stateCodes.running ||
        this.state[row] !== stateCodes.running ||
        this.own.banned.at(row) !== (banned[i] ?? null),
    );
  }

  #reserve(size: number): void {
    if (size > this.state.length) {
      const grown = new Uint8Array(roomFor(size)).fill(UNKNOWN);
      grown.set(this.state);
      this.state = grown;
    }
    this.size = size;
    while (this.values.length < this.objectives.length) this.values.push(new NumberColumn());
    for (const column of this.columns()) column.reserve(size);
  }

  /** Parameters and metrics that occur for the first time, and parameters whose values turn out to be no numbers. */
  #addColumns({ params, metrics }: ColumnRows): void {
    for (const name of Object.keys(this.space)) if (!this.params.has(name)) this.#addParameter(name, []);
    for (const [name, values] of Object.entries(params)) {
      const known = this.params.get(name);
      if (known === undefined) this.#addParameter(name, values);
      else if (known.kind === "number" && values.some((value) => value !== null && typeof value !== "number"))
        this.#addParameter(name, values, known);
    }
    for (const name of Object.keys(metrics)) {
      if (this.metrics.has(name)) continue;
      const column = new NumberColumn();
      column.reserve(this.size);
      this.metrics.set(name, column);
    }
  }

  #addParameter(name: string, values: readonly Cell[], before?: NumberColumn): void {
    const numeric = before === undefined && isNumeric(this.space[name], values);
    const column = numeric ? new NumberColumn() : new TextColumn(hasNull(this.space[name]));
    column.reserve(this.size);
    if (before) for (let row = 0; row < this.size; row++) column.set(row, before.at(row));
    this.params.set(name, column);
  }

  #fill(rows: ColumnRows): void {
    const { number } = rows;
    const put = (column: Column, value: (i: number) => Cell | undefined): void =>
      number.forEach((row, i) => column.set(row, value(i)));
    const { owner, failure, ...plain } = this.own;
    for (const [name, column] of Object.entries(plain)) {
      const given = rows[name as keyof typeof plain] as readonly Cell[] | undefined;
      put(column, (i) => given?.[i]);
    }
    put(owner, (i) => fromDict(rows.owner, i));
    put(failure, (i) => fromDict(rows.failure, i));
    this.values.forEach((column, objective) => put(column, (i) => rows.values[objective]?.[i]));
    for (const [name, column] of this.params) put(column, (i) => rows.params[name]?.[i]);
    for (const [name, column] of this.metrics) put(column, (i) => rows.metrics[name]?.[i]);
    const noted = new Set(rows.notes);
    for (const row of number) {
      const tags = rows.tags[row];
      if (tags && tags.length > 0) this.tags.set(row, tags);
      else this.tags.delete(row);
      if (noted.has(row)) this.notes.add(row);
      else this.notes.delete(row);
    }
  }
}
