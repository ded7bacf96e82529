/** Distributions as Optuna's journals hold them, older versions' among them, and as studies here do. */
import { categorical, contains, float, int, isParamValue, MlbenchError } from "../../core/index.js";
import type { Distribution, ParamValue } from "../../core/index.js";
import { isJsonObject } from "../json-object.js";
import type { JsonObject } from "../json-object.js";
import { parsePythonJson, PythonFloat, pythonJson } from "../../core/python-json.js";

/** One of Optuna's distributions: what it makes of a stored number, and what it is here. */
export interface OptunaDistribution {
  /** `FloatDistribution`, or an older version's name: only equal ones go together in a study. */
  readonly name: string;
  readonly log: boolean;
  /** Null: there is none like it here (bounds beyond 2^53, choices that are twice the same text). */
  readonly distribution: Distribution | null;
  /** The choices in Optuna's order, as values here; null for numbers. */
  readonly choices: readonly ParamValue[] | null;
  /** Whether a choice is none that a record can keep, and its JSON stands for it. */
  readonly rewritten: boolean;
}

function numberIn(json: JsonObject, key: string): number {
  const value = json[key];
  if (typeof value !== "number") throw new TypeError(`${key} is ${JSON.stringify(value)}`);
  return value;
}

/** The distribution here, or null where `make` refuses it. */
function orNone(make: () => Distribution): Distribution | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof MlbenchError) return null;
    throw error;
  }
}

function numeric(kind: "float" | "int", json: JsonObject, log: boolean, step: unknown): Distribution | null {
  const [low, high] = [numberIn(json, "low"), numberIn(json, "high")];
  const given = typeof step === "number" ? { step } : {};
  if (kind === "float") return orNone(() => float(low, high, { log, ...given }));
  return orNone(() => int(low, high, log ? { log } : given));
}

function choiceHere(choice: unknown): ParamValue {
  return isParamValue(choice) ? choice : pythonJson(choice);
}

function ofChoices(raw: unknown): Pick<OptunaDistribution, "distribution" | "choices" | "rewritten"> {
  if (!Array.isArray(raw) || raw.length === 0) throw new TypeError(`choices is ${JSON.stringify(raw)}`);
  const choices = raw.map(choiceHere);
  // 1 and 1.0 are one choice here, as they are equal there.
  const distribution = orNone(() => categorical([...new Set(choices)]));
  return { distribution, choices, rewritten: raw.some((choice) => !isParamValue(choice)) };
}

/** Each name's kind, whether it is logarithmic by its name, and where its step stands. */
const numericNames: Readonly<Record<string, { kind: "float" | "int"; log?: boolean; step: string }>> = {
  FloatDistribution: { kind: "float", step: "step" },
  IntDistribution: { kind: "int", step: "step" },
  UniformDistribution: { kind: "float", log: false, step: "none" },
  LogUniformDistribution: { kind: "float", log: true, step: "none" },
  DiscreteUniformDistribution: { kind: "float", log: false, step: "q" },
  IntUniformDistribution: { kind: "int", log: false, step: "step" },
  IntLogUniformDistribution: { kind: "int", log: true, step: "none" },
};

/** `{"type": "float", "low": …}`: the short form that Optuna takes from other programs. */
const shortNames: Readonly<Record<string, string>> = {
  float: "FloatDistribution",
  int: "IntDistribution",
  categorical: "CategoricalDistribution",
};

/**
 * A distribution from its JSON.
 * @throws TypeError, SyntaxError for what Optuna would not read either.
 */
export function readDistribution(text: string): OptunaDistribution {
  const json = parsePythonJson(text);
  if (!isJsonObject(json)) throw new TypeError(`a distribution is ${text}`);
  const name = json["name"] ?? shortNames[json["type"] as string];
  const attributes = json["name"] === undefined ? json : json["attributes"];
  if (typeof name !== "string" || !isJsonObject(attributes)) throw new TypeError(`unknown distribution ${text}`);
  if (name === "CategoricalDistribution") return { name, log: false, ...ofChoices(attributes["choices"]) };
  const known = Object.hasOwn(numericNames, name) ? numericNames[name] : undefined;
  if (!known) throw new TypeError(`unknown distribution ${name}`);
  const log = known.log ?? attributes["log"] === true;
  const distribution = numeric(known.kind, attributes, log, attributes[known.step]);
  return { name, log, distribution, choices: null, rewritten: false };
}

