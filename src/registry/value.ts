/** A parameter's value read and checked, and what it takes in words. */
import { UsageError } from "../core/errors.js";
import type { ConfigValue } from "../core/run.js";
import type { ParameterInfo, QualifiedParameter } from "./parameter.js";
import { acceptedReading, nameReading, readingsOf } from "./read-text.js";

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
  string: "text",
  enum: "one of",
  list: "a comma-separated list",
};

/** The values that a parameter takes, in words: `a whole number, 1 to 512`, `one of adamw, adam, sgd`. */
export function expectedInWords(info: ParameterInfo): string {
  const accepted = (value: unknown): boolean => info.schema.safeParse(value).success;
  const noun = nouns[info.type];
  const base = info.type === "enum" ? `${noun} ${(info.choices ?? []).map(String).join(", ")}` : noun;
  const range = rangeInWords(info);
  const list = info.type !== "list" && accepted(["x"]) ? " or a comma-separated list" : "";
  return base + (range ? `, ${range}` : "") + list + (accepted(null) ? ", or none" : "");
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
  const value = acceptedReading(parameter.info, text);
  if (value === undefined) throw invalidValue(parameter, text, readingsOf(parameter.info, text)[0]);
  return value;
}

/**
 * A parameter's value from a file, checked against its schema: already typed, or text as on the command line.
 * @throws UsageError `invalid-value`.
 */
export function checkValue(parameter: QualifiedParameter, given: unknown): ConfigValue {
  const value = nameReading(parameter.info, given);
  if (value !== undefined && parameter.info.schema.safeParse(value).success) return value as ConfigValue;
  if (typeof value === "string") return parseValue(parameter, value);
  throw invalidValue(parameter, JSON.stringify(value) ?? String(value), value);
}
