/** The values that a text can stand for: the one vocabulary of options, settings, choices and files. */
import type { ParamValue } from "../core/distribution.js";
import type { ConfigValue } from "../core/run.js";
import type { ParameterInfo } from "./parameter.js";

const numberPattern = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The number that a text spells in full, else undefined. */
export function numberOf(text: string): number | undefined {
  const trimmed = text.trim();
  if (!numberPattern.test(trimmed)) return undefined;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : undefined;
}

const literals: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["false", false],
  ["none", null],
  ["null", null],
]);

/** Words for true and false only where a boolean is wanted: elsewhere `no` is a text like any other. */
const words: ReadonlyMap<string, boolean | null> = new Map([
  ...literals,
  ["yes", true],
  ["on", true],
  ["no", false],
  ["off", false],
]);

/** The number, boolean or null that a text spells: one value or none. */
function spelled(text: string, vocabulary = words): (number | boolean | null)[] {
  return [numberOf(text), vocabulary.get(text.trim().toLowerCase())].filter((value) => value !== undefined);
}

/** The value of a text where nothing says what is wanted: a number, true, false or none (null), else the text itself. */
export function plainValue(text: string): ParamValue {
  const [value = text] = spelled(text, literals);
  return value;
}

/** The choice that a text names: by its own text, else as the number, boolean or null that it spells. */
export function choiceNamed(choices: readonly ParamValue[], text: string): ParamValue | undefined {
  const named = choices.find((choice) => String(choice) === text);
  return named !== undefined ? named : spelled(text).find((value) => choices.includes(value));
}

/** The readings of a text (at least one), those of the parameter's own type first. */
export function readingsOf({ type }: ParameterInfo, text: string): ConfigValue[] {
  const values = spelled(text);
  const list = text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  switch (type) {
    case "string":
    case "enum":
      return [text, ...values, list];
    case "list":
      // where a text is taken too (`all`, `each`, one name), one word stays a text
      return [...values.filter((value) => value === null), ...(text.includes(",") ? [list, text] : [text, list])];
    default:
      return [...values, text, list];
  }
}

/** The first reading of a text that a parameter takes; undefined when it takes none. */
export function acceptedReading(info: ParameterInfo, text: string): ConfigValue | undefined {
  return readingsOf(info, text).find((value) => info.schema.safeParse(value).success);
}

/**
 * A value from a file or a program where a list of names is wanted, as the command line reads its text: cells called 1, 2
 * and 3 need no quotes, and `none` is none.
 */
export function nameReading(info: ParameterInfo, value: unknown): unknown {
  if (info.type !== "list") return value;
  const asName = (item: unknown): unknown =>
    typeof item === "number" || typeof item === "boolean" ? String(item) : item;
  if (Array.isArray(value)) return value.map(asName);
  const isNone = typeof value === "string" && literals.get(value.trim().toLowerCase()) === null;
  return isNone && info.schema.safeParse(null).success ? null : asName(value);
}
