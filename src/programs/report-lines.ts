/** What a line that a program prints says of its trial: a report, its result, or nothing. */
import type { Metrics, StudyObjective } from "../core/index.js";
import { decodeNumber } from "../core/index.js";
import { parsePythonJson } from "../core/python-json.js";

/** A report or a result as a line gives it. */
export type Told =
  | { readonly kind: "report"; readonly step: number; readonly value: number; readonly numbers: Metrics }
  | { readonly kind: "result"; readonly values: readonly number[]; readonly numbers: Metrics }
  /** It looks like one, and is none: why, in words. */
  | { readonly kind: "odd"; readonly why: string };

/** What is read off the lines of a study's programs. */
export interface Read {
  readonly objectives: readonly StudyObjective[];
  /** The metric that is reported. */
  readonly reported: string;
}

type Raw = Readonly<Record<string, unknown>>;

/** Says what a line is about besides numbers. */
const own = new Set(["step", "value", "values", "metrics"]);

function isRecord(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A line as a JSON object, as Python writes one too; null for what is none. */
function objectOf(line: string): Raw | null {
  const text = line.trim();
  if (!text.startsWith("{") || !text.endsWith("}")) return null;
  try {
    const parsed = parsePythonJson(text);
    return isRecord(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

/** All numbers under their names: those of `metrics`, those of the line, and the objectives' in `value` or `values`. */
function numbersOf(raw: Raw, { objectives, reported }: Read): Record<string, number> {
  const values = raw["values"];
  const first = objectives.length === 1 || Object.hasOwn(raw, "step") ? { [reported]: raw["value"] } : {};
  // A list of another length is no study's values.
  const listed = Array.isArray(values)
    ? values.length !== objectives.length
      ? {}
      : Object.fromEntries(objectives.map(({ metric }, i) => [metric, values[i] as unknown]))
    : isRecord(values)
      ? values
      : {};
  const named = Object.entries(raw).filter(([name]) => !own.has(name) || objectives.some((o) => o.metric === name));
  const metrics = isRecord(raw["metrics"]) ? raw["metrics"] : {};
  const all = [...Object.entries(metrics), ...Object.entries(first), ...Object.entries(listed), ...named];
  return Object.fromEntries(
    all.flatMap(([name, value]): [string, number][] => {
      const number = decodeNumber(value);
      return number === undefined || name === "__proto__" ? [] : [[name, number]];
    }),
  );
}

/** Whether a step is one that a study keeps. */
function isStep(step: number | undefined): step is number {
  return step !== undefined && Number.isSafeInteger(step) && step >= 0;
}

/**
 * What a line of JSON says.
 * @returns null for any other line, and for JSON about other things
 */
export function readJsonLine(line: string, read: Read): Told | null {
  const raw = objectOf(line);
  if (!raw) return null;
  const { objectives, reported } = read;
  const numbers = numbersOf(raw, read);
  if (Object.hasOwn(raw, "step")) {
    const [step, value] = [decodeNumber(raw["step"]), numbers[reported]];
    if (!isStep(step)) return { kind: "odd", why: `step ${JSON.stringify(raw["step"])} is no whole number from 0` };
    if (value === undefined) return { kind: "odd", why: `step ${step} has no number "${nameOf(reported)}"` };
    return { kind: "report", step, value, numbers };
  }
  const isResult = ["value", "values", ...objectives.map(({ metric }) => metric)].some((key) =>
    Object.hasOwn(raw, key),
  );
  if (!isResult) return null;
  const values = objectives.flatMap(({ metric }) => numbers[metric] ?? []);
  if (values.length === objectives.length) return { kind: "result", values, numbers };
  const missing = objectives.filter(({ metric }) => numbers[metric] === undefined).map(({ metric }) => nameOf(metric));
  return { kind: "odd", why: `a line without a step has no number ${missing.map((name) => `"${name}"`).join(", ")}` };
}

/** Its value may stand under its own name or under `value`. */
function nameOf(metric: string): string {
  return metric === "value" ? metric : `value" or "${metric}`;
}

/** A number as programs print it: `1e-3`, `nan`, `-inf`, `1,234.5` is none. */
function printedNumber(text: string | undefined): number | undefined {
  const word = text?.trim().replace(/^\+/, "").toLowerCase();
  if (word === undefined || word === "") return undefined;
  if (word === "nan" || word === "-nan") return NaN;
  const infinite = /^(-?)inf(?:inity)?$/.exec(word);
  if (infinite) return infinite[1] === "-" ? -Infinity : Infinity;
  return /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/.test(word) ? Number(word) : undefined;
}

/**
 * What the groups of a match say: `step` (without that group, the line's place among those that match, from 1), `value`,
 * and further numbers under their names.
 * @param place the match's place among all so far, from 1
 */
export function readMatch(groups: Readonly<Record<string, string | undefined>>, place: number, read: Read): Told {
  const { reported } = read;
  const step = Object.hasOwn(groups, "step") ? printedNumber(groups["step"]) : place;
  if (!isStep(step)) return { kind: "odd", why: `step "${groups["step"] ?? ""}" is no whole number from 0` };
  const named = Object.entries(groups).flatMap(([name, text]): [string, number][] => {
    const number = own.has(name) ? undefined : printedNumber(text);
    return number === undefined ? [] : [[name, number]];
  });
  const numbers = Object.fromEntries(named);
  const value = printedNumber(groups["value"]) ?? numbers[reported];
  if (value === undefined) return { kind: "odd", why: `step ${step}: "${groups["value"] ?? ""}" is no number` };
  return { kind: "report", step, value, numbers: { ...numbers, [reported]: value } };
}
