/** The trials of a study as the columns of a report's table. */
import { annotationInWords, comparableTrials, topOfStudy, trialNote } from "../../core/index.js";
import type { ParamValue, StudyState, Trial } from "../../core/index.js";
import type { ColumnKind, TrialColumn, TrialColumns } from "./report-data.js";

/** More rows would make a page of tens of megabytes. */
export const MOST_ROWS = 10_000;
/** Of them so many are the best ones, the rest the newest, where there are more trials. */
const BEST_ROWS = 2_000;
/** A cell's longest text: a row that says more is looked up with `trials`. */
const CELL_LENGTH = 200;

type Cell = string | number | boolean | null;

interface Column extends TrialColumn {
  readonly of: (trial: Trial) => Cell;
}

/** A text as far as a cell has it. */
export function cutCell(text: string, length = CELL_LENGTH): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function cellOf(value: ParamValue | undefined): Cell {
  if (value === undefined) return null;
  if (value === null) return "null";
  return typeof value === "string" ? cutCell(value) : value;
}

/** The names without their group where that is unambiguous. */
export function shortTitles(names: readonly string[]): ReadonlyMap<string, string> {
  const bare = (name: string): string => name.slice(name.indexOf(".") + 1);
  const counts = new Map<string, number>();
  for (const name of names) counts.set(bare(name), (counts.get(bare(name)) ?? 0) + 1);
  return new Map(names.map((name) => [name, counts.get(bare(name)) === 1 ? bare(name) : name]));
}

function parameterColumns({ header: { space } }: StudyState, trials: readonly Trial[]): Column[] {
  const names = [...new Set([...Object.keys(space), ...trials.flatMap(({ params }) => Object.keys(params))])];
  const titles = shortTitles(names);
  return names.map((name) => {
    const isNumber = trials.every(({ params }) => ["number", "undefined"].includes(typeof params[name]));
    return {
      ...{ name, title: cutCell(titles.get(name) ?? name, 60), group: "parameter" },
      kind: isNumber ? "number" : "text",
      of: ({ params }) => cellOf(Object.hasOwn(params, name) ? params[name] : undefined),
    };
  });
}

function valueColumns({ header: { objectives } }: StudyState, trials: readonly Trial[]): Column[] {
  const values = objectives.map(({ metric, direction }, i): Column => ({
    ...{ name: metric, title: metric, kind: "number", group: "value", direction },
    of: (trial) => trial.values?.[i] ?? null,
  }));
  const spread: Column = {
    ...{ name: "spread", title: "± SD", kind: "number", group: "value" },
    of: (trial) => trial.spread,
  };
  const others = [...new Set(trials.flatMap(({ metrics }) => Object.keys(metrics.best ?? {})))].filter((name) =>
    ["val_rmse_end", "val_mae", "parameters"].includes(name),
  );
  const metrics = others
    .filter((name) => !objectives.some(({ metric }) => metric === name))
    .map((name): Column => ({
      ...{ name, title: name, kind: "number", group: "value" },
      of: (trial) => trial.metrics.best?.[name] ?? null,
    }));
  return [...values, ...(trials.some((trial) => trial.spread !== null) ? [spread] : []), ...metrics];
}

function constraintColumns(trials: readonly Trial[]): Column[] {
  const names = [...new Set(trials.flatMap(({ constraints }) => Object.keys(constraints)))];
  return names.map((name) => ({
    ...{ name: `constraint ${name}`, title: name, kind: "number", group: "constraint" },
    of: ({ constraints }) => constraints[name] ?? null,
  }));
}

function plain(name: string, kind: ColumnKind, of: (trial: Trial) => Cell, title = name): Column {
  return { name, title, kind, group: "trial", of };
}

function columnsOf(state: StudyState, trials: readonly Trial[]): Column[] {
  const said = ({ number }: Trial): string => {
    const annotation = state.annotations.get(number);
    return annotation ? annotationInWords(annotation) : "";
  };
  return [
    plain("number", "number", ({ number }) => number, "trial"),
    plain("state", "state", (trial) => trial.state),
    ...valueColumns(state, trials),
    ...parameterColumns(state, trials),
    ...(state.header.earlier_spaces
      ? [plain("space", "number", ({ space_version: version = 0 }) => version + 1, "space no.")]
      : []),
    plain("steps", "number", ({ intermediate }) => intermediate.length),
    plain("seconds", "number", ({ seconds }) => seconds),
    ...constraintColumns(trials),
    plain("started_at", "time", (trial) => trial.started_at, "started"),
    plain("note", "text", (trial) => cutCell([said(trial), trialNote(trial)].filter((text) => text !== "").join("; "))),
  ];
}

/** The trials that the table has: all, or the best and the newest of them. */
function chosenTrials(state: StudyState): readonly Trial[] {
  const trials = comparableTrials(state);
  if (trials.length <= MOST_ROWS) return trials;
  const chosen = new Set<Trial>(topOfStudy(state, BEST_ROWS));
  for (let i = trials.length - 1; i >= 0 && chosen.size < MOST_ROWS; i--) chosen.add(trials[i] as Trial);
  return trials.filter((trial) => chosen.has(trial));
}

/**
 * The table. Banned trials are not in it.
 * @param best the numbers of the winners
 */
export function trialColumns(state: StudyState, best: readonly number[]): TrialColumns {
  const trials = chosenTrials(state);
  const columns = columnsOf(state, trials);
  return {
    columns: columns.map(({ of: _of, ...column }) => column),
    rows: trials.map((trial) => columns.map(({ of }) => of(trial))),
    total: comparableTrials(state).length,
    ...{ best, counts: state.counts },
  };
}
