/** The grammar of `--search`: distributions read from text and written as text. */
import { defined } from "../core/defined.js";
import { categorical, float, int } from "../core/distribution.js";
import type { Distribution, ParamValue } from "../core/distribution.js";
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

const grammar = "LOW..HIGH, log:LOW..HIGH, int:LOW..HIGH[:log|:step=N], float:LOW..HIGH[:log|:step=X] or A,B,C";

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
}

function parseModifiers(parts: readonly string[], shown: string): Modifiers {
  let log = false;
  let step: number | null = null;
  for (const part of parts) {
    const given = /^step=(.+)$/.exec(part.trim());
    if (part.trim() === "log") log = true;
    else if (given) {
      step = numberOf(given[1] as string) ?? null;
      if (step === null) throw invalidSearch(shown, `step=${given[1]} is no number`);
    } else throw invalidSearch(shown, `unknown "${part}"`);
  }
  return { log, step };
}

function parseRange(kind: Kind, body: string, target: Target, shown: string): Distribution {
  const [bounds = "", ...modifiers] = body.split(":");
  const [lowText = "", highText = "", ...rest] = bounds.split("..");
  const low = numberOf(lowText);
  const high = numberOf(highText);
  if (low === undefined || high === undefined || rest.length > 0)
    throw invalidSearch(shown, `"${bounds}" is no range LOW..HIGH`);
  const { log, step } = parseModifiers(modifiers, shown);
  const whole = kind === "int" || (kind !== "float" && target?.type === "int");
  try {
    if (whole) return int(low, high, defined({ log: log || kind === "log", step: step ?? undefined }));
    return float(low, high, { log: log || kind === "log", step });
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
 * `int:16..128:step=8`, `float:0..0.5:step=0.1`, `adamw,sgd`. Without `int:` or `float:` a range takes the parameter's
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
