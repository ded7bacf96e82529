/** Trials as the text of columns, a block of rows at a time: for whole studies, for what changed, and for live frames. */
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

/**
 * Some rows, column by column, by name: `number`, `owner`, `values/0`, `params/train.lr`, `metrics/seconds`, … Each is JSON
 * without its brackets, or what was made of that.
 */
export interface RowBlock<T = string> {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, T>;
  /** `"7":["a","b"]`, comma-separated. */
  readonly tags: string;
  /** Numbers, comma-separated. */
  readonly notes: string;
}

/** The annotations of a study, by number. */
export type Annotations = ReadonlyMap<number, Annotation>;

function numberText(value: number | null | undefined): string {
  if (value === null || value === undefined) return "null";
  // As JSON.stringify writes it, at a third of its price.
  return Number.isFinite(value) ? `${value}` : `"${value}"`;
}

const days = new Map<string, number>();

/** Milliseconds of a time; as every time here has one form, at a fifth of Date.parse's price. */
function timeText(time: string | null): string {
  if (time === null) return "null";
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
    if (ms >= 0) return `${ms}`;
  }
  const ms = Date.parse(time);
  return Number.isFinite(ms) ? `${ms}` : "null";
}

function valueText(value: unknown): string {
  return typeof value === "number" ? numberText(value) : (JSON.stringify(value) ?? "null");
}

const code = Object.fromEntries(stateCodes.map((state, i) => [state, String(i)])) as Record<Trial["state"], string>;

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
const plainColumns: readonly (readonly [name: string, text: (row: Row) => string])[] = [
  ["number", ({ trial }) => `${trial.number}`],
  ["state", ({ trial }) => code[trial.state]],
  ["started", ({ trial }) => timeText(trial.started_at)],
  ["finished", ({ trial }) => timeText(trial.finished_at)],
  ["seconds", ({ trial }) => numberText(trial.seconds)],
  ["finish_index", ({ trial }) => numberText(trial.finish_index)],
  ["attempt", ({ trial }) => `${trial.attempt}`],
  ["steps", ({ last }) => `${last?.count ?? 0}`],
  ["last_step", ({ last }) => numberText(last?.step)],
  ["last_value", ({ last }) => numberText(last?.value)],
  ["spread", ({ trial }) => numberText(trial.spread)],
  ["feasible", ({ trial, isConstrained }) => (isConstrained ? `${isFeasible(trial)}` : "null")],
  ["violation", ({ trial, isConstrained }) => (isConstrained ? numberText(violationOf(trial)) : "null")],
  ["banned", ({ annotation }) => (annotation?.banned ? "true" : "false")],
  ["slot", ({ trial }) => numberText(trial.slot)],
  ["retry_of", ({ trial }) => numberText(trial.retry_of)],
];

/** The columns of texts that occur often. */
const textColumns: readonly (readonly [name: keyof Dictionaries, text: (row: Row) => string | null])[] = [
  ["owner", ({ trial }) => trial.owner],
  ["failure", ({ trial }) => trial.failure?.class ?? null],
];

/** Columns by name that only some rows have. */
function* namedColumns(
  rows: readonly Row[],
  under: string,
  recordOf: (trial: Trial) => Readonly<Record<string, unknown>> | undefined,
): Generator<readonly [name: string, text: string]> {
  const names = new Set<string>();
  for (const { trial } of rows) for (const name in recordOf(trial)) names.add(name);
  for (const name of names) {
    const text = ({ trial }: Row): string => {
      const record = recordOf(trial);
      return record !== undefined && Object.hasOwn(record, name) ? valueText(record[name]) : "null";
    };
    yield [under + name, rows.map(text).join(",")];
  }
}

/** What a block is made of. */
export interface BlockSource {
  readonly trials: readonly Trial[];
  readonly annotations: Annotations;
  readonly objectives: number;
  readonly texts: Dictionaries;
}

