/** `mlbench-hpo enqueue-trial`: parameters to be tried before others. */
import { contains, UsageError } from "../../core/index.js";
import type { Params, ParamValue, StudyHeader } from "../../core/index.js";
import { choiceNamed, plainValue } from "../../registry/index.js";
import type { CommandDefinition } from "../command.js";
import { printLine, printNotice } from "../io.js";
import { jsonObject } from "../json-arguments.js";
import { collect } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";

interface EnqueueOptions extends StudyOptions {
  params?: string;
  set?: string[];
  defaults?: boolean;
}

/** `--set name=value` (short names where unique) as the study's space has them. */
function settings(texts: readonly string[], { space }: StudyHeader): Record<string, ParamValue> {
  const names = Object.keys(space);
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      const given = text.slice(0, at).trim();
      const match = names.includes(given) ? [given] : names.filter((name) => name.endsWith(`.${given}`));
      if (at < 1 || match.length !== 1)
        throw new UsageError("invalid-setting", `--set ${text}: expected name=value with one of ${names.join(", ")}`);
      const name = match[0] as string;
      const distribution = space[name];
      const value = text.slice(at + 1).trim();
      const choice = distribution?.type === "categorical" ? choiceNamed(distribution.choices, value) : undefined;
      return [name, choice === undefined ? plainValue(value) : choice];
    }),
  );
}

/** What is given beyond what the study searches: it may be meant. */
function outside(params: Params, { space }: StudyHeader): string[] {
  return Object.entries(params).flatMap(([name, value]) => {
    const searched = Object.hasOwn(space, name) ? space[name] : undefined;
    if (!searched || searched.type === "categorical" || contains(searched, value)) return [];
    const { low, high } = searched;
    const number = value as number;
    const where = number >= low && number <= high ? "off the searched steps of" : "outside the searched range";
    return [`${name} = ${number} is ${where} ${low} to ${high}`];
  });
}

/** `mlbench-hpo enqueue-trial --params '{"train.lr": 0.01}'` */
export const enqueueTrialCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("enqueue-trial"), { positional: true })
    .description("queue a trial with given parameters; it runs next, and parameters not given are sampled")
    .option("--params <json>", 'parameters as JSON: {"train.lr": 0.01}')
    .option("--set <name=value>", "one parameter (repeatable)", collect)
    .option("--defaults", "use the defaults of the searched parameters")
    .action(async (name: string | undefined, options: EnqueueOptions) => {
      const ref = await resolveStudy(options, name);
      const { readStudy } = await import("../../app/read-study.js");
      const { header } = await readStudy(ref);
      const defaults = options.defaults ? await defaultParams(header) : {};
      const given = options.params === undefined ? {} : jsonObject("--params", options.params);
      const params = { ...defaults, ...given, ...settings(options.set ?? [], header) } as Params;
      if (Object.keys(params).length === 0)
        throw new UsageError("no-parameters", "enqueue-trial: give --params, --set or --defaults");
      const { commandStudy } = await import("../../app/command-study.js");
      const trial = await commandStudy(ref, { type: "enqueue", params });
      printLine(io.stdout, `enqueued trial ${trial.number}`);
      for (const warning of outside(params, header)) printNotice(io.stderr, "warning", warning);
    });
};

async function defaultParams({ task, space }: StudyHeader): Promise<Params> {
  if (task.dataset === undefined)
    throw new UsageError("no-defaults", "enqueue-trial --defaults: a plain objective has no defaults");
  const { defaultTrial } = await import("../../app/default-trial.js");
  return defaultTrial(task, space);
}
