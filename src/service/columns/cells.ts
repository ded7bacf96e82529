/** The columns of some trials, each as a text: what stands in a cell, and how a column of cells is written. */
import { isFeasible, lastReport, violationOf } from "../../core/index.js";
import type { Annotation, Trial } from "../../core/index.js";
import { stateCodes } from "../schemas/values.js";

/** Texts that occur often, by their place. Only grows, so that blocks made earlier stay right. */
class Texts {
  readonly list: string[] = [];
  readonly #places = new Map<string, number>();

  /** The place of a text; -1 for none. */
  placeOf(text: string | null): number {
    if (text === null) return -1;
    let place = this.#places.get(text);
    if (place === undefined) {
      this.#places.set(text, (place = this.list.length));
      this.list.push(text);
    }
    return place;
  }
}

/** What the blocks of one answer share. */
export class Dictionaries {
  readonly owner = new Texts();
  readonly failure = new Texts();
}

/** The annotations of a study, by number. */
export type Annotations = ReadonlyMap<number, Annotation>;

/** What a cell says in JSON; a whole column of them is written at once, at a third of the price of each by itself. */
type Cell = unknown;

/** Of numbers that JSON has not, their names. */
function numberCell(value: number | null | undefined): number | string | null {
  if (value === null || value === undefined) return null;
  return Number.isFinite(value) ? value : `${value}`;
}

/** A column of some rows. */
export interface Column {
  readonly name: string;
  /** Its cells as they stand in an array, comma-separated. */
  readonly text: string;
  /** What tells a text that is one cell again and again from every other; null: it is not. */
  readonly repeats: string | null;
}

function columnOf(name: string, cells: readonly Cell[]): Column {
  const [first] = cells;
  const repeats = cells.length > 1 && cells.every((cell) => cell === first);
  if (!repeats) return { name, text: JSON.stringify(cells).slice(1, -1), repeats: null };
  const cell = JSON.stringify(first);
  return { name, ...repeated(cell, cells.length) };
}

/** One cell in so many rows. */
export function repeated(cell: string, rows: number): Pick<Column, "text" | "repeats"> {
  return { text: `${cell},`.repeat(rows).slice(0, -1), repeats: `${rows} ${cell}` };
}

const days = new Map<string, number>();

/** Milliseconds of a time; as every time here has one form, at a fifth of Date.parse's price. */
function timeCell(time: string | null): number | null {
  if (time === null) return null;
  if (time.length === 24 && time.charCodeAt(23) === 90) {
    const date = time.slice(0, 10);
    let day = days.get(date);
    if (day === undefined) {
      day = Date.parse(date);
      if (days.size < 4096) days.set(date, day);
    }
    const two = (at: number): number => 10 * time.charCodeAt(at) + time.charCodeAt(at + 1) - 528;
    const seconds = 3600 * two(11) + 60 * two(14) + two(17);
    const ms = day + 1000 * seconds + 10 * two(20) + time.charCodeAt(22) - 48;
    if (ms >= 0) return ms;
  }
  const ms = Date.parse(time);
  return Number.isFinite(ms) ? ms : null;
}

function valueCell(value: unknown): Cell {
  return typeof value === "number" ? numberCell(value) : (value ?? null);
}

const code = Object.fromEntries(stateCodes.map((state, i) => [state, i])) as Record<Trial["state"], number>;

/** A row as its columns look at it. */
interface Row {
  readonly trial: Trial;
  readonly last: ReturnType<typeof lastReport>;
  readonly annotation: Annotation | undefined;
  readonly isConstrained: boolean;
}

function hasKeys(record: object): boolean {
  for (const _key in record) return true;
  return false;
}

/** The columns that every row has, besides values, parameters, metrics and texts, in their order. */
export const plainColumns: readonly (readonly [name: string, cell: (row: Row) => Cell])[] = [
  ["number", ({ trial }) => trial.number],
  ["state", ({ trial }) => code[trial.state]],
  ["started", ({ trial }) => timeCell(trial.started_at)],
  ["finished", ({ trial }) => timeCell(trial.finished_at)],
  ["seconds", ({ trial }) => numberCell(trial.seconds)],
  ["finish_index", ({ trial }) => numberCell(trial.finish_index)],
  ["attempt", ({ trial }) => trial.attempt],
  ["steps", ({ last }) => last?.count ?? 0],
  ["last_step", ({ last }) => numberCell(last?.step)],
  ["last_value", ({ last }) => numberCell(last?.value)],
  ["spread", ({ trial }) => numberCell(trial.spread)],
  ["feasible", ({ trial, isConstrained }) => (isConstrained ? isFeasible(trial) : null)],
  ["violation", ({ trial, isConstrained }) => (isConstrained ? numberCell(violationOf(trial)) : null)],
  ["banned", ({ annotation }) => annotation?.banned ?? false],
  ["slot", ({ trial }) => numberCell(trial.slot)],
  ["retry_of", ({ trial }) => numberCell(trial.retry_of)],
];

