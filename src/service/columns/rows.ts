/** Trials as the text of columns, a block of rows at a time: for whole studies, for what changed, and for live frames. */
import { encodeNumber, isFeasible, lastReport, violationOf } from "../../core/index.js";
import type { Annotation, Trial } from "../../core/index.js";
import { stateCodes } from "../schemas/values.js";

/** The columns that every row has, besides values, parameters, metrics and texts, in their order. */
const plainColumns = [
  ...["number", "state", "started", "finished", "seconds", "finish_index", "attempt", "steps", "last_step"],
  ...["last_value", "spread", "feasible", "violation", "banned", "slot", "retry_of"],
] as const;
const textColumns = ["owner", "failure"] as const;
type PlainColumn = (typeof plainColumns)[number];
type TextColumn = (typeof textColumns)[number];

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

/** Some rows, each column's values as JSON without its brackets. */
export interface RowBlock {
  readonly rows: number;
  readonly plain: Readonly<Record<PlainColumn, string>>;
  readonly texts: Readonly<Record<TextColumn, string>>;
  /** One an objective. */
  readonly values: readonly string[];
  readonly params: ReadonlyMap<string, string>;
  readonly metrics: ReadonlyMap<string, string>;
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

function timeText(time: string | null): string {
  return time === null ? "null" : numberText(finiteOrNull(Date.parse(time)));
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function valueText(value: unknown): string {
  return typeof value === "number" ? numberText(value) : (JSON.stringify(value) ?? "null");
}

const code = Object.fromEntries(stateCodes.map((state, i) => [state, String(i)])) as Record<Trial["state"], string>;

/** Columns by name that only some rows have. */
class NamedColumns {
  readonly #columns = new Map<string, string[]>();
  readonly #rows: number;

  constructor(rows: number) {
    this.#rows = rows;
  }

  take(row: number, record: Readonly<Record<string, unknown>> | undefined): void {
    if (record === undefined) return;
    for (const name in record) {
      if (!Object.hasOwn(record, name)) continue;
      let column = this.#columns.get(name);
      if (!column) this.#columns.set(name, (column = new Array<string>(this.#rows).fill("null")));
      column[row] = valueText(record[name]);
    }
  }

  done(): ReadonlyMap<string, string> {
    const texts = new Map<string, string>();
    for (const [name, column] of this.#columns) texts.set(name, column.join(","));
    return texts;
  }
}

/** The plain columns of a record. */
function plainOf(trial: Trial, banned: boolean): Record<PlainColumn, string> {
  const last = lastReport(trial);
  const constrained = hasKeys(trial.constraints);
  return {
    number: String(trial.number),
    state: code[trial.state],
    started: timeText(trial.started_at),
    finished: timeText(trial.finished_at),
    seconds: numberText(trial.seconds),
    finish_index: numberText(trial.finish_index),
    attempt: String(trial.attempt),
    steps: String(last?.count ?? 0),
    last_step: numberText(last?.step),
    last_value: numberText(last?.value),
    spread: numberText(trial.spread),
    feasible: constrained ? String(isFeasible(trial)) : "null",
    violation: constrained ? numberText(violationOf(trial)) : "null",
    banned: banned ? "true" : "false",
    slot: numberText(trial.slot),
    retry_of: numberText(trial.retry_of),
  };
}

function hasKeys(record: object): boolean {
  for (const _key in record) return true;
  return false;
}

/** Rows as a block. */
export function blockOf(
  trials: readonly Trial[],
  annotations: Annotations,
  { objectives, texts }: { readonly objectives: number; readonly texts: Dictionaries },
): RowBlock {
  const rows = trials.length;
  const plain = Object.fromEntries(plainColumns.map((name) => [name, new Array<string>(rows)])) as unknown as Record<
    PlainColumn,
    string[]
  >;
  const own = { owner: new Array<string>(rows), failure: new Array<string>(rows) };
  const values = Array.from({ length: objectives }, () => new Array<string>(rows));
  const [params, metrics] = [new NamedColumns(rows), new NamedColumns(rows)];
  const [tags, notes]: [string[], string[]] = [[], []];
  for (let row = 0; row < rows; row++) {
    const trial = trials[row] as Trial;
    const annotation = annotations.size === 0 ? undefined : annotations.get(trial.number);
    const fields = plainOf(trial, annotation?.banned === true);
    for (const name of plainColumns) plain[name][row] = fields[name];
    own.owner[row] = String(texts.owner.placeOf(trial.owner));
    own.failure[row] = String(texts.failure.placeOf(trial.failure?.class ?? null));
    for (let i = 0; i < objectives; i++) (values[i] as string[])[row] = numberText(trial.values?.[i]);
    params.take(row, trial.params);
    metrics.take(row, trial.metrics.best);
    if (annotation && annotation.tags.length > 0) tags.push(`"${trial.number}":${JSON.stringify(annotation.tags)}`);
    if (annotation && annotation.note !== "") notes.push(String(trial.number));
  }
  return {
    rows,
    plain: Object.fromEntries(plainColumns.map((name) => [name, plain[name].join(",")])) as RowBlock["plain"],
    texts: { owner: own.owner.join(","), failure: own.failure.join(",") },
    values: values.map((column) => column.join(",")),
    ...{ params: params.done(), metrics: metrics.done(), tags: tags.join(","), notes: notes.join(",") },
  };
}

const joined = (texts: readonly string[]): string => texts.filter((text) => text !== "").join(",");

const nulls = new Map<number, string>();

/** `null,null,null`: a column that a block has not. */
function nullsOf(rows: number): string {
  let text = nulls.get(rows);
  if (text === undefined) {
    text = new Array<string>(rows).fill("null").join(",");
    if (nulls.size < 64) nulls.set(rows, text);
  }
  return text;
}

function* namedPieces(blocks: readonly RowBlock[], of: "params" | "metrics"): Generator<string> {
  const names = new Set<string>();
  for (const block of blocks) for (const name of block[of].keys()) names.add(name);
  let first = true;
  for (const name of names) {
    const column = joined(blocks.map((block) => block[of].get(name) ?? nullsOf(block.rows)));
    yield `${first ? "" : ","}${JSON.stringify(name)}:[${column}]`;
    first = false;
  }
}

/** The blocks as one JSON object (`ColumnRows`), piece by piece: no piece is longer than a column. */
export function* rowPieces(
  blocks: readonly RowBlock[],
  { objectives, texts }: { readonly objectives: number; readonly texts: Dictionaries },
): Generator<string> {
  for (const [i, name] of plainColumns.entries())
    yield `${i === 0 ? "{" : ","}"${name}":[${joined(blocks.map((block) => block.plain[name]))}]`;
  for (const name of textColumns) {
    const index = joined(blocks.map((block) => block.texts[name]));
    yield `,"${name}":{"dict":${JSON.stringify(texts[name].list)},"index":[${index}]}`;
  }
  yield ',"values":[';
  for (let i = 0; i < objectives; i++)
    yield `${i === 0 ? "" : ","}[${joined(blocks.map((block) => block.values[i] as string))}]`;
  yield '],"params":{';
  yield* namedPieces(blocks, "params");
  yield '},"metrics":{';
  yield* namedPieces(blocks, "metrics");
  yield `},"tags":{${joined(blocks.map(({ tags }) => tags))}},"notes":[${joined(blocks.map(({ notes }) => notes))}]}`;
}

/** A few rows at once. */
export function rowsText(trials: readonly Trial[], annotations: Annotations, objectives: number): string {
  const shared = { objectives, texts: new Dictionaries() };
  return [...rowPieces([blockOf(trials, annotations, shared)], shared)].join("");
}

/** One report as live frames have it. */
export function reportText(
  report: readonly [number: number, attempt: number, step: number, value: number, seen: number],
) {
  return JSON.stringify(report.map(encodeNumber));
}
