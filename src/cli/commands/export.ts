import { Option } from "commander";
import { encodeNumber, stringifyJson } from "../../core/index.js";
import type { StudyState, Trial } from "../../core/index.js";
import { csvLine } from "../../io/csv.js";
import type { CommandDefinition } from "../command.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";
import { writeOutputFile, writeText } from "../write-text.js";

/** `mlbench-hpo export --to csv|json`: a line a trial, or the whole study. */
export const exportCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("export"), { positional: true })
    .description("write a study's trials as CSV (a line a trial) or JSON (header and records)")
    .addOption(new Option("--to <format>", "csv or json").choices(["csv", "json"]).makeOptionMandatory())
    .option("-o, --output <file>", "write here instead of stdout")
    .action(async (name: string | undefined, options: StudyOptions & { to: "csv" | "json"; output?: string }) => {
      const ref = await resolveStudy(options, name);
      const state = await ref.storage.read(ref.name);
      const text = options.to === "csv" ? csv(state) : json(state);
      if (options.output) await writeOutputFile(options.output, text);
      else for (const line of text) await writeText(io.stdout, line);
    });
};

function* json({ header, trials }: StudyState): Generator<string> {
  const head = stringifyJson(header, 2);
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

const fixed = ["number", "state", "value", "finish_index", "started_at", "finished_at", "seconds", "seed"] as const;
const tail = ["attempt", "retry_of", "backend", "prune_reason"] as const;

function* csv({ trials }: StudyState): Generator<string> {
  const names = (pick: (trial: Trial) => object): string[] => [...new Set(trials.flatMap((t) => Object.keys(pick(t))))];
  const params = names((trial) => trial.params);
  const best = names((trial) => trial.metrics.best ?? {});
  const attrs = names((trial) => trial.user_attrs);
  const head = [
    ...fixed,
    ...params.map((name) => `params.${name}`),
    ...best.map((name) => `metrics.best.${name}`),
    ...["steps", "last_step", "last_value", ...tail, "failure.class", "failure.message"],
    ...attrs.map((name) => `user_attrs.${name}`),
  ];
  yield csvLine(head);
  for (const trial of trials) {
    const last = trial.intermediate.at(-1);
    const row = [
      ...fixed.map((key) => trial[key]),
      ...params.map((name) => trial.params[name]),
      ...best.map((name) => trial.metrics.best?.[name]),
      ...[trial.intermediate.length, last?.[0], last?.[1], ...tail.map((key) => trial[key])],
      ...[trial.failure?.class, trial.failure?.message],
      ...attrs.map((name) => trial.user_attrs[name]),
    ];
    yield csvLine(row.map(cell));
  }
}