/** Whether Optuna takes a parameter's distribution beside an earlier trial's: it passes over what it would refuse. */
export function goTogether(earlier: OptunaDistribution, later: OptunaDistribution): boolean {
  if (earlier.name !== later.name || earlier.log !== later.log) return false;
  if (!earlier.choices || !later.choices) return true;
  return pythonJson(earlier.choices) === pythonJson(later.choices);
}

/** Whether Optuna takes two distributions for one parameter of a study. */
export function isOfOneKind(one: Distribution, other: Distribution): boolean {
  if (one.type === "categorical" || other.type === "categorical")
    return one.type === other.type && distributionText(one) === distributionText(other);
  return one.type === other.type && one.log === other.log;
}

/** The value that a stored number stands for; undefined for none that a record could keep. */
export function externalValue({ choices, name }: OptunaDistribution, internal: unknown): ParamValue | undefined {
  if (typeof internal !== "number") return undefined;
  if (choices) return choices[Math.trunc(internal)];
  const value = name.startsWith("Int") ? Math.trunc(internal) : internal;
  return Number.isFinite(value) ? value : undefined;
}

/** Digits behind the point of a number's shortest decimal. */
function decimalsOf(value: number): number {
  const [digits = "", exponent = "0"] = String(value).split("e");
  return Math.max(0, (digits.split(".")[1] ?? "").length - Number(exponent));
}

/**
 * The end of a grid in decimals, as Optuna counts it: it takes 0.8999999999999999 for no multiple of 0.3, and the range
 * for one that ends a step earlier.
 */
function decimalHigh(low: number, high: number, step: number): number {
  const decimals = Math.max(decimalsOf(low), decimalsOf(step));
  if (decimals > 30) return high;
  const scaled = (value: number): bigint => BigInt(value.toFixed(decimals).replace(".", ""));
  const digits = String(scaled(low) + BigInt(Math.round((high - low) / step)) * scaled(step));
  return Number(`${digits}e-${decimals}`);
}

/** A distribution's JSON as Optuna 3 and later write it; conditions are no part of it. */
export function distributionText(distribution: Distribution): string {
  if (distribution.type === "categorical")
    return pythonJson({ name: "CategoricalDistribution", attributes: { choices: distribution.choices } });
  const { log } = distribution;
  if (distribution.type === "int") {
    const { low, high, step } = distribution;
    return pythonJson({ name: "IntDistribution", attributes: { log, step, low, high } });
  }
  const { low, high, step } = distribution;
  const numbers = { step: step === null ? null : new PythonFloat(step), low: new PythonFloat(low) };
  const end = step === null ? high : decimalHigh(low, high, step);
  return pythonJson({ name: "FloatDistribution", attributes: { ...numbers, high: new PythonFloat(end), log } });
}

/** The number that Optuna stores for a value; undefined where the distribution has no such value. */
export function internalValue(distribution: Distribution, value: ParamValue): PythonFloat | number | undefined {
  if (distribution.type === "categorical") {
    const index = distribution.choices.indexOf(value);
    return index === -1 ? undefined : index;
  }
  return typeof value === "number" && contains(distribution, value) ? new PythonFloat(value) : undefined;
}

/** The numeric distribution widened, its grid given up, so that it holds a value; null where none of its kind does. */
export function widened(distribution: Distribution, value: ParamValue): Distribution | null {
  if (distribution.type === "categorical" || typeof value !== "number") return null;
  if (distribution.type === "int" && !Number.isInteger(value)) return null;
  const [low, high] = [Math.min(distribution.low, value), Math.max(distribution.high, value)];
  const { log, step, type } = distribution;
  const onGrid =
    step === null || Math.abs((value - distribution.low) / step - Math.round((value - distribution.low) / step)) < 1e-8;
  return orNone(() =>
    type === "float"
      ? float(low, high, { log, step: onGrid ? step : null })
      : int(low, high, { log, step: onGrid ? (step ?? 1) : 1 }),
  );
}