/** The columns of texts that occur often. */
export const textColumns: readonly (readonly [name: keyof Dictionaries, text: (row: Row) => string | null])[] = [
  ["owner", ({ trial }) => trial.owner],
  ["failure", ({ trial }) => trial.failure?.class ?? null],
];

/** Columns by name that only some rows have. */
class NamedCells {
  readonly under: string;
  readonly #recordOf: (trial: Trial) => Readonly<Record<string, unknown>> | undefined;
  readonly #columns = new Map<string, Cell[]>();

  constructor(under: string, recordOf: (trial: Trial) => Readonly<Record<string, unknown>> | undefined) {
    [this.under, this.#recordOf] = [under, recordOf];
  }

  /** @param before how many rows there were already */
  take(rows: readonly Row[], before: number): void {
    let count = before;
    for (const { trial } of rows) {
      const record = this.#recordOf(trial);
      for (const name in record) {
        let cells = this.#columns.get(name);
        if (!cells) this.#columns.set(name, (cells = []));
        fill(cells, count);
        cells.push(valueCell(record[name]));
      }
      count += 1;
    }
  }

  *texts(rows: number): Generator<Column> {
    for (const [name, cells] of this.#columns) {
      fill(cells, rows);
      this.#columns.delete(name);
      yield columnOf(this.under + name, cells);
    }
  }
}

/** What the rows up to there have not. */
function fill(cells: Cell[], rows: number): void {
  while (cells.length < rows) cells.push(null);
}

/** What a block is made of. */
export interface BlockSource {
  readonly trials: readonly Trial[];
  readonly annotations: Annotations;
  readonly objectives: number;
  readonly texts: Dictionaries;
}

/** Rows whose records are looked at for all columns before the next ones are: they come from memory once, not once a column. */
const GROUP = 256;

/** The columns of a block in the making. */
class BlockCells {
  readonly #source: BlockSource;
  readonly #cells: readonly (readonly [name: string, cell: (row: Row) => Cell, cells: Cell[]])[];
  readonly #named = [new NamedCells("params/", ({ params }) => params), new NamedCells("metrics/", bestMetrics)];
  #rows = 0;

  constructor(source: BlockSource) {
    this.#source = source;
    const texts = textColumns.map(
      ([name, text]) => [name, (row: Row) => source.texts[name].placeOf(text(row))] as const,
    );
    const values = Array.from(
      { length: source.objectives },
      (_, i) => [`values/${i}`, ({ trial }: Row) => numberCell(trial.values?.[i])] as const,
    );
    this.#cells = [...plainColumns, ...texts, ...values].map(([name, cell]) => [name, cell, []]);
  }

  take(trials: readonly Trial[]): void {
    const { annotations } = this.#source;
    const rows = trials.map((trial): Row => ({
      ...{ trial, last: lastReport(trial), isConstrained: hasKeys(trial.constraints) },
      annotation: annotations.size === 0 ? undefined : annotations.get(trial.number),
    }));
    for (const [, cell, cells] of this.#cells) for (const row of rows) cells.push(cell(row));
    for (const named of this.#named) named.take(rows, this.#rows);
    this.#rows += rows.length;
  }

  *texts(): Generator<Column> {
    for (const [name, , cells] of this.#cells) {
      yield columnOf(name, cells);
      cells.length = 0;
    }
    for (const named of this.#named) yield* named.texts(this.#rows);
  }
}

function bestMetrics({ metrics }: Trial): Readonly<Record<string, unknown>> | undefined {
  return metrics.best;
}

/**
 * The columns of a block, one after another: the texts of one are forgotten before the next one's come.
 * `null` comes now and then before them: nothing is to be done but, where others wait, to give way.
 */
export function* blockColumns(source: BlockSource): Generator<Column | null> {
  const { trials } = source;
  const cells = new BlockCells(source);
  for (let from = 0; from < trials.length || from === 0; from += GROUP) {
    cells.take(trials.slice(from, from + GROUP));
    yield null;
  }
  yield* cells.texts();
}
