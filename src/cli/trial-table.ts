/** Trials for people: as a table, and in a few words. */
import { annotationInWords, oneLine, stringifyJson, trialNote, violationOf } from "../core/index.js";
import type { AnnotatedTrial } from "../app/views/annotated.js";
import type { FrontVolume, ParamValue, StudyObjective, Trial } from "../core/index.js";
import { renderTable, shortNumber } from "./render.js";
import type { Style } from "./styles.js";
import { cutText } from "./text-layout.js";
import type { Column } from "./render.js";

/** Parameter names without their group where that is unambiguous: tables are narrow. */
export function shortNames(trials: readonly Pick<Trial, "params">[]): Map<string, string> {
  const names = [...new Set(trials.flatMap((trial) => Object.keys(trial.params)))];
  const bare = (name: string): string => name.slice(name.indexOf(".") + 1);
  const counts = new Map<string, number>();
  for (const name of names) counts.set(bare(name), (counts.get(bare(name)) ?? 0) + 1);
  return new Map(names.map((name) => [name, counts.get(bare(name)) === 1 ? bare(name) : name]));
}

/** How a trial's state is coloured. */
export function stateStyle({ state }: Trial): Style | undefined {
  return state === "pruned" || state === "failed" || state === "running" ? state : undefined;
}

/** The owner of a trial that `ask` handed out: no process of ours runs it. */
export const EXTERNAL = "external";

/** What is said of trials that a process left running which is gone. */
export function nobodyRuns(numbers: readonly number[]): string {
  const [what, them] = numbers.length === 1 ? ["trial", "it"] : ["trials", "them"];
  return `nobody runs ${what} ${numbers.join(", ")}: the process has gone, and the next optimize reruns ${them} first`;
}

/** A parameter's value for people. */
export function paramText(value: ParamValue | undefined): string {
  if (value === undefined) return "";
  return typeof value === "number" ? shortNumber(value) : oneLine(String(value));
}

/** A trial's value for an objective; with the spread over its parts where there is one: `0.0123 ± 0.0021`. */
export function valueText(trial: Pick<Trial, "values" | "spread">, objective = 0): string {
  const value = shortNumber(trial.values?.[objective], 5);
  return objective === 0 && trial.spread !== null ? `${value} ± ${shortNumber(trial.spread, 3)}` : value;
}

/** `hypervolume 0.0123 up to val_rmse 0.1, parameters 50000`: without the point the number says nothing. */
export function volumeInWords({ value, reference }: FrontVolume, objectives: readonly StudyObjective[]): string {
  const point = objectives.map(({ metric }, i) => `${metric} ${shortNumber(reference[i])}`);
  return `hypervolume ${shortNumber(value, 5)} up to ${point.join(", ")}`;
}

/** What people say about a trial, and what is worth saying of it in a few words. */
function remark(trial: AnnotatedTrial): string {
  const said = trial.annotation ? annotationInWords(trial.annotation) : "";
  return [said, trialNote(trial)].filter((text) => text !== "").join("; ");
}

/** One column an objective; a study with one calls it `value`. */
function valueColumns(objectives: readonly StudyObjective[], best: ReadonlySet<number>): Column<Trial>[] {
  return objectives.map(({ metric }, i) => ({
    title: objectives.length === 1 ? "value" : metric,
    align: "right",
    text: (trial) => valueText(trial, i),
    style: ({ number }) => (best.has(number) ? "best" : undefined),
  }));
}

/** One column a constraint that some trial has: how far it is from meeting it, met at 0 and below. */
function constraintColumns(trials: readonly Trial[]): Column<Trial>[] {
  if (!trials.some((trial) => violationOf(trial) > 0)) return [];
  const names = [...new Set(trials.flatMap((trial) => Object.keys(trial.constraints)))];
  return names.map((name) => ({ title: name, align: "right", text: (trial) => shortNumber(trial.constraints[name]) }));
}

/** A column that was asked for. */
export interface FurtherColumn {
  readonly title: string;
  readonly of: (trial: Trial) => unknown;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return shortNumber(value, 5);
  return oneLine(typeof value === "string" ? value : stringifyJson(value));
}

/** On a terminal a page of traceback would bury the table; elsewhere all of it is told. */
const MOST_NOTE = 240;

function noteOf(trial: AnnotatedTrial, width: number): string {
  return width === Infinity ? remark(trial) : cutText(remark(trial), MOST_NOTE);
}

interface TrialTableOptions {
  /** The terminal's. @default no limit */
  readonly width?: number;
  /** The numbers of the best trial, or of the front. @default none */
  readonly best?: ReadonlySet<number>;
  /** @default none */
  readonly further?: readonly FurtherColumn[];
}

/**
 * Trials as a table: number, state, values, what else is asked for, parameters, steps, seconds, constraints where some
 * are missed, note.
 */
export function trialTable(
  trials: readonly AnnotatedTrial[],
  objectives: readonly StudyObjective[],
  { width = Infinity, best = new Set(), further = [] }: TrialTableOptions = {},
): string {
  const names = shortNames(trials);
  const columns: Column<AnnotatedTrial>[] = [
    { title: "number", align: "right", text: (trial) => String(trial.number) },
    { title: "state", text: (trial) => trial.state, style: stateStyle },
    ...valueColumns(objectives, best),
    ...further.map(({ title, of }) => ({ title, align: "right" as const, text: (trial: Trial) => textOf(of(trial)) })),
    ...[...names].map(([name, short]) => ({
      title: short,
      align: "right" as const,
      text: (trial: Trial) => paramText(trial.params[name]),
    })),
    { title: "steps", align: "right", text: (trial) => String(trial.intermediate.length) },
    { title: "seconds", align: "right", text: (trial) => shortNumber(trial.seconds, 3) },
    ...constraintColumns(trials),
  ];
  if (trials.some((trial) => remark(trial) !== ""))
    columns.push({ title: "note", text: (trial) => noteOf(trial, width), style: () => "muted", below: true });
  return renderTable(columns, trials, width);
}
