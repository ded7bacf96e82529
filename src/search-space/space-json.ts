/** Spaces and distributions read from JSON. */
import { defined } from "../core/defined.js";
import { categorical, float, int, isParamValue, requireParameterName } from "../core/distribution.js";
import type { Condition, Distribution, SearchSpace } from "../core/distribution.js";
import { orderSpace } from "./parents-first.js";
import { UsageError, messageOf } from "../core/errors.js";
import { didYouMean } from "../core/nearest.js";

type Json = Readonly<Record<string, unknown>>;

const keysOf: Readonly<Record<Distribution["type"], readonly string[]>> = {
  float: ["type", "low", "high", "log", "step", "when"],
  int: ["type", "low", "high", "log", "step", "when"],
  categorical: ["type", "choices", "when"],
};

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fail(place: string, what: string): never {
  throw new UsageError("invalid-space", `${place}: ${what}`);
}

function optional<T>(json: Json, key: string, place: string, type: "number" | "boolean"): T | undefined {
  const value = json[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== type) fail(place, `${key} must be a ${type}, got ${JSON.stringify(value)}`);
  return value as T;
}

function parseCondition(value: unknown, place: string): Condition | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) fail(place, `when must be an object of names and values, got ${JSON.stringify(value)}`);
  for (const [name, wanted] of Object.entries(value))
    if (Array.isArray(wanted) ? wanted.length === 0 || !wanted.every(isParamValue) : !isParamValue(wanted))
      fail(place, `when.${name} must be a value or a list of values, got ${JSON.stringify(wanted)}`);
  return value as Condition;
}

function parseNumeric(json: Json, type: "float" | "int", place: string): Distribution {
  const low = optional<number>(json, "low", place, "number") ?? fail(place, "low is missing");
  const high = optional<number>(json, "high", place, "number") ?? fail(place, "high is missing");
  const log = optional<boolean>(json, "log", place, "boolean") ?? false;
  const step = optional<number>(json, "step", place, "number");
  const when = parseCondition(json["when"], place);
  const shared = defined({ log, step, when });
  return type === "float" ? float(low, high, shared) : int(low, high, shared);
}

function parseCategorical(json: Json, place: string): Distribution {
  const { choices } = json;
  if (!Array.isArray(choices) || !choices.every(isParamValue))
    fail(place, "choices must be a list of texts, numbers, true, false or null");
  const when = parseCondition(json["when"], place);
  return categorical(choices, when ? { when } : {});
}

/**
 * One distribution from parsed JSON or YAML: `{ "type": "float", "low": 1e-5, "high": 0.1, "log": true }`.
 * @param place where it stands, for messages
 * @throws UsageError `invalid-space`.
 */
export function parseDistributionJson(json: unknown, place: string): Distribution {
  if (!isObject(json)) fail(place, `expected a distribution, got ${JSON.stringify(json)}`);
  const { type } = json;
  if (type !== "float" && type !== "int" && type !== "categorical")
    fail(place, `type must be float, int or categorical, got ${JSON.stringify(type)}`);
  const unknown = Object.keys(json).find((key) => !keysOf[type].includes(key));
  if (unknown !== undefined)
    fail(place, `unknown key "${unknown}":${didYouMean(unknown, keysOf[type])} known: ${keysOf[type].join(", ")}`);
  try {
    return type === "categorical" ? parseCategorical(json, place) : parseNumeric(json, type, place);
  } catch (error) {
    if (error instanceof UsageError && error.code === "invalid-space") throw error;
    return fail(place, messageOf(error));
  }
}

/**
 * A space from parsed JSON, checked throughout; `JSON.stringify` of the result gives it back. Parameters come behind
 * the ones that their conditions name.
 * @throws UsageError `invalid-space` naming the parameter and what is wrong with it.
 */
export function parseSpace(json: unknown): SearchSpace {
  if (!isObject(json) || Object.prototype.toString.call(json) !== "[object Object]")
    fail("space", `expected an object of names and distributions, got ${JSON.stringify(json)}`);
  Object.keys(json).forEach(requireParameterName);
  const entries = Object.entries(json).map(([name, d]) => [name, parseDistributionJson(d, `space.${name}`)] as const);
  return orderSpace(Object.fromEntries(entries));
}
