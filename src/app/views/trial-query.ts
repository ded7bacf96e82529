/** Trials by state, conditions, order and number. */
import { UsageError, stringifyJson, valueOf } from "../../core/index.js";
import type { StudyObjective, Trial, TrialState } from "../../core/index.js";
import type { KnownKeys } from "../../core/index.js";
import { requireKnownKeys } from "../../core/index.js";
import { didYouMean } from "../../core/index.js";

const states: readonly TrialState[] = ["waiting", "running", "complete", "pruned", "failed"];
const fields = [
  ...["number", "state", "value", "seconds", "attempt", "seed", "backend", "finish_index", "retry_of"],
  ...["steps", "started_at", "finished_at", "failure"],
] as const;

/** Which trials are asked for, and in which order. */
export interface TrialQuery {
  /** Only these. @default all */
  readonly state?: readonly string[] | undefined;
  /** `train.lr<0.01`, `state=pruned`: all must hold. */
  readonly filter?: readonly string[] | undefined;
  /** A field, parameter or metric; `-field` descends. @default as they come */
  readonly sort?: string | undefined;
  /** At most so many. @default all */
  readonly limit?: number | undefined;
}

const queryKeys: KnownKeys<TrialQuery> = { state: true, filter: true, sort: true, limit: true };

/** The trials that are looked at, and the names of their objectives' values. */
interface Queried {
  readonly trials: readonly Trial[];
  readonly metrics: readonly string[];
}

/** Which epoch a name is about; without either it is the best one. */
const epochs = { "metrics.best.": "best", "metrics.last.": "last" } as const;

function metricOf({ metrics }: Trial, name: string): number | undefined {
  for (const [prefix, which] of Object.entries(epochs))
    if (name.startsWith(prefix)) return metrics[which]?.[name.slice(prefix.length)];
  return metrics.best?.[name];
}

/** The metrics that some of the trials have. */
function recordedMetrics(trials: readonly Trial[]): string[] {
  return trials.flatMap(({ metrics }) => Object.keys(metrics.best ?? {}));
}

/**
 * The value that a name stands for: a record's field, an objective's metric, a parameter (`train.lr`, or `lr` where one
 * parameter ends so), another metric of the best epoch (`metrics.last.NAME`: of the last), or `user_attrs.NAME`.
 */
function lookup(trial: Trial, name: string, { metrics }: Queried): unknown {
  if (name === "steps") return trial.intermediate.length;
  if (name === "failure") return trial.failure?.class ?? null;
  if ((fields as readonly string[]).includes(name)) return trial[name as keyof Trial];
  if (metrics.includes(name)) return valueOf(trial, metrics.indexOf(name));
  if (name.startsWith("user_attrs.")) return trial.user_attrs[name.slice("user_attrs.".length)];
  if (Object.hasOwn(trial.params, name)) return trial.params[name];
  const match = Object.keys(trial.params).filter((key) => key.endsWith(`.${name}`));
  if (match.length === 1) return trial.params[match[0] as string];
  return match.length > 1 ? undefined : metricOf(trial, name);
}

/**
 * A column of a table of trials.
 * @param name a field, parameter or metric
 * @throws UsageError `unknown-field`.
 */
export function trialColumn(
  trials: readonly Trial[],
  name: string,
  objectives: readonly StudyObjective[],
): (trial: Trial) => unknown {
  const queried: Queried = { trials, metrics: objectives.map(({ metric }) => metric) };
  requireKnown(queried, name, "--column");
  return (trial) => lookup(trial, name, queried);
}

/** Names that mean something in at least one of the trials. */
function requireKnown(queried: Queried, name: string, option: string): void {
  const { trials, metrics } = queried;
  if ([...fields, ...metrics].includes(name) || trials.length === 0) return;
  if (trials.some((trial) => lookup(trial, name, queried) !== undefined)) return;
  const params = trials.flatMap((trial) => Object.keys(trial.params));
  const known = [...new Set([...fields, ...metrics, ...params, ...recordedMetrics(trials)])];
  const hint = didYouMean(name, known);
  throw new UsageError(
    "unknown-field",
    `${option}: no field, parameter or metric "${name}":${hint} known: ${known.join(", ")}`,
  );
}

type Test = (trial: Trial) => boolean;

const operators: Readonly<Record<string, (order: number, equal: boolean) => boolean>> = {
  "=": (_order, equal) => equal,
  "==": (_order, equal) => equal,
  "!=": (_order, equal) => !equal,
  "<": (order) => order < 0,
  "<=": (order, equal) => order < 0 || equal,
  ">": (order) => order > 0,
  ">=": (order, equal) => order > 0 || equal,
};

