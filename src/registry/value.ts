import { UsageError } from "../core/errors.js";
import type { ConfigValue } from "../core/run.js";
import type { ParameterInfo, QualifiedParameter } from "./parameter.js";

/** `1 to 512`, `above 0`, `at least 0 and below 1`, or "" when there are no bounds. */
export function rangeInWords(info: ParameterInfo): string {
  const { minimum, maximum, minimumExclusive, maximumExclusive } = info;
  if (minimum !== undefined && maximum !== undefined && !minimumExclusive && !maximumExclusive)
    return `${minimum} to ${maximum}`;
  const low = minimum === undefined ? [] : [`${minimumExclusive ? "above" : "at least"} ${minimum}`];
  const high = maximum === undefined ? [] : [`${maximumExclusive ? "below" : "at most"} ${maximum}`];
  return [...low, ...high].join(" and ");
}

const nouns: Readonly<Record<ParameterInfo["type"], string>> = {
  int: "a whole number",
  float: "a number",
  boolean: "true or false",
  string: "a text",
  enum: "one of",
  list: "a comma-separated list",
};

/** What a parameter takes, in words: `a whole number, 1 to 512`, `one of adamw, adam, sgd`. */
export function expectedInWords(info: ParameterInfo): string {
  const accepted = (value: unknown): boolean => info.schema.safeParse(value).success;
  const noun = nouns[info.type];
  const base = info.type === "enum" ? `${noun} ${(info.choices ?? []).map(String).join(", ")}` : noun;
  const range = rangeInWords(info);
  const list = info.type !== "list" && accepted(["x"]) ? " or a comma-separated list" : "";
  return base + (range ? `, ${range}` : "") + list + (accepted(null) ? ", or none" : "");
}

const numberPattern = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The number that a text spells in full, else undefined. */
export function numberOf(text: string): number | undefined {
  const trimmed = text.trim();
  if (!numberPattern.test(trimmed)) return undefined;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : undefined;
}

const words: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["yes", true],
  ["on", true],
  ["false", false],
  ["no", false],
  ["off", false],
  ["none", null],
  ["null", null],
]);

/** Every reading of a text, the parameter's own type first; its schema picks. */
function readings(text: string, type: ParameterInfo["type"]): ConfigValue[] {
  const number = numberOf(text);
  const word = words.get(text.toLowerCase());
  const list = text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  const typed: ConfigValue[] = [...(number === undefined ? [] : [number]), ...(word === undefined ? [] : [word])];
  switch (type) {
    case "string":
    case "enum":
      return [text, ...typed, list];
    case "list":
      // where a text is taken too (`all`, `each`, one name), one word stays a text
      return [...(word === null ? [word] : []), ...(text.includes(",") ? [list, text] : [text, list])];
    default:
      return [...typed, text, list];
  }
}

/** The one line for a value that a parameter does not take; `shown` is how the user wrote it. */
export function invalidValue(parameter: QualifiedParameter, shown: string, value: unknown): UsageError {
  const issue = parameter.info.schema.safeParse(value).error?.issues[0];
  const custom = issue?.code === "custom" ? ` (${issue.message})` : "";
  return new UsageError(
    "invalid-value",
    `invalid value "${shown}" for ${parameter.qualified}: expected ${expectedInWords(parameter.info)}${custom}`,
  );
}

/**
 * A parameter's value from text, checked against its schema.
 * @throws UsageError `invalid-value` naming what the parameter takes.
 */
export function parseValue(parameter: QualifiedParameter, text: string): ConfigValue {
  const candidates = readings(text, parameter.info.type);
  for (const candidate of candidates) if (parameter.info.schema.safeParse(candidate).success) return candidate;
  throw invalidValue(parameter, text, candidates[0]);
}

/**
 * A parameter's value from a file, checked against its schema: already typed, or text as on the command line.
 * @throws UsageError `invalid-value`.
 */
export function checkValue(parameter: QualifiedParameter, value: unknown): ConfigValue {
  if (value !== undefined && parameter.info.schema.safeParse(value).success) return value as ConfigValue;
  if (typeof value === "string") return parseValue(parameter, value);
  throw invalidValue(parameter, JSON.stringify(value) ?? String(value), value);
}
