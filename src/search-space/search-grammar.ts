/** The grammar of `--search`: distributions read from text and written as text. */
import { defined } from "../core/defined.js";
import { categorical, float, int } from "../core/distribution.js";
import type { Distribution, NumericDistribution, ParamValue } from "../core/distribution.js";
import { UsageError } from "../core/errors.js";
import type { ParameterInfo } from "../registry/parameter.js";
import { numberOf, plainValue } from "../registry/read-text.js";

/** One `--search` as written: a name, and a distribution unless the parameter's own is asked for. */
export interface SearchRequest {
  readonly name: string;
  /** Undefined: the one of the parameter's metadata. */
  readonly range: string | undefined;
  /** As the user wrote it, for messages. */
  readonly shown: string;
}

/** Splits `NAME` or `NAME=DISTRIBUTION`. @throws UsageError `invalid-search`. */
export function splitSearch(text: string): SearchRequest {
  const at = text.indexOf("=");
  const name = (at < 0 ? text : text.slice(0, at)).trim();
  const range = at < 0 ? undefined : text.slice(at + 1).trim();
  if (name === "" || range === "") throw invalidSearch(text);
  return { name, range, shown: text };
}

const grammar =
  "LOW..HIGH, log:LOW..HIGH, int:LOW..HIGH[:log|:step=N], float:LOW..HIGH[:log|:step=X], any range with :points=N, or A,B,C";

function invalidSearch(shown: string, reason = "expected NAME or NAME=DISTRIBUTION"): UsageError {
  return new UsageError("invalid-search", `--search ${shown}: ${reason}; a distribution is ${grammar}`);
}

/** A parameter, as far as the grammar needs to know it. */
export interface SearchTarget {
  /** A range without `int:` or `float:` takes this type. */
  readonly type: ParameterInfo["type"];
  /** A choice's value from its text. @throws UsageError */
  readonly choice?: (text: string) => ParamValue;
}

/** Undefined for a parameter that only the user declares. */
type Target = SearchTarget | undefined;

type Kind = "float" | "int" | "log" | null;

interface Modifiers {
  readonly log: boolean;
  readonly step: number | null;
  /** So many values of the range instead of all. */
  readonly points: number | null;
}

/** Values of a range that are listed one by one. */
const MOST_POINTS = 1000;

function parseModifiers(parts: readonly string[], shown: string): Modifiers {
  let log = false;
  let step: number | null = null;
  let points: number | null = null;
  for (const part of parts) {
    const [, name, text = ""] = /^(step|points)=(.+)$/.exec(part.trim()) ?? [];
    if (part.trim() === "log") log = true;
    else if (name === undefined) throw invalidSearch(shown, `unknown "${part}"`);
    else {
      const number = numberOf(text) ?? null;
      if (number === null) throw invalidSearch(shown, `${name}=${text} is no number`);
      if (name === "step") step = number;
      else points = number;
    }
  }
  if (points !== null && (!Number.isInteger(points) || points < 2 || points > MOST_POINTS))
    throw invalidSearch(shown, `points=${points} is no whole number from 2 to ${MOST_POINTS}`);
  if (points !== null && step !== null) throw invalidSearch(shown, "step and points exclude each other");
  return { log, step, points };
}

/** Digits of a value that is computed: 0.001, where the logarithms give 0.0010000000000000002. */
const DIGITS = 12;

/** So many values of a range with both its ends, at equal distances on its scale; of integers fewer, where two are one. */
function spacedValues({ type, low, high, log }: NumericDistribution, points: number): ParamValue[] {
  const [from, to] = log ? [Math.log(low), Math.log(high)] : [low, high];
  const values = Array.from({ length: points }, (_, i) => {
    if (i === 0 || i === points - 1) return i === 0 ? low : high;
    const at = from + ((to - from) * i) / (points - 1);
    const value = log ? Math.exp(at) : at;
    return type === "int" ? Math.round(value) : Number(value.toPrecision(DIGITS));
  });
  return [...new Set(values)];
}

