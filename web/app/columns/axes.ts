/** Fields as axes: from where to where, on which scale, and where each trial's value lies. */
import { rangeOf, wantsLog } from "../../../src/plots/chart-parts.js";
import type { Field } from "../filter/fields.js";
import type { ColumnStore } from "./column-store.js";

/** An axis of numbers, or of choices, each of which has a place. */
export interface AxisScale {
  readonly name: string;
  readonly group: Field["group"];
  readonly log: boolean;
  /** Whether only whole numbers lie on it. */
  readonly whole: boolean;
  /** Null for numbers. */
  readonly choices: readonly string[] | null;
  /** The ends; of choices the first and the last place. */
  readonly low: number;
  readonly high: number;
}

/** The finite numbers of some rows. */
function finiteOf({ numbers }: Field, rows: Uint32Array): number[] {
  const found: number[] = [];
  if (numbers)
    for (const row of rows) {
      const value = numbers.data[row] as number;
      if (Number.isFinite(value)) found.push(value);
    }
  return found;
}

/** The axis of a field over some trials: of a parameter at least its range, of what was measured what there is. */
export function axisScale(store: ColumnStore, field: Field, rows: Uint32Array): AxisScale {
  const { name, group } = field;
  if (field.texts ?? field.kind !== "number") {
    const distribution = group === "parameter" ? store.space[name] : undefined;
    const declared = distribution?.type === "categorical" ? distribution.choices.map(String) : [];
    const seen = field.texts
      ? field.texts.dict.map(String)
      : [...new Set(Array.from(rows, (row) => field.at(row)))].filter((value) => value !== null).map(String);
    const choices = [...new Set([...declared, ...seen])];
    return { name, group, log: false, whole: true, choices, low: 0, high: Math.max(0, choices.length - 1) };
  }
  const values = field.numbers ? finiteOf(field, rows) : Array.from(rows);
  const distribution = group === "parameter" ? store.space[name] : undefined;
  const declared = distribution && distribution.type !== "categorical" ? [distribution.low, distribution.high] : [];
  const all = [...declared];
  const [low, high] = values.length + all.length === 0 ? [0, 1] : rangeOf(concat(values, all));
  const log = distribution ? distribution.type !== "categorical" && distribution.log && low > 0 : wantsLog(values);
  const whole = distribution?.type === "int" || ["number", "attempt", "steps", "finish_index"].includes(name);
  return { name, group, log, whole, choices: null, low, high };
}

function* concat(...lists: readonly (readonly number[])[]): Generator<number> {
  for (const list of lists) yield* list;
}

/** Where a number lies between an axis' ends: 0 to 1; NaN: nowhere. */
export function shareOf({ log, low, high }: AxisScale, value: number): number {
  if (!(high > low)) return Number.isNaN(value) ? NaN : 0.5;
  return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}

/** The number at a share of an axis. */
export function valueAtShare({ log, low, high, whole }: AxisScale, share: number): number {
  if (!(high > low)) return low;
  const value = log ? low * (high / low) ** share : low + share * (high - low);
  return whole ? Math.round(value) : value;
}

/** Where each of some trials lies on an axis, as shares; NaN: nowhere. */
export function sharesOf(field: Field, axis: AxisScale, rows: Uint32Array): Float32Array<ArrayBuffer> {
  const { choices } = axis;
  if (choices === null) {
    const { numbers } = field;
    return Float32Array.from(rows, (row) => shareOf(axis, numbers ? (numbers.data[row] as number) : row));
  }
  const places = new Map(choices.map((choice, place) => [choice, place]));
  const place = (text: string): number => shareOf(axis, places.get(text) ?? NaN);
  const { texts } = field;
  if (texts) {
    const byCode = texts.dict.map((value) => place(String(value)));
    return Float32Array.from(rows, (row) => byCode[texts.codes[row] as number] ?? NaN);
  }
  return Float32Array.from(rows, (row) => {
    const value = field.at(row);
    return value === null ? NaN : place(String(value));
  });
}
