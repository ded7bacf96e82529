/** What names in filters, in sort orders and over columns of the table mean: fields, objectives, parameters, metrics. */
import { nearest, suggestion } from "../../../src/core/nearest.js";
import { stateNames } from "../columns/state-names.js";
import type { ColumnStore, OwnColumn } from "../columns/column-store.js";
import { NumberColumn, TextColumn } from "../columns/column.js";
import type { Cell, FlagColumn } from "../columns/column.js";

/** What a field is of; it decides how it is compared, sorted and shown. */
export type FieldKind = "number" | "text" | "flag" | "time";

/** One field of every trial. */
export interface Field {
  /** As records and the command line have it. */
  readonly name: string;
  readonly kind: FieldKind;
  readonly group: "trial" | "objective" | "parameter" | "metric";
  readonly at: (row: number) => Cell;
  /** The numbers behind it, where NaN stands for none and for NaN. */
  readonly numbers?: NumberColumn;
  /** The codes behind it. */
  readonly texts?: TextColumn;
}

/** Names of records and of the command line, and the column behind each. */
const own: Readonly<Record<string, { readonly column: OwnColumn; readonly kind: FieldKind }>> = {
  seconds: { column: "seconds", kind: "number" },
  steps: { column: "steps", kind: "number" },
  attempt: { column: "attempt", kind: "number" },
  started_at: { column: "started", kind: "time" },
  finished_at: { column: "finished", kind: "time" },
  finish_index: { column: "finish_index", kind: "number" },
  failure: { column: "failure", kind: "text" },
  retry_of: { column: "retry_of", kind: "number" },
  last_step: { column: "last_step", kind: "number" },
  last_value: { column: "last_value", kind: "number" },
  spread: { column: "spread", kind: "number" },
  feasible: { column: "feasible", kind: "flag" },
  violation: { column: "violation", kind: "number" },
  banned: { column: "banned", kind: "flag" },
  slot: { column: "slot", kind: "number" },
  owner: { column: "owner", kind: "text" },
};

/** Fields of a record that the columns leave out. */
const elsewhere = new Set(["seed", "backend", "user_attrs", "params", "metrics"]);

/** A time as records have it. */
const isoTime = (value: number | null): string | null => (value === null ? null : new Date(value).toISOString());

function fieldOfColumn(
  name: string,
  group: Field["group"],
  column: NumberColumn | TextColumn | FlagColumn,
  kind: FieldKind = column.kind,
): Field {
  if (kind === "time") {
    const times = column as NumberColumn;
    return { name, kind, group, numbers: times, at: (row) => isoTime(times.at(row)) };
  }
  const at = (row: number): Cell => column.at(row);
  if (column instanceof NumberColumn) return { name, kind, group, at, numbers: column };
  if (column instanceof TextColumn) return { name, kind, group, at, texts: column };
  return { name, kind, group, at };
}

/** All fields of a study's trials, in the order in which a table would show them. */
export function fieldsOf(store: ColumnStore): Field[] {
  const trial = (name: string): Field => {
    const { column, kind } = own[name] as (typeof own)[string];
    return fieldOfColumn(name, "trial", store.own[column], kind);
  };
  return [
    { name: "number", kind: "number", group: "trial", at: (row) => row },
    { name: "state", kind: "text", group: "trial", at: (row) => store.stateOf(row) },
    ...store.objectives.map(({ metric }, i) => fieldOfColumn(metric, "objective", store.values[i] as NumberColumn)),
    ...[...store.params].map(([name, column]) => fieldOfColumn(name, "parameter", column)),
    // An objective may stand among the metrics, too: it is the same number.
    ...[...store.metrics]
      .filter(([name]) => !store.objectives.some(({ metric }) => metric === name))
      .map(([name, column]) => fieldOfColumn(name, "metric", column)),
    ...Object.keys(own).map(trial),
    { name: "tag", kind: "text", group: "trial", at: (row) => store.tags.get(row)?.join(", ") ?? null },
    { name: "note", kind: "flag", group: "trial", at: (row) => store.notes.has(row) },
  ];
}

/** The name that was meant: by the whole of it, or by its end behind a point. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  const ends = new Map(known.map((one) => [one.slice(one.lastIndexOf(".") + 1), one]));
  const found = nearest(name, [...known, ...ends.keys()]);
  return found === undefined || known.includes(found) ? found : ends.get(found);
}

/** The field that a name means, or what is wrong with the name. */
export type FoundField = { readonly field: Field } | { readonly problem: string };

/**
 * The field of a name, as the command line finds it: a record's field, an objective's metric (`value` where there is
 * one), a parameter (`train.lr`, or `lr` where one parameter ends so), another metric.
 */
export function findField(store: ColumnStore, name: string): FoundField {
  const fields = fieldsOf(store);
  if (name === "value" && !fields.some((field) => field.name === "value")) {
    const [first] = store.objectives;
    const found = store.objectives.length === 1 ? fields.find((field) => field.name === first?.metric) : undefined;
    if (found) return { field: found };
    return { problem: `there are several objectives: ${store.objectives.map(({ metric }) => metric).join(", ")}` };
  }
  if (name === "tags") return findField(store, "tag");
  if (name.startsWith("metrics.best.")) {
    // Also of one that is an objective: a pruned trial has no value, and may have had a best epoch.
    const column = store.metrics.get(name.slice("metrics.best.".length));
    if (column) return { field: fieldOfColumn(name, "metric", column) };
  }
  const order: readonly Field["group"][] = ["trial", "objective", "parameter"];
  for (const group of order) {
    const found = fields.find((field) => field.group === group && field.name === name);
    if (found) return { field: found };
    if (group !== "parameter") continue;
    const ending = fields.filter((field) => field.group === group && field.name.endsWith(`.${name}`));
    if (ending.length === 1) return { field: ending[0] as Field };
    if (ending.length > 1)
      return { problem: `${name} may be ${ending.map((field) => field.name).join(" or ")}: which of them?` };
  }
  const best = fields.find((field) => field.group === "metric" && field.name === name);
  if (best) return { field: best };
  const head = name.split(".")[0] as string;
  if (elsewhere.has(head))
    return { problem: `${name} is not among the columns here; \`mlbench-hpo trials --filter\` knows it` };
  const known = fields.map((field) => field.name);
  const hint = suggestion(nearestName(name, known));
  return { problem: `no field, parameter or metric "${name}":${hint} known: ${known.join(", ")}` };
}

/** The words that a field of few words has. */
export const wordsOf = ({ name, texts }: Field): readonly string[] =>
  name === "state" ? stateNames : (texts?.dict.map(String) ?? []);