function parseRange(kind: Kind, body: string, target: Target, shown: string): Distribution {
  const [bounds = "", ...modifiers] = body.split(":");
  const [lowText = "", highText = "", ...rest] = bounds.split("..");
  const low = numberOf(lowText);
  const high = numberOf(highText);
  if (low === undefined || high === undefined || rest.length > 0)
    throw invalidSearch(shown, `"${bounds}" is no range LOW..HIGH`);
  const { log: logScale, step, points } = parseModifiers(modifiers, shown);
  const whole = kind === "int" || (kind !== "float" && target?.type === "int");
  const log = logScale || kind === "log";
  try {
    const range = whole ? int(low, high, defined({ log, step: step ?? undefined })) : float(low, high, { log, step });
    return points === null ? range : categorical(spacedValues(range, points));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError("invalid-search", `--search ${shown}: ${error.message}`, { cause: error });
  }
}

const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
/** Two numbers with anything but `..` between them: `1e-5-1e-1`, `1 to 5`, `0:1`, `[1, 5]`. */
const otherRange = new RegExp(
  String.raw`^(?:[[(]\s*(${NUMBER})\s*[,;]\s*(${NUMBER})\s*[\])]|(${NUMBER})\s*(?:-|–|—|:|…|\.{3}|\s+to\s+)\s*(${NUMBER}))$`,
  "i",
);

/** @throws UsageError `invalid-search` for a range that is written as it is elsewhere: it would read as a choice. */
function refuseOtherRange(body: string, { name, shown }: SearchRequest): void {
  const [, first, second, low = first, high = second] = otherRange.exec(body.trim()) ?? [];
  if (low === undefined || high === undefined) return;
  throw new UsageError(
    "invalid-search",
    `--search ${shown}: a range is written LOW..HIGH, as in ${name}=${low}..${high} (a choice of that name: choice:${body})`,
  );
}

function parseChoices(body: string, target: Target, shown: string): Distribution {
  const items = body.split(",").map((item) => item.trim());
  if (items.some((item) => item === "")) throw invalidSearch(shown, "a choice is empty");
  const choices = items.map(target?.choice ?? plainValue);
  try {
    return categorical(choices);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError("invalid-search", `--search ${shown}: a choice occurs twice`, { cause: error });
  }
}

/**
 * The distribution that `--search NAME=…` declares: `1e-5..1e-1`, `log:1e-5..1e-1`, `int:16..128:log`,
 * `int:16..128:step=8`, `float:0..0.5:step=0.1`, `adamw,sgd`; `log:1e-4..1e-1:points=4` is a choice of four values. Without `int:` or `float:` a range takes the parameter's
 * own type, float where there is none. `choice:` before choices that would read as something else.
 * @throws UsageError `invalid-search` with the grammar.
 */
export function parseDistribution(request: SearchRequest, target?: SearchTarget): Distribution {
  const { range = "", shown } = request;
  const prefix = /^(float|int|log|choice):/.exec(range)?.[1];
  const body = prefix === undefined ? range : range.slice(prefix.length + 1);
  if (prefix === "choice") return parseChoices(body, target, shown);
  if (prefix !== undefined) return parseRange(prefix as Kind, body, target, shown);
  refuseOtherRange(body, request);
  return body.includes("..") ? parseRange(null, body, target, shown) : parseChoices(body, target, shown);
}

/** A distribution as `--search` would take it: `log:1e-5..1e-1`, `int:8..128:log`, `adamw,sgd`. */
export function formatDistribution(distribution: Distribution): string {
  if (distribution.type === "categorical") {
    const choices = distribution.choices.map(String).join(",");
    return /\.\.|^(float|int|log|choice):/.test(choices) ? `choice:${choices}` : choices;
  }
  const { type, low, high, log, step } = distribution;
  const range = `${low}..${high}`;
  if (type === "float" && log) return `log:${range}`;
  const stepped = step !== null && !(type === "int" && step === 1) ? `:step=${step}` : "";
  return `${type}:${range}${log ? ":log" : ""}${stepped}`;
}
