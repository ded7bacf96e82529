/** Trials as the text of columns, a block of rows at a time: for whole studies, for what changed, and for live frames. */
import type { Trial } from "../../core/index.js";
import { blockColumns, Dictionaries, plainColumns, repeated, textColumns } from "./cells.js";
import type { Annotations, BlockSource } from "./cells.js";

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

/** `null,null,null`: a column that a block has not. */
export function nullsText(rows: number): string {
  return repeated("null", rows).text;
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
  const columns = new Map<string, string>();
  for (const column of blockColumns(source)) if (column) columns.set(column.name, column.text);
  const block = blockOf(source, columns);
  return [...rowPieces([block], { ...source, nullsOf: nullsText })].join("");
}
