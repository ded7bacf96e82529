/** The one filter of all plots and the table: states, ranges, an expression and tags; how it stands in the URL and on the command line. */
import { stateNames } from "../columns/state-names.js";
import type { StateName } from "../columns/state-names.js";
import { inExpression, parseExpression } from "./expression.js";
import type { Comparison, Expression } from "./expression.js";

/** From where to where a field's values may be, both ends included; of texts which ones. */
export type Range =
  { readonly low: number | null; readonly high: number | null } | { readonly choices: readonly string[] };

/** What trials are shown. */
export interface TrialFilter {
  /** Empty: in any state. */
  readonly states: readonly StateName[];
  /** By the name of a field, parameter or metric: what was brushed. */
  readonly ranges: Readonly<Record<string, Range>>;
  /** An expression; empty: all. */
  readonly where: string;
  /** A part of a tag; empty: whatever the tags. */
  readonly tag: string;
}

/** All trials. */
export const noFilter: TrialFilter = { states: [], ranges: {}, where: "", tag: "" };

export function isUnfiltered({ states, ranges, where, tag }: TrialFilter): boolean {
  return states.length === 0 && Object.keys(ranges).length === 0 && where.trim() === "" && tag === "";
}

/** A filter with a field's range set, or, for null, taken away. */
export function withRange(filter: TrialFilter, name: string, range: Range | null): TrialFilter {
  const ranges = Object.fromEntries(Object.entries(filter.ranges).filter(([key]) => key !== name));
  return { ...filter, ranges: range === null ? ranges : { ...ranges, [name]: range } };
}

const STATE = "state";
const WHERE = "where";
const TAG = "tag";
/** Before a field's name: `in.train.lr=0.001..0.01`. */
const RANGE = "in.";
/** Before a field's name, once a choice: `is.optimizer=adam`. */
const CHOICE = "is.";

/** What a filter has in a URL's query; other keys are the page's own. */
export const isFilterKey = (key: string): boolean =>
  [STATE, WHERE, TAG].includes(key) || key.startsWith(RANGE) || key.startsWith(CHOICE);

/** Reads a filter out of a URL's query; what makes no sense is passed over. */
export function filterFromQuery(query: URLSearchParams): TrialFilter {
  const named = (query.get(STATE) ?? "").split(",");
  const ranges: Record<string, Range> = {};
  for (const [key, value] of query) {
    const name = key.slice(RANGE.length);
    if (name === "" || name === "__proto__") continue;
    if (key.startsWith(CHOICE)) {
      const before = ranges[name];
      ranges[name] = { choices: [...(before && "choices" in before ? before.choices : []), value] };
    } else if (key.startsWith(RANGE)) {
      const read = /^([^.]*(?:\.\d[^.]*)?)\.\.(.*)$/.exec(value);
      const end = (text: string | undefined): number | null =>
        text === undefined || text.trim() === "" || Number.isNaN(Number(text)) ? null : Number(text);
      const range = { low: end(read?.[1]), high: end(read?.[2]) };
      if (range.low !== null || range.high !== null) ranges[name] = range;
    }
  }
  return {
    states: stateNames.filter((state) => named.includes(state)),
    ...{ ranges, where: query.get(WHERE) ?? "", tag: query.get(TAG) ?? "" },
  };
}

/** Puts a filter into a URL's query, in the place of the one that is there. */
export function filterIntoQuery({ states, ranges, where, tag }: TrialFilter, query: URLSearchParams): void {
  for (const key of new Set(query.keys())) if (isFilterKey(key)) query.delete(key);
  if (states.length > 0) query.set(STATE, states.join(","));
  if (where.trim() !== "") query.set(WHERE, where.trim());
  if (tag !== "") query.set(TAG, tag);
  for (const [name, range] of Object.entries(ranges))
    if ("choices" in range) for (const choice of range.choices) query.append(`${CHOICE}${name}`, choice);
    else query.set(`${RANGE}${name}`, `${range.low ?? ""}..${range.high ?? ""}`);
}

/** A range in words: `0.001 to 0.01`, `adam or sgd`. */
export function rangeInWords(range: Range, number: (value: number) => string = String): string {
  if ("choices" in range) return range.choices.length === 0 ? "none" : range.choices.join(" or ");
  const { low, high } = range;
  if (low === null) return high === null ? "any" : `at most ${number(high)}`;
  return high === null ? `at least ${number(low)}` : `${number(low)} to ${number(high)}`;
}

/** The conditions of an expression that all must hold; null where it says more than that. */
function conditionsOf(expression: Expression | null): string[] | null {
  if (expression === null) return [];
  if (expression.type === "comparison") return [`${expression.name}${expression.operator}${expression.value}`];
  if (expression.type !== "and") return null;
  const parts = expression.of.map(conditionsOf);
  return parts.includes(null) ? null : parts.flatMap((part) => part as string[]);
}

const condition = (name: string, operator: Comparison, value: number): string => `${name}${operator}${value}`;

/** What the command line is told, and what it cannot be told. */
export interface FilterArguments {
  /** As they are: a shell has yet to quote them. */
  readonly words: readonly string[];
  /** Parts of the filter that `trials` has no option for. */
  readonly beyond: readonly string[];
}

/** A filter as options of `mlbench-hpo trials`. */
export function filterArguments({ states, ranges, where, tag }: TrialFilter): FilterArguments {
  const [filters, beyond]: [string[], string[]] = [[], []];
  for (const [name, range] of Object.entries(ranges))
    if ("choices" in range) {
      if (range.choices.length === 1) filters.push(`${name}=${range.choices[0] as string}`);
      else beyond.push(`${name} among ${range.choices.length} values`);
    } else {
      if (range.low !== null) filters.push(condition(name, ">=", range.low));
      if (range.high !== null) filters.push(condition(name, "<=", range.high));
    }
  let conditions: string[] | null;
  try {
    conditions = conditionsOf(parseExpression(where));
  } catch {
    conditions = null;
  }
  if (conditions === null) beyond.push(where.trim());
  if (tag !== "") beyond.push(`tags with "${tag}"`);
  const words = [...filters, ...(conditions ?? [])].flatMap((text) => ["--filter", text]);
  return { words: [...(states.length > 0 ? ["--state", states.join(",")] : []), ...words], beyond };
}

/** A range as an expression, for those who go on by writing. */
export function rangeAsExpression(name: string, range: Range): string {
  const own = inExpression(name);
  if ("choices" in range) {
    const each = range.choices.map((choice) => `${own} = ${inExpression(choice)}`);
    return each.length === 1 ? (each[0] as string) : `(${each.join(" or ")})`;
  }
  return [
    ...(range.low === null ? [] : [`${own} >= ${range.low}`]),
    ...(range.high === null ? [] : [`${own} <= ${range.high}`]),
  ].join(" and ");
}
