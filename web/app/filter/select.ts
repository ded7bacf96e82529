/** Trials that pass a filter, in an order. */
import type { ColumnStore } from "../columns/column-store.js";
import { stateCodes } from "../columns/state-names.js";
import { evaluate } from "./evaluate.js";
import type { Mask } from "./evaluate.js";
import { ExpressionError, parseExpression } from "./expression.js";
import type { ExpressionProblem } from "./expression.js";
import { findField } from "./fields.js";
import type { Field } from "./fields.js";
import type { Range, TrialFilter } from "./filter.js";

/** In which order trials stand. */
export interface TrialOrder {
  readonly field: string;
  readonly descending: boolean;
}

/** What passes a filter. */
export interface Selection {
  readonly mask: Mask;
  readonly count: number;
  /** Why the expression was not heeded; null: it was. */
  readonly problem: ExpressionProblem | null;
  /** Names in the filter's ranges that this study does not have: they are not heeded. */
  readonly unknown: readonly string[];
}

function narrowByRange({ numbers, texts, at }: Field, range: Range, mask: Mask): void {
  if ("choices" in range) {
    const wanted = new Set(range.choices);
    const kept = texts?.dict.map((value) => wanted.has(String(value)));
    for (let row = 0; row < mask.length; row++) {
      if (kept && texts) {
        if (!kept[texts.codes[row] as number]) mask[row] = 0;
      } else {
        const value = at(row);
        if (value === null || !wanted.has(String(value))) mask[row] = 0;
      }
    }
    return;
  }
  const [low, high] = [range.low ?? -Infinity, range.high ?? Infinity];
  for (let row = 0; row < mask.length; row++) {
    const value = numbers ? (numbers.data[row] as number) : Number(at(row) ?? NaN);
    // A missing one is NaN, which is within nothing.
    if (!(value >= low && value <= high)) mask[row] = 0;
  }
}

function narrowByTag({ tags }: ColumnStore, part: string, mask: Mask): void {
  const wanted = part.toLowerCase();
  for (let row = 0; row < mask.length; row++)
    if (!tags.get(row)?.some((tag) => tag.toLowerCase().includes(wanted))) mask[row] = 0;
}

/**
 * The trials that pass a filter. An expression that cannot be read holds nobody back, and what is wrong with it is said.
 * @param except a range that is not heeded: that of the axis which is being brushed
 */
export function select(store: ColumnStore, filter: TrialFilter, except?: string): Selection {
  let mask: Mask = new Uint8Array(store.size).fill(1);
  let problem: ExpressionProblem | null = null;
  try {
    const expression = parseExpression(filter.where);
    if (expression) mask = evaluate(store, expression);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    problem = error.problem;
  }
  if (filter.states.length > 0) {
    const wanted = new Set<number>(filter.states.map((state) => stateCodes[state]));
    for (let row = 0; row < mask.length; row++) if (!wanted.has(store.state[row] as number)) mask[row] = 0;
  }
  const unknown: string[] = [];
  for (const [name, range] of Object.entries(filter.ranges)) {
    if (name === except) continue;
    const found = findField(store, name);
    if ("problem" in found) unknown.push(name);
    else narrowByRange(found.field, range, mask);
  }
  if (filter.tag !== "") narrowByTag(store, filter.tag, mask);
  let count = 0;
  for (let row = 0; row < mask.length; row++) count += mask[row] as number;
  return { mask, count, problem, unknown };
}

/** The numbers of the trials in a mask, ascending. */
export function numbersIn({ mask, count }: Pick<Selection, "mask" | "count">): Uint32Array<ArrayBuffer> {
  const numbers = new Uint32Array(count);
  for (let row = 0, i = 0; row < mask.length; row++) if (mask[row] === 1) numbers[i++] = row;
  return numbers;
}

/** What each row is sorted by: numbers, and places in the order of the words; NaN: it has none. */
function keysOf({ kind, numbers, texts, at }: Field, rows: Uint32Array): Float64Array {
  if (numbers) return Float64Array.from(rows, (row) => numbers.data[row] as number);
  if (texts) {
    const order = texts.dict
      .map((value, code) => ({ text: String(value), number: value, code }))
      .sort((a, b) =>
        typeof a.number === "number" && typeof b.number === "number" ? a.number - b.number : a.text < b.text ? -1 : 1,
      );
    const places = new Float64Array(order.length);
    order.forEach(({ code }, place) => (places[code] = place));
    return Float64Array.from(rows, (row) => {
      const code = texts.codes[row] as number;
      return code < 0 ? NaN : (places[code] as number);
    });
  }
  if (kind === "number") return Float64Array.from(rows);
  const words = [...new Set(Array.from(rows, (row) => at(row)))].map(String).sort();
  const places = new Map(words.map((word, place) => [word, place]));
  return Float64Array.from(rows, (row) => {
    const value = at(row);
    return value === null ? NaN : (places.get(String(value)) as number);
  });
}

/** Sorts trials in place: those without the value come last either way, equals by number. Unknown fields change nothing. */
export function sortNumbers(
  store: ColumnStore,
  numbers: Uint32Array<ArrayBuffer>,
  order: TrialOrder,
): Uint32Array<ArrayBuffer> {
  const found = findField(store, order.field);
  if ("problem" in found) return numbers;
  if (found.field.name === "number") return order.descending ? numbers.reverse() : numbers;
  const keys = keysOf(found.field, numbers);
  const sign = order.descending ? -1 : 1;
  const places = new Uint32Array(numbers.length).map((_, i) => i);
  places.sort((a, b) => {
    const x = keys[a] as number;
    const y = keys[b] as number;
    if (x === y) return a - b;
    const noX = x !== x;
    const noY = y !== y;
    if (noX || noY) return noX === noY ? a - b : noX ? 1 : -1;
    return sign * (x - y);
  });
  return places.map((place) => numbers[place] as number);
}
