/** A study's trials as CSV, a line each, or the whole study as JSON. */
import { encodeNumber, isFeasible, stringifyJson } from "../../core/index.js";
import type { StudyState, Trial } from "../../core/index.js";
import { csvLine } from "../../io/csv.js";
import { partNames } from "./baselines.js";

/** What a study is written as. */
export type ExportFormat = "csv" | "json";

/** The text of an export, in pieces: a study may be too large for one string. */
export function exportOf(state: StudyState, format: ExportFormat): Iterable<string> {
  return format === "csv" ? csv(state) : json(state);
}

function* json({ header, trials, annotations }: StudyState): Generator<string> {
  const head = stringifyJson({ ...header, annotations: Object.fromEntries(annotations) }, 2);
  yield `${head.slice(0, -2)},\n  "trials": [`;
  for (const [i, trial] of trials.entries()) yield `${i === 0 ? "" : ","}\n    ${stringifyJson(trial)}`;
  yield "\n  ]\n}\n";
}

/** A record's value as a CSV field holds it. */
function cell(value: unknown): string | number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return encodeNumber(value);
  return typeof value === "string" ? value : stringifyJson(value);
}

/** One column of the CSV. */
interface Column {
  readonly title: string;
  readonly of: (trial: Trial) => unknown;
}

function fields(...names: (keyof Trial)[]): Column[] {
  return names.map((name) => ({ title: name, of: (trial) => trial[name] }));
}

/** A column for each key that any trial has there. */
function keyed(
  trials: readonly Trial[],
  title: string,
  pick: (trial: Trial) => Readonly<Record<string, unknown>> | undefined,
): Column[] {
  const names = [...new Set(trials.flatMap((trial) => Object.keys(pick(trial) ?? {})))];
  return names.map((name) => ({ title: `${title}.${name}`, of: (trial) => pick(trial)?.[name] }));
}

/** The objectives' values: `value` of a single one, else `values.METRIC` of each. */
function valueColumns({ objectives }: StudyState["header"]): Column[] {
  if (objectives.length === 1) return fields("value");
  return objectives.map(({ metric }, i) => ({ title: `values.${metric}`, of: (trial) => trial.values?.[i] }));
}

/** A study over folds: the spread, and the first objective's value of each part; no columns in any other. */
function partColumns({ trials }: StudyState): Column[] {
  const parts = trials.find((trial) => trial.parts !== null)?.parts;
  if (!parts) return [];
  const each = partNames(parts).map((name, i) => ({
    title: `parts.${name}`,
    of: (trial: Trial) => trial.parts?.[i]?.values[0],
  }));
  return [...fields("spread"), ...each];
}

/** Whether a complete trial meets its constraints; no column where no trial has any. */
function feasibleColumn(trials: readonly Trial[]): Column[] {
  if (trials.every(({ constraints }) => Object.keys(constraints).length === 0)) return [];
  return [{ title: "feasible", of: (trial) => (trial.state === "complete" ? isFeasible(trial) : null) }];
}

/** What people say about trials; no columns where they say nothing. */
function annotationColumns({ annotations }: StudyState): Column[] {
  if (annotations.size === 0) return [];
  return (["note", "tags", "banned"] as const).map((key) => ({
    title: `annotation.${key}`,
    of: ({ number }) => annotations.get(number)?.[key],
  }));
}

function columnsOf(state: StudyState): Column[] {
  const { header, trials } = state;
  return [
    ...fields("number", "state"),
    ...valueColumns(header),
    ...partColumns(state),
    ...fields("finish_index", "started_at", "finished_at", "seconds", "seed"),
    ...keyed(trials, "params", (trial) => trial.params),
    ...keyed(trials, "metrics.best", (trial) => trial.metrics.best),
    ...keyed(trials, "constraints", (trial) => trial.constraints),
    ...feasibleColumn(trials),
    { title: "steps", of: ({ intermediate }) => intermediate.length },
    { title: "last_step", of: ({ intermediate }) => intermediate.at(-1)?.[0] },
    { title: "last_value", of: ({ intermediate }) => intermediate.at(-1)?.[1] },
    ...fields("attempt", "retry_of", "backend", "prune_reason"),
    { title: "failure.class", of: ({ failure }) => failure?.class },
    { title: "failure.message", of: ({ failure }) => failure?.message },
    ...(state.header.earlier_spaces ? [{ title: "space_version", of: (t: Trial) => t.space_version ?? 0 }] : []),
    ...keyed(trials, "user_attrs", (trial) => trial.user_attrs),
    ...annotationColumns(state),
  ];
}

function* csv(state: StudyState): Generator<string> {
  const columns = columnsOf(state);
  yield csvLine(columns.map(({ title }) => title));
  for (const trial of state.trials) yield csvLine(columns.map(({ of }) => cell(of(trial))));
}
