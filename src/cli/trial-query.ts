import { UsageError, stringifyJson } from "../core/index.js";
import type { Trial, TrialState } from "../core/index.js";
import { didYouMean } from "../registry/nearest.js";

const states: readonly TrialState[] = ["waiting", "running", "complete", "pruned", "failed"];
const fields = [
  ...["number", "state", "value", "seconds", "attempt", "seed", "backend", "finish_index", "retry_of"],
  ...["steps", "started_at", "finished_at", "failure"],
] as const;

export interface TrialQuery {
  readonly state?: readonly string[];
  readonly filter?: readonly string[];
  readonly sort?: string;
  readonly limit?: number;
}

/**
 * The value that a name stands for: a record's field, a parameter (`train.lr`, or `lr` where one parameter ends so), or
 * `user_attrs.NAME`.
 */
function lookup(trial: Trial, name: string): unknown {
  if (name === "steps") return trial.intermediate.length;
  if (name === "failure") return trial.failure?.class ?? null;
  if ((fields as readonly string[]).includes(name)) return trial[name as keyof Trial];
  if (name.startsWith("user_attrs.")) return trial.user_attrs[name.slice("user_attrs.".length)];
  if (name in trial.params) return trial.params[name];
  const match = Object.keys(trial.params).filter((key) => key.endsWith(`.${name}`));
  return match.length === 1 ? trial.params[match[0] as string] : undefined;
}

/** Names that mean something in at least one of the trials. */
function requireKnown(trials: readonly Trial[], name: string, option: string): void {
  if ((fields as readonly string[]).includes(name) || trials.length === 0) return;
  if (trials.some((trial) => lookup(trial, name) !== undefined)) return;
  const known = [...new Set([...fields, ...trials.flatMap((trial) => Object.keys(trial.params))])];
  const hint = didYouMean(name, known);
  throw new UsageError(
    "unknown-field",
    `${option}: no field or parameter "${name}":${hint} known: ${known.join(", ")}`,
  );
}

type Test = (trial: Trial) => boolean;

const operators: Readonly<Record<string, (order: number, equal: boolean) => boolean>> = {
  "=": (_order, equal) => equal,
  "!=": (_order, equal) => !equal,
  "<": (order) => order < 0,
  "<=": (order, equal) => order < 0 || equal,
  ">": (order) => order > 0,
  ">=": (order, equal) => order > 0 || equal,
};

/** `train.lr<0.01`, `state=pruned`, `model.hidden_size>=32` */
function parseFilter(text: string, trials: readonly Trial[]): Test {
  const parsed = /^\s*([\w.]+)\s*(!=|<=|>=|=|<|>)\s*(.*?)\s*$/.exec(text);
  if (!parsed)
    throw new UsageError("invalid-filter", `--filter ${text}: expected name, one of = != < <= > >=, and a value`);
  const [, name, operator, wanted] = parsed as unknown as [string, string, string, string];
  if (wanted === "" && operator !== "=" && operator !== "!=")
    throw new UsageError("invalid-filter", `--filter ${text}: expected a value after ${operator}`);
  requireKnown(trials, name, "--filter");
  const decide = operators[operator] as (order: number, equal: boolean) => boolean;
  const number = wanted === "" ? NaN : Number(wanted);
  return (trial) => {
    const value = lookup(trial, name);
    if (value === null || value === undefined)
      return operator === "=" ? wanted === "null" : operator === "!=" && wanted !== "null";
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
 * Trials by state, filters (all must hold), order and number. `--sort value` ascends, `--sort -value` descends; trials
 * without the value come last either way.
 */
export function queryTrials(trials: readonly Trial[], query: TrialQuery): Trial[] {
  for (const state of query.state ?? [])
    if (!states.includes(state as TrialState))
      throw new UsageError("invalid-state", `--state ${state}: expected some of ${states.join(", ")}`);
  const tests = (query.filter ?? []).map((text) => parseFilter(text, trials));
  const chosen = trials.filter(
    (trial) => (!query.state?.length || query.state.includes(trial.state)) && tests.every((holds) => holds(trial)),
  );
  if (query.sort !== undefined) {
    const descending = query.sort.startsWith("-");
    const name = descending ? query.sort.slice(1) : query.sort;
    requireKnown(trials, name, "--sort");
    chosen.sort((a, b) => {
      const [x, y] = [lookup(a, name), lookup(b, name)];
      const order = compare(x, y);
      const absent = compare(x, null) === 0 || compare(y, null) === 0;
      return descending && !absent ? -order : order;
    });
  }
  return query.limit === undefined ? chosen : chosen.slice(0, query.limit);
}