/** @throws UsageError `invalid-filter` for a state that there is none of, and for a word against numbers. */
function requireComparable(
  queried: Queried,
  { text, name, wanted }: { text: string; name: string; wanted: string },
): void {
  const refuse = (right: string): never => {
    throw new UsageError("invalid-filter", `--filter ${text}: ${right}`);
  };
  if (name === "state" && !states.includes(wanted as TrialState))
    refuse(`no state "${wanted}":${didYouMean(wanted.toLowerCase(), states)} there are ${states.join(", ")}`);
  if (wanted === "" || wanted === "null" || !Number.isNaN(Number(wanted)) || wanted === "NaN") return;
  const values = queried.trials.map((trial) => lookup(trial, name, queried) ?? null).filter((value) => value !== null);
  if (values.length > 0 && values.every((value) => typeof value === "number"))
    refuse(`${name} is a number, and "${wanted}" is none (decimals have a point)`);
}

/** `train.lr<0.01`, `state=pruned`, `model.hidden_size>=32` */
function parseFilter(text: string, queried: Queried): Test {
  const parsed = /^\s*([\w.-]+)\s*(!=|<=|>=|==?|<|>)\s*(.*?)\s*$/.exec(text);
  if (!parsed)
    throw new UsageError("invalid-filter", `--filter ${text}: expected name, one of = != < <= > >=, and a value`);
  const [, name, operator, wanted] = parsed as unknown as [string, string, string, string];
  if (wanted === "" && operator !== "=" && operator !== "!=")
    throw new UsageError("invalid-filter", `--filter ${text}: expected a value after ${operator}`);
  requireKnown(queried, name, "--filter");
  requireComparable(queried, { text, name, wanted });
  const decide = operators[operator] as (order: number, equal: boolean) => boolean;
  const number = wanted === "" ? NaN : Number(wanted);
  return (trial) => {
    const value = lookup(trial, name, queried);
    if (value === null || value === undefined)
      return operator.startsWith("=") ? wanted === "null" : operator === "!=" && wanted !== "null";
    if (typeof value === "number" && !Number.isNaN(number)) return decide(value - number, value === number);
    const shown = typeof value === "string" ? value : stringifyJson(value);
    return decide(shown < wanted ? -1 : shown > wanted ? 1 : 0, shown === wanted);
  };
}

function compare(a: unknown, b: unknown): number {
  const missing = (value: unknown): boolean =>
    value === null || value === undefined || (typeof value === "number" && Number.isNaN(value));
  if (missing(a) || missing(b)) return missing(a) ? (missing(b) ? 0 : 1) : -1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [x, y] = [String(a), String(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/**
 * Trials by state, filters (all must hold), order and number. `sort: "value"` ascends, `"-value"` descends; trials
 * without the value come last either way.
 * @param objectives the study's, so that values can be named by their metrics
 * @throws UsageError `unknown-option`, `invalid-state`, `invalid-filter`, `unknown-field`.
 * @example
 * const { trials } = await readStudy({ name: "bowl", storage: "studies" });
 * queryTrials(trials, { state: ["complete"], sort: "value", limit: 3 });
 */
export function queryTrials(
  trials: readonly Trial[],
  query: TrialQuery,
  objectives: readonly StudyObjective[] = [],
): Trial[] {
  requireKnownKeys("queryTrials", query, queryKeys);
  for (const state of query.state ?? [])
    if (!states.includes(state as TrialState))
      throw new UsageError("invalid-state", `--state ${state}: expected some of ${states.join(", ")}`);
  const queried: Queried = { trials, metrics: objectives.map(({ metric }) => metric) };
  const tests = (query.filter ?? []).map((text) => parseFilter(text, queried));
  const chosen = trials.filter(
    (trial) => (!query.state?.length || query.state.includes(trial.state)) && tests.every((holds) => holds(trial)),
  );
  if (query.sort !== undefined) sortBy(chosen, query.sort, queried);
  return query.limit === undefined ? chosen : chosen.slice(0, query.limit);
}

function sortBy(chosen: Trial[], field: string, queried: Queried): void {
  const descending = field.startsWith("-");
  const name = descending ? field.slice(1) : field;
  requireKnown(queried, name, "--sort");
  chosen.sort((a, b) => {
    const [x, y] = [lookup(a, name, queried), lookup(b, name, queried)];
    const order = compare(x, y);
    const absent = compare(x, null) === 0 || compare(y, null) === 0;
    return descending && !absent ? -order : order;
  });
}
