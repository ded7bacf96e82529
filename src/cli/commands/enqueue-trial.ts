/** `mlbench-hpo enqueue-trial`: parameters to be tried before others. */
import { contains, UsageError } from "../../core/index.js";
import type { Params, ParamValue, StudyHeader } from "../../core/index.js";
import { choiceNamed, plainValue } from "../../registry/index.js";
import type { CommandDefinition } from "../command.js";
import { printLine, printNotice } from "../io.js";
import type { CliIo } from "../io.js";
import { jsonObject } from "../json-arguments.js";
import { collect, wholeNumber } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions, StudyRef } from "../study-ref.js";

interface EnqueueOptions extends StudyOptions {
  params?: string;
  set?: string[];
  defaults?: boolean;
  fromTrial?: string;
  fromStudy?: string;
  top?: number;
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
    .description("queue trials with given parameters; they run next, and parameters not given are sampled")
    .option("--params <json>", 'parameters as JSON: {"train.lr": 0.01}')
    .option("--set <name=value>", "one parameter (repeatable)", collect)
    .option("--defaults", "use the defaults of the searched parameters")
    .option("--from-trial <study:number>", "repeat a trial of another study, or of this one (its number alone)")
    .option("--from-study <study>", "repeat the best trials of another study: its name or file")
    .option("--top <n>", "how many trials of --from-study (default: 10)", wholeNumber("--top", 1, 1000))
    .action(async (name: string | undefined, options: EnqueueOptions) => {
      refuseTwoSources(options);
      const ref = await resolveStudy(options, name);
      const { readStudy } = await import("../../app/read-study.js");
      const { header } = await readStudy(ref);
      if (options.fromStudy !== undefined) return enqueueBest(io, ref, options.fromStudy, options);
      const defaults = options.defaults ? await defaultParams(header) : {};
      const given = options.params === undefined ? {} : jsonObject("--params", options.params);
      const params = { ...defaults, ...given, ...settings(options.set ?? [], header) } as Params;
      if (options.fromTrial !== undefined) return enqueueTrialOf(io, ref, options.fromTrial, { params, options });
      if (Object.keys(params).length === 0)
        throw new UsageError(
          "no-parameters",
          "enqueue-trial: give --params, --set, --defaults, --from-trial or --from-study",
        );
      const { commandStudy } = await import("../../app/command-study.js");
      const trial = await commandStudy(ref, { type: "enqueue", params });
      printLine(io.stdout, `enqueued trial ${trial.number}`);
      for (const warning of outside(params, header)) printNotice(io.stderr, "warning", warning);
    });
};

/** One source of parameters; single ones may be changed in a trial that is repeated. */
function refuseTwoSources({ params, set, defaults, fromTrial, fromStudy, top }: EnqueueOptions): void {
  const sources = Object.entries({ "--from-study": fromStudy, "--from-trial": fromTrial, "--defaults": defaults });
  const given = sources.flatMap(([flag, value]) => (value === undefined ? [] : [flag]));
  if (fromStudy !== undefined && (params !== undefined || set !== undefined))
    given.push(params === undefined ? "--set" : "--params");
  if (given.length > 1)
    throw new UsageError("conflicting-options", `enqueue-trial: ${given.join(" and ")} exclude each other`);
  if (top !== undefined && fromStudy === undefined)
    throw new UsageError("invalid-option", `--top ${top}: says how many: --from-study STUDY --top ${top}`);
}

/** Another study: by its name in the same storage, or by its file. */
function sourceOf(study: string, { storage }: EnqueueOptions): StudyOptions {
  return { study, ...(storage === undefined ? {} : { storage }) };
}

async function enqueueTrialOf(
  io: CliIo,
  ref: StudyRef,
  text: string,
  { params, options }: { readonly params: Params; readonly options: EnqueueOptions },
): Promise<void> {
  const at = text.lastIndexOf(":");
  const number = text.slice(at + 1).trim();
  if (!/^\d+$/.test(number) || at === 0)
    throw new UsageError("invalid-option", `--from-trial ${text}: expected STUDY:NUMBER, or a number of this study`);
  const study = at < 0 ? ref : await resolveStudy(sourceOf(text.slice(0, at), options));
  const { enqueueFrom } = await import("../../app/enqueue-from.js");
  const { enqueued } = await enqueueFrom(ref, { study, trial: Number(number), params });
  for (const trial of enqueued) printLine(io.stdout, `enqueued trial ${trial.number}, as ${study.name}:${number}`);
}

/** Reasons that are told one by one. */
const MOST_TOLD = 5;

async function enqueueBest(io: CliIo, ref: StudyRef, text: string, options: EnqueueOptions): Promise<void> {
  const study = await resolveStudy(sourceOf(text, options));
  const { enqueueFrom } = await import("../../app/enqueue-from.js");
  const { enqueued, skipped } = await enqueueFrom(ref, { study, top: options.top });
  const [first, last] = [enqueued[0]?.number, enqueued.at(-1)?.number];
  const trials = enqueued.length === 1 ? `trial ${first}` : `${enqueued.length} trials (${first} to ${last})`;
  const best = enqueued.length + skipped.length;
  if (enqueued.length > 0) printLine(io.stdout, `enqueued ${trials}, of the ${best} best of ${study.name}`);
  else printLine(io.stdout, `enqueued nothing: none of the ${best} best of ${study.name} is new and fits`);
  if (skipped.length === 0) return;
  const told = skipped.slice(0, MOST_TOLD).map(({ trial, reason }) => `trial ${trial} (${reason})`);
  const more = skipped.length > told.length ? [`${skipped.length - told.length} more`] : [];
  printNotice(io.stderr, "warning", `${skipped.length} skipped: ${[...told, ...more].join("; ")}`);
}

async function defaultParams({ task, space }: StudyHeader): Promise<Params> {
  if (task.dataset === undefined)
    throw new UsageError("no-defaults", "enqueue-trial --defaults: a plain objective has no defaults");
  const { defaultTrial } = await import("../../app/default-trial.js");
  return defaultTrial(task, space);
}
