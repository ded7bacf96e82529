import type { ParamValue, Trial } from "../core/index.js";
import { renderTable, shortNumber } from "./render.js";
import type { Column } from "./render.js";

/** Parameter names without their group where that is unambiguous: tables are narrow. */
export function shortNames(trials: readonly Trial[]): Map<string, string> {
  const names = [...new Set(trials.flatMap((trial) => Object.keys(trial.params)))];
  const bare = (name: string): string => name.slice(name.indexOf(".") + 1);
  const counts = new Map<string, number>();
  for (const name of names) counts.set(bare(name), (counts.get(bare(name)) ?? 0) + 1);
  return new Map(names.map((name) => [name, counts.get(bare(name)) === 1 ? bare(name) : name]));
}

/** A parameter's value for people. */
export function paramText(value: ParamValue | undefined): string {
  if (value === undefined) return "";
  return typeof value === "number" ? shortNumber(value) : String(value);
}

/** What is worth saying of a trial in a few words: why it was pruned or failed, at which epoch it is. */
export function note(trial: Trial): string {
  if (trial.failure) return `${trial.failure.class}: ${trial.failure.message}`;
  if (trial.prune_reason) return trial.prune_reason;
  if (trial.retry_of !== null) return `repeats ${trial.retry_of}`;
  return "";
}

/** Trials as a table: number, state, value, parameters, steps, seconds, note. */
export function trialTable(trials: readonly Trial[], width = 160): Promise<string> {
  const names = shortNames(trials);
  const columns: Column<Trial>[] = [
    { title: "number", align: "right", text: (trial) => String(trial.number) },
    { title: "state", text: (trial) => trial.state },
    { title: "value", align: "right", text: (trial) => shortNumber(trial.value, 5) },
    ...[...names].map(([name, short]) => ({
      title: short,
      align: "right" as const,
      text: (trial: Trial) => paramText(trial.params[name]),
    })),
    { title: "steps", align: "right", text: (trial) => String(trial.intermediate.length) },
    { title: "seconds", align: "right", text: (trial) => shortNumber(trial.seconds, 3) },
    { title: "note", text: (trial) => note(trial).slice(0, Math.max(20, width - 90)) },
  ];
  return renderTable(trials.some((trial) => note(trial) !== "") ? columns : columns.slice(0, -1), trials);
}
