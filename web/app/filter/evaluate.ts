/** Which trials a filter's expression holds for. */
import { didYouMean } from "../../../src/core/nearest.js";
import { stringifyJson } from "../../../src/core/json.js";
import { stateNames } from "../columns/state-names.js";
import type { ColumnStore } from "../columns/column-store.js";
import type { Cell } from "../columns/column.js";
import { ExpressionError } from "./expression.js";
import type { Comparison, Expression } from "./expression.js";
import { findField } from "./fields.js";
import type { Field } from "./fields.js";

/** 1 a trial that it holds for, by number. */
export type Mask = Uint8Array;

type Decision = (order: number, equal: boolean) => boolean;
const decisions: Readonly<Record<Comparison, Decision>> = {
  "=": (_order, equal) => equal,
  "!=": (_order, equal) => !equal,
  "<": (order) => order < 0,
  "<=": (order, equal) => order < 0 || equal,
  ">": (order) => order > 0,
  ">=": (order, equal) => order > 0 || equal,
};

type ComparisonNode = Extract<Expression, { type: "comparison" }>;

/** What stands for a missing value in an expression: as on the command line. */
const NULL = "null";

/** @throws ExpressionError for a state that there is none of, and for a word against numbers. */
function requireComparable({ name, kind }: Field, { value, at }: ComparisonNode): void {
  if (value === NULL) return;
  if (name === "state" && !(stateNames as readonly string[]).includes(value))
    throw new ExpressionError(
      `no state "${value}":${didYouMean(value.toLowerCase(), stateNames)} there are ${stateNames.join(", ")}`,
      at.value,
    );
  if (kind === "number" && value !== "NaN" && (value.trim() === "" || Number.isNaN(Number(value))))
    throw new ExpressionError(`${name} is a number, and "${value}" is none (decimals have a point)`, at.value);
  if (kind === "flag" && value !== "true" && value !== "false")
    throw new ExpressionError(`${name} is true or false, not "${value}"`, at.value);
}

/** How a value that is none decides: only `= null` and `!= something` hold. */
const missingDecides = (operator: Comparison, wanted: string): number =>
  Number(operator === "=" ? wanted === NULL : operator === "!=" && wanted !== NULL);

function decideCell(value: Cell, operator: Comparison, wanted: string, number: number): boolean {
  const decide = decisions[operator];
  if (typeof value === "number" && !Number.isNaN(number)) return decide(value - number, value === number);
  const shown = typeof value === "number" ? String(value) : typeof value === "string" ? value : stringifyJson(value);
  return decide(shown < wanted ? -1 : shown > wanted ? 1 : 0, shown === wanted);
}

function compareNumbers(field: Field, node: ComparisonNode, mask: Mask): void {
  const { operator, value: wanted } = node;
  const column = field.numbers;
  const number = Number(wanted);
  const missing = missingDecides(operator, wanted);
  const decide = decisions[operator];
  for (let row = 0; row < mask.length; row++) {
    const value = column ? (column.data[row] as number) : row;
    if (Number.isNaN(value)) {
      const isMissing = !column?.isNaN(row);
      mask[row] = isMissing ? missing : Number(operator === (wanted === "NaN" ? "=" : "!="));
    } else if (wanted === NULL || wanted === "NaN") mask[row] = Number(operator === "!=");
    else mask[row] = Number(decide(value - number, value === number));
  }
}

function compareTexts({ texts, at }: Field, { operator, value: wanted }: ComparisonNode, mask: Mask): void {
  const number = wanted.trim() === "" ? NaN : Number(wanted);
  const missing = missingDecides(operator, wanted);
  if (texts) {
    const decided = texts.dict.map((value) => Number(decideCell(value, operator, wanted, number)));
    for (let row = 0; row < mask.length; row++) {
      const code = texts.codes[row] as number;
      mask[row] = code < 0 ? missing : (decided[code] as number);
    }
    return;
  }
  for (let row = 0; row < mask.length; row++) {
    const value = at(row);
    mask[row] = value === null ? missing : Number(decideCell(value, operator, wanted, number));
  }
}

/** A trial's tags are several values: `tag = x` holds where one of them is it. */
function compareTags(store: ColumnStore, { operator, value, at }: ComparisonNode, mask: Mask): void {
  if (operator !== "=" && operator !== "!=")
    throw new ExpressionError("a tag is or is not: = and != compare tags", at.name);
  const has = Number(operator === "=");
  mask.fill(1 - has);
  if (value === NULL) {
    for (let row = 0; row < mask.length; row++) mask[row] = store.tags.has(row) ? 1 - has : has;
    return;
  }
  for (const [row, tags] of store.tags) if (tags.includes(value) && row < mask.length) mask[row] = has;
}

function comparison(store: ColumnStore, node: ComparisonNode): Mask {
  const found = findField(store, node.name);
  if ("problem" in found) throw new ExpressionError(found.problem, node.at.name);
  const { field } = found;
  const mask = new Uint8Array(store.size);
  if (field.name === "tag") compareTags(store, node, mask);
  else {
    requireComparable(field, node);
    if (field.kind === "number") compareNumbers(field, node, mask);
    else compareTexts(field, node, mask);
  }
  return mask;
}

function flag(store: ColumnStore, { name, at }: Extract<Expression, { type: "flag" }>): Mask {
  const found = findField(store, name);
  if ("problem" in found) {
    const isState = (stateNames as readonly string[]).includes(name);
    throw new ExpressionError(isState ? `write state = ${name}` : found.problem, at.name);
  }
  const { field } = found;
  const isFlag = field.kind === "flag" || field.texts?.dict.every((value) => typeof value === "boolean");
  if (!isFlag || field.name === "tag")
    throw new ExpressionError(`expected a comparison after ${name}: ${name} = …`, at.name);
  const mask = new Uint8Array(store.size);
  for (let row = 0; row < mask.length; row++) mask[row] = Number(field.at(row) === true);
  return mask;
}

/**
 * The trials that an expression holds for.
 * @throws ExpressionError for names and values that mean nothing in this study
 */
export function evaluate(store: ColumnStore, expression: Expression): Mask {
  switch (expression.type) {
    case "comparison":
      return comparison(store, expression);
    case "flag":
      return flag(store, expression);
    case "not":
      return evaluate(store, expression.of).map((holds) => 1 - holds);
    case "and":
    case "or": {
      const [first, ...rest] = expression.of.map((part) => evaluate(store, part)) as [Mask, ...Mask[]];
      for (const other of rest) join(first, other, expression.type);
      return first;
    }
  }
}

function join(mask: Mask, other: Mask, by: "and" | "or"): void {
  for (let row = 0; row < mask.length; row++) {
    const a = mask[row] as number;
    const b = other[row] as number;
    mask[row] = by === "and" ? a & b : a | b;
  }
}
