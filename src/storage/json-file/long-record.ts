/** Parsing a trial's record with very many reports without blocking the event loop for long. */
import { setImmediate as nextTurn } from "node:timers/promises";

import { reviveFrozen, SLICE } from "../../core/plain-json.js";

/** A list of the record, cut out of its text. */
interface CutList {
  readonly key: string;
  readonly items: readonly unknown[];
  /** Where `[` and `]` stand. */
  readonly start: number;
  readonly end: number;
}

/** The lists that grow with a trial, and what parts and ends each in a text without blanks. */
const lists = [
  { key: "intermediate", separator: "],[", close: "]]", inner: 1 },
  { key: "seen", separator: ",", close: "]", inner: 0 },
] as const;

const parse = (text: string): unknown => reviveFrozen(JSON.parse(text));

/**
 * A record parsed and frozen. Its lists of reports are parsed slice by slice; wherever they do not stand as this program
 * writes them, the record is parsed whole.
 */
export async function parseLongRecord(bytes: Buffer): Promise<unknown> {
  const cuts: CutList[] = [];
  for (const list of lists) {
    const cut = await cutList(bytes, list, cuts.at(-1)?.end ?? 0);
    if (!cut) return parse(bytes.toString("utf8"));
    cuts.push(cut);
  }
  let rest = "";
  let from = 0;
  for (const { start, end } of cuts) {
    rest += `${bytes.toString("utf8", from, start)}null`;
    from = end + 1;
  }
  const record = JSON.parse(rest + bytes.toString("utf8", from)) as Record<string, unknown>;
  // What was cut out stood somewhere else, in an attribute say.
  if (!cuts.every(({ key }) => record[key] === null)) return parse(bytes.toString("utf8"));
  reviveFrozen(record);
  const found = Object.fromEntries(cuts.map(({ key, items }) => [key, Object.freeze(items)]));
  return Object.freeze({ ...record, ...found });
}

async function cutList(
  bytes: Buffer,
  { key, separator, close, inner }: (typeof lists)[number],
  after: number,
): Promise<CutList | null> {
  const found = bytes.indexOf(`"${key}":[`, after);
  if (found === -1) return null;
  const start = found + key.length + 3;
  if (bytes[start + 1] === CLOSE) return { key, items: [], start, end: start + 1 };
  const closing = bytes.indexOf(close, start);
  if (closing === -1) return null;
  const end = closing + inner;
  const items: unknown[] = [];
  for (let from = start + 1; from < end;) {
    const cut = bytes.indexOf(separator, from + SLICE * BYTES_AN_ITEM);
    const to = cut === -1 || cut + inner >= end ? end : cut + inner;
    for (const item of parse(`[${bytes.toString("utf8", from, to)}]`) as unknown[]) items.push(item);
    from = to + 1;
    await nextTurn();
  }
  return { key, items, start, end };
}

const CLOSE = 93;
/** About so many bytes an entry, so that a slice has about {@link SLICE} of them. */
const BYTES_AN_ITEM = 16;
