/** Trials as lines over parallel axes: which of them are drawn, and where each crosses. */
import { evenly } from "../../../src/plots/chart-parts.js";
import { parseExpression } from "../filter/expression.js";
import type { Expression } from "../filter/expression.js";
import { findField } from "../filter/fields.js";
import type { Field } from "../filter/fields.js";
import type { TrialFilter } from "../filter/filter.js";
import { numbersIn, select } from "../filter/select.js";
import { axisScale, sharesOf } from "./axes.js";
import type { AxisScale } from "./axes.js";
import type { ColumnStore } from "./column-store.js";

/** What is asked for. */
export interface ParallelRequest {
  readonly filter: TrialFilter;
  /** Names of fields. */
  readonly axes: readonly string[];
  /** The field that gives lines their colour. */
  readonly color: string;
  /** So many lines are drawn. @default 20000 */
  readonly most?: number;
}

/** Lines in the order in which they are drawn: what stands out comes last. */
export interface ParallelLines {
  readonly revision: number;
  readonly axes: readonly AxisScale[];
  readonly color: AxisScale;
  /** Trials' numbers. */
  readonly numbers: Uint32Array<ArrayBuffer>;
  /** Line by line, a share of each axis; NaN: the trial has no value there. */
  readonly shares: Float32Array<ArrayBuffer>;
  /** 0 to 1 on the scale of colours, 1 being the best; NaN: none. */
  readonly colors: Float32Array<ArrayBuffer>;
  /** 1: passes the filter; 0: what axes' ranges leave out, in the background. */
  readonly inside: Uint8Array<ArrayBuffer>;
  /** How many lines there would be, and how many of them pass the filter. */
  readonly total: number;
  readonly passing: number;
  /** Names that this study does not have. */
  readonly unknown: readonly string[];
}

/** Colours go up to here in the worse direction, as a share of the values; those beyond share the last one. */
const CLIPPED = 0.1;

/** Where each value lies on the scale of colours. */
function colorsOf(store: ColumnStore, field: Field, axis: AxisScale, rows: Uint32Array): Float32Array<ArrayBuffer> {
  const shares = sharesOf(field, axis, rows);
  const objective = store.objectives.find(({ metric }) => metric === field.name);
  if (!objective || axis.choices !== null) return shares;
  const sorted = shares.filter((share) => share === share).sort();
  const worseIsHigh = objective.direction === "minimize";
  const clip = sorted[Math.round((worseIsHigh ? 1 - CLIPPED : CLIPPED) * (sorted.length - 1))] ?? 0;
  const best = (worseIsHigh ? sorted[0] : sorted.at(-1)) ?? 0;
  const span = best - clip || 1;
  return shares.map((share) => Math.max(0, Math.min(1, (share - clip) / span)));
}

/** The rows that are drawn: those that pass come first into question, evenly taken. */
function chosen(
  passing: Uint32Array,
  others: Uint32Array,
  most: number,
): { readonly rows: number[]; readonly inside: number } {
  const inside = evenly(Array.from(passing), most);
  const context = evenly(Array.from(others), most - inside.length);
  return { rows: [...context, ...inside], inside: inside.length };
}

/** Whether an expression is about bans itself, and not only about a value or a tag of that word. */
function saysBanned(expression: Expression | null): boolean {
  if (expression === null) return false;
  switch (expression.type) {
    case "and":
    case "or":
      return expression.of.some(saysBanned);
    case "not":
      return saysBanned(expression.of);
    default:
      return expression.name === "banned";
  }
}

/** Lines over axes. Trials that people have banned, and those that are not complete, are no lines unless their state is asked for. */
export function parallelLines(
  store: ColumnStore,
  { filter, axes: names, color, most = 20_000 }: ParallelRequest,
): ParallelLines {
  const [fields, unknown]: [Field[], string[]] = [[], []];
  for (const name of names) {
    const found = findField(store, name);
    if ("field" in found) fields.push(found.field);
    else unknown.push(name);
  }
  const states = filter.states.length === 0 ? { ...filter, states: ["complete"] as const } : filter;
  const all = select(store, { ...states, ranges: {} });
  const passing = select(store, states);
  const { banned } = store.own;
  // An expression that cannot be read is not heeded.
  const withBanned = passing.problem === null && saysBanned(parseExpression(filter.where));
  let [total, count] = [0, 0];
  for (let row = 0; row < store.size; row++) {
    if (banned.data[row] === 1 && !withBanned) all.mask[row] = passing.mask[row] = 0;
    total += all.mask[row] as number;
    count += passing.mask[row] as number;
  }
  const everything = numbersIn({ mask: all.mask, count: total });
  const axes = fields.map((field) => axisScale(store, field, everything));
  const colorField = findField(store, color);
  const byColor = "field" in colorField ? colorField.field : (fields[0] as Field);
  const colorAxis = axisScale(store, byColor, everything);
  const inside = numbersIn({ mask: passing.mask, count });
  const others = numbersIn({
    mask: all.mask.map((is, row) => is & (1 - (passing.mask[row] as number))),
    count: total - count,
  });
  const drawn = chosen(inside, others, most);
  const rows = Uint32Array.from(drawn.rows);
  const own = colorsOf(store, byColor, colorAxis, rows);
  // The background first, then from the worst to the best.
  const context = rows.length - drawn.inside;
  const order = Array.from(rows, (_, i) => i).sort((a, b) => {
    if (a >= context !== b >= context) return a >= context ? 1 : -1;
    return (Number.isNaN(own[a]) ? -1 : (own[a] as number)) - (Number.isNaN(own[b]) ? -1 : (own[b] as number)) || a - b;
  });
  const sorted = Uint32Array.from(order, (place) => rows[place] as number);
  const columns = fields.map((field, i) => sharesOf(field, axes[i] as AxisScale, sorted));
  const shares = new Float32Array(sorted.length * fields.length);
  columns.forEach((column, axis) => column.forEach((share, line) => (shares[line * fields.length + axis] = share)));
  return {
    ...{ revision: store.revision, axes, color: colorAxis, numbers: sorted, shares, total, passing: count, unknown },
    colors: Float32Array.from(order, (place) => own[place] as number),
    inside: Uint8Array.from(order, (place) => Number(place >= context)),
  };
}