/** The columns of a block, one after another: the texts of one are forgotten before the next one's come. */
export function* blockColumns({
  trials,
  annotations,
  objectives,
  texts,
}: BlockSource): Generator<readonly [name: string, text: string]> {
  const rows = trials.map((trial): Row => ({
    ...{ trial, last: lastReport(trial), isConstrained: hasKeys(trial.constraints) },
    annotation: annotations.size === 0 ? undefined : annotations.get(trial.number),
  }));
  for (const [name, text] of plainColumns) yield [name, rows.map(text).join(",")];
  for (const [name, text] of textColumns) yield [name, rows.map((row) => texts[name].placeOf(text(row))).join(",")];
  for (let i = 0; i < objectives; i++)
    yield [`values/${i}`, rows.map(({ trial }) => numberText(trial.values?.[i])).join(",")];
  yield* namedColumns(rows, "params/", ({ params }) => params);
  yield* namedColumns(rows, "metrics/", ({ metrics }) => metrics.best);
}

/** A block of columns that were made. */
export function blockOf<T>(
  { trials, annotations }: Pick<BlockSource, "trials" | "annotations">,
  columns: ReadonlyMap<string, T>,
): RowBlock<T> {
  const said = trials.flatMap(({ number }) => {
    const annotation = annotations.size === 0 ? undefined : annotations.get(number);
    return annotation ? [{ number, ...annotation }] : [];
  });
  const tagged = said.filter(({ tags }) => tags.length > 0);
  const noted = said.filter(({ note }) => note !== "");
  return {
    ...{ rows: trials.length, columns },
    tags: tagged.map(({ number, tags }) => `"${number}":${JSON.stringify(tags)}`).join(","),
    notes: noted.map(({ number }) => number).join(","),
  };
}

const joined = (texts: readonly string[]): string => texts.filter((text) => text !== "").join(",");

const nulls = new Map<number, string>();

/** `null,null,null`: a column that a block has not. */
export function nullsText(rows: number): string {
  let text = nulls.get(rows);
  if (text === undefined) {
    text = new Array<string>(rows).fill("null").join(",");
    if (nulls.size < 64) nulls.set(rows, text);
  }
  return text;
}

/** What is between the columns, and how a column that a block has not is written. */
interface Layout<T> {
  readonly objectives: number;
  readonly texts: Dictionaries;
  readonly nullsOf: (rows: number) => T;
}

function* column<T>(
  blocks: readonly RowBlock<T>[],
  name: string,
  nullsOf: Layout<T>["nullsOf"],
): Generator<string | T> {
  for (const [i, block] of blocks.entries()) {
    if (i > 0) yield ",";
    yield block.columns.get(name) ?? nullsOf(block.rows);
  }
}

function* named<T>(
  blocks: readonly RowBlock<T>[],
  under: string,
  nullsOf: Layout<T>["nullsOf"],
): Generator<string | T> {
  const names = new Set<string>();
  for (const { columns } of blocks) for (const name of columns.keys()) if (name.startsWith(under)) names.add(name);
  let before = "";
  for (const name of names) {
    yield `${before}${JSON.stringify(name.slice(under.length))}:[`;
    yield* column(blocks, name, nullsOf);
    before = "],";
  }
  if (names.size > 0) yield "]";
}

/** The blocks as one JSON object (`ColumnRows`), piece by piece. */
export function* rowPieces<T>(
  blocks: readonly RowBlock<T>[],
  { objectives, texts, nullsOf }: Layout<T>,
): Generator<string | T> {
  for (const [i, [name]] of plainColumns.entries()) {
    yield `${i === 0 ? "{" : "],"}"${name}":[`;
    yield* column(blocks, name, nullsOf);
  }
  let before = "],";
  for (const [name] of textColumns) {
    yield `${before}"${name}":{"dict":${JSON.stringify(texts[name].list)},"index":[`;
    yield* column(blocks, name, nullsOf);
    before = "]},";
  }
  yield ']},"values":[';
  for (let i = 0; i < objectives; i++) {
    yield i === 0 ? "[" : ",[";
    yield* column(blocks, `values/${i}`, nullsOf);
    yield "]";
  }
  yield '],"params":{';
  yield* named(blocks, "params/", nullsOf);
  yield '},"metrics":{';
  yield* named(blocks, "metrics/", nullsOf);
  yield `},"tags":{${joined(blocks.map(({ tags }) => tags))}},"notes":[${joined(blocks.map(({ notes }) => notes))}]}`;
}

/** A few rows at once. */
export function rowsText(trials: readonly Trial[], annotations: Annotations, objectives: number): string {
  const source = { trials, annotations, objectives, texts: new Dictionaries() };
  const block = blockOf(source, new Map(blockColumns(source)));
  return [...rowPieces([block], { ...source, nullsOf: nullsText })].join("");
}
