/** A study's trials as CSV, a line each, and back. */
import { parse } from "csv-parse/sync";
import { blankTrial, isFeasible } from "../core/index.js";
import type { Annotation, StudyState, Trial, TrialPart } from "../core/index.js";
import { csvLine } from "../io/csv.js";
import { cellOf, valueOfCell } from "./csv-cell.js";
import type { StudyInFile } from "./study-in-file.js";

/** One column of the CSV. */
interface Column {
  readonly title: string;
  readonly of: (trial: Trial) => unknown;
}

/** Columns of fields, of which what is null is an empty cell. */
function fields(...names: readonly (keyof Trial)[]): Column[] {
  return names.map((name) => ({ title: name, of: (trial) => trial[name] ?? undefined }));
}

/** {@link fields} that only some studies have: no column where no trial has any. */
function fieldsInUse(trials: readonly Trial[], ...names: readonly (keyof Trial)[]): Column[] {
  const isUsed = (value: unknown): boolean =>
    value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
  return fields(...names.filter((name) => trials.some((trial) => isUsed(trial[name]))));
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
function partColumns({ trials }: StudyState, namesOf: (parts: readonly TrialPart[]) => readonly string[]): Column[] {
  const parts = trials.find((trial) => trial.parts !== null)?.parts;
  if (!parts) return [];
  const each = namesOf(parts).map((name, i) => ({
    title: `parts.${name}`,
    of: (trial: Trial) => trial.parts?.[i]?.values[0],
  }));
  return [...fields("spread"), ...each];
}

/** Whether a complete trial meets its constraints; no column where no trial has any. */
function feasibleColumn(trials: readonly Trial[]): Column[] {
  if (trials.every(({ constraints }) => Object.keys(constraints).length === 0)) return [];
  return [{ title: "feasible", of: (trial) => (trial.state === "complete" ? isFeasible(trial) : undefined) }];
}

const annotationKeys = ["note", "tags", "banned"] as const;

/** What people say about trials; no columns where they say nothing. */
function annotationColumns({ annotations }: StudyState): Column[] {
  if (annotations.size === 0) return [];
  return annotationKeys.map((key) => ({
    title: `annotation.${key}`,
    of: ({ number }) => annotations.get(number)?.[key],
  }));
}

/** Fields that are null where the trial trained without them, and missing where it did not train. */
function optionalFields(trials: readonly Trial[], ...names: readonly (keyof Trial)[]): Column[] {
  return names
    .filter((name) => trials.some((trial) => trial[name] !== undefined))
    .map((name) => ({ title: name, of: (trial) => trial[name] }));
}

/** Fields that programs read again, lists among them: behind those that people look at. */
const remaining = [
  ...["owner", "slot", "lease", "intermediate", "seen", "intermediate_parts", "parts"],
  ...["attempts", "distributions", "worker"],
] as const satisfies readonly (keyof Trial)[];

function columnsOf(state: StudyState, namesOf: (parts: readonly TrialPart[]) => readonly string[]): Column[] {
  const { header, trials } = state;
  return [
    ...fields("number", "state"),
    ...valueColumns(header),
    ...partColumns(state, namesOf),
    ...fields("finish_index", "started_at", "finished_at", "seconds", "seed"),
    ...keyed(trials, "params", (trial) => trial.params),
    ...keyed(trials, "metrics.best", (trial) => trial.metrics.best),
    ...keyed(trials, "metrics.last", (trial) => trial.metrics.last),
    ...keyed(trials, "constraints", (trial) => trial.constraints),
    ...feasibleColumn(trials),
    { title: "steps", of: ({ intermediate }) => intermediate.length },
    { title: "last_step", of: ({ intermediate }) => intermediate.at(-1)?.[0] },
    { title: "last_value", of: ({ intermediate }) => intermediate.at(-1)?.[1] },
    ...fields("attempt", "retry_of", "backend", "prune_reason"),
    { title: "failure.class", of: ({ failure }) => failure?.class },
    { title: "failure.message", of: ({ failure }) => failure?.message },
    { title: "failure.where", of: ({ failure }) => failure?.where },
    ...keyed(trials, "user_attrs", (trial) => trial.user_attrs),
    ...(state.header.earlier_spaces ? [{ title: "space_version", of: (t: Trial) => t.space_version ?? 0 }] : []),
    ...annotationColumns(state),
    ...optionalFields(trials, "kernels", "isa"),
    ...fieldsInUse(trials, ...remaining),
  ];
}

/**
 * The lines, every field of every trial among them (what has no column, no trial has): nested fields as `params.NAME`,
 * `metrics.best.NAME`, …, lists as JSON.
 * @param namesOf what the parts of a cross-validated trial are called
 */
export function* trialCsv(
  state: StudyState,
  namesOf: (parts: readonly TrialPart[]) => readonly string[],
): Generator<string> {
  const columns = columnsOf(state, namesOf);
  yield csvLine(columns.map(({ title }) => title));
  for (const trial of state.trials) yield csvLine(columns.map(({ of }) => cellOf(of(trial))));
}

/** Columns that only repeat what others say. */
const derived = /^(?:feasible|steps|last_step|last_value|parts\..*)$/s;

/** Groups of columns, and the fields that they make up; the longest title first, for keys may have points. */
const groups = [
  "metrics.best",
  "metrics.last",
  "user_attrs",
  "constraints",
  "annotation",
  "failure",
  "params",
] as const;

type Row = Record<string, unknown>;

/** Whether a text is the first line of {@link trialCsv}. */
export function isTrialCsv(firstLine: string): boolean {
  return /^\uFEFF?"?number"?,"?state"?,/.test(firstLine);
}

/**
 * What {@link trialCsv} wrote: the trials, but of the study only what its objectives are called. Columns that are not
 * ours are left out, and said.
 * @throws Error of csv-parse for a text that is no CSV.
 */
export function readTrialCsv(text: string): StudyInFile {
  const [titles = [], ...rows]: string[][] = parse(text, { bom: true, skip_empty_lines: true });
  const metrics = titles.flatMap((title) => (title.startsWith("values.") ? title.slice("values.".length) : []));
  const unknown = titles.filter((title) => !isKnownTitle(title));
  const annotations = new Map<number, Annotation>();
  const trials = rows.map((row, i) => {
    const cells = titles.map((title, at) => [title, valueOfCell(row[at] ?? "")] as const);
    const { record, annotation } = recordOf(cells.filter(([, value]) => value !== undefined));
    const number = typeof record.number === "number" ? record.number : i;
    if (annotation) annotations.set(number, annotation);
    return record;
  });
  return {
    ...{
      name: null,
      objectives: null,
      header: null,
      space: null,
      user_attrs: {},
      created_at: null,
      trials,
      annotations,
    },
    metrics: metrics.length > 0 ? metrics : ["value"],
    unseeded: new Set(),
    notes: unknown.length === 0 ? [] : [`columns that say nothing of a trial, left out: ${unknown.join(", ")}`],
  };
}

const blank: Readonly<Record<string, unknown>> = { ...blankTrial(0), value: null, kernels: null, isa: null };

function isKnownTitle(title: string): boolean {
  if (derived.test(title) || title.startsWith("values.")) return true;
  if (groups.some((group) => title.startsWith(`${group}.`))) return true;
  return (
    title === "distributions" || title === "intermediate_parts" || title === "worker" || Object.hasOwn(blank, title)
  );
}

function recordOf(cells: readonly (readonly [title: string, value: unknown])[]): {
  readonly record: Trial;
  readonly annotation: Annotation | undefined;
} {
  const record: Row = {};
  const nested: Record<string, Row> = {};
  const values: unknown[] = [];
  for (const [title, value] of cells) {
    const group = groups.find((name) => title.startsWith(`${name}.`));
    if (group) set((nested[group] ??= {}), title.slice(group.length + 1), value);
    else if (title === "value") values.push(value);
    else if (title.startsWith("values.")) values.push(value);
    else if (!derived.test(title) && isKnownTitle(title)) record[title] = value;
  }
  const { params = {}, constraints = {}, user_attrs = {}, failure = null, annotation } = nested;
  const [best, last] = [nested["metrics.best"], nested["metrics.last"]];
  const given = {
    ...record,
    ...{ params, constraints, user_attrs, failure, values: values.length > 0 ? values : null },
    metrics: { ...(best && { best }), ...(last && { last }) },
  };
  return {
    record: blankTrial(record["number"] as number, given as Partial<Trial>),
    annotation: annotation as Annotation | undefined,
  };
}

/** `__proto__` is a name like any other. */
function set(record: Row, key: string, value: unknown): void {
  Object.defineProperty(record, key, { value, enumerable: true, writable: true, configurable: true });
}
