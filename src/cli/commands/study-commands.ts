import { choiceNamed, plainValue } from "../../registry/index.js";
import { parseSpace } from "../../search-space/index.js";
import { UsageError, decodeNumber } from "../../core/index.js";
import type { Params, ParamValue, StudyHeader } from "../../core/index.js";
import type { CommandDefinition } from "../command.js";
import { parseFormat, printLine } from "../io.js";
import { printData } from "../render.js";
import { collect, formatOption, wholeNumber } from "../shared-options.js";
import { addStudyOptions, resolveStudy } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";
import { paramText } from "../trial-table.js";

/** JSON if it is JSON, else the text itself. */
function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function jsonObject(option: string, text: string): Record<string, unknown> {
  const value = jsonOrText(text);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UsageError("invalid-json", `${option} ${text}: expected a JSON object`);
  return value as Record<string, unknown>;
}

/** `mlbench-hpo stop` */
export const stopCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("stop"), { positional: true })
    .description("end a running optimize: no further trial is started")
    .action(async (name: string | undefined, options: StudyOptions) => {
      const ref = await resolveStudy(options, name);
      const { commandStudy } = await import("../../app/study.js");
      await commandStudy(ref.storage, ref.name, { type: "stop" });
      printLine(io.stdout, `${ref.name} stops`);
    });
};

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

/** `mlbench-hpo enqueue-trial --params '{"train.lr": 0.01}'` */
export const enqueueTrialCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("enqueue-trial"), { positional: true })
    .description("put a trial with given parameters in front; the others are drawn")
    .option("--params <json>", 'parameters as JSON: {"train.lr": 0.01}')
    .option("--set <name=value>", "one parameter (repeatable)", collect)
    .option("--defaults", "the model's defaults, as far as they are searched")
    .action(async (name: string | undefined, options: EnqueueOptions) => {
      const ref = await resolveStudy(options, name);
      const { header } = await ref.storage.read(ref.name);
      const defaults = options.defaults ? await defaultParams(header) : {};
      const given = options.params === undefined ? {} : jsonObject("--params", options.params);
      const params = { ...defaults, ...given, ...settings(options.set ?? [], header) } as Params;
      if (Object.keys(params).length === 0)
        throw new UsageError("no-parameters", "enqueue-trial: give --params, --set or --defaults");
      const { commandStudy } = await import("../../app/study.js");
      const trial = await commandStudy(ref.storage, ref.name, { type: "enqueue", params });
      printLine(io.stdout, `enqueued trial ${trial.number}`);
    });
};

async function defaultParams({ task, space }: StudyHeader): Promise<Params> {
  if (task.dataset === undefined)
    throw new UsageError("no-defaults", "enqueue-trial --defaults: a plain objective has no defaults");
  const { defaultTrial } = await import("../../app/default-trial.js");
  return defaultTrial(task, space);
}

/** `mlbench-hpo ask` */
export const askCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("ask"), { positional: true })
    .description("draw a trial to be evaluated elsewhere; end it with `tell`")
    .option("--search-space <json>", "a space for a study without one")
    .addOption(formatOption())
    .action(async (name: string | undefined, options: StudyOptions & { searchSpace?: string; format: string }) => {
      const format = parseFormat(options.format);
      const ref = await resolveStudy(options, name);
      const { commandStudy } = await import("../../app/study.js");
      const space =
        options.searchSpace === undefined
          ? {}
          : { space: parseSpace(jsonObject("--search-space", options.searchSpace)) };
      const asked = await commandStudy(ref.storage, ref.name, { type: "ask", ...space });
      await printData(io, format, asked, {
        table: () =>
          [
            `trial ${asked.number}`,
            ...Object.entries(asked.params).map(([key, v]) => `  ${key} = ${paramText(v)}`),
          ].join("\n"),
        value: () => String(asked.number),
      });
    });
};

interface TellOptions extends StudyOptions {
  trialNumber: number;
  value?: string;
  values?: string;
  state?: string;
}

/** `mlbench-hpo tell --trial-number N --value X` (or `--state pruned|failed`) */
export const tellCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("tell"), { positional: true })
    .description("end a trial that `ask` handed out")
    .requiredOption("--trial-number <n>", "its number", wholeNumber("--trial-number", 0))
    .option("--value <x>", "its value")
    .option("--values <x>", "the same as --value")
    .option("--state <state>", "complete, pruned or failed (fail)")
    .action(async (name: string | undefined, options: TellOptions) => {
      const text = options.value ?? options.values;
      const value = text === undefined ? undefined : (decodeNumber(text) ?? Number(text));
      if (text !== undefined && (text.trim() === "" || (Number.isNaN(value) && text !== "NaN")))
        throw new UsageError("invalid-value", `--value ${text}: expected a number`);
      const state = tellState(options.state);
      const ref = await resolveStudy(options, name);
      const { commandStudy } = await import("../../app/study.js");
      const result = { ...(value === undefined ? {} : { value }), ...(state === undefined ? {} : { state }) };
      const trial = await commandStudy(ref.storage, ref.name, { type: "tell", number: options.trialNumber, result });
      printLine(io.stdout, `trial ${trial.number} is ${trial.state}`);
    });
};

function tellState(text: string | undefined): "complete" | "pruned" | "failed" | undefined {
  if (text === undefined || text === "complete" || text === "pruned" || text === "failed") return text;
  if (text === "fail") return "failed";
  throw new UsageError("invalid-state", `--state ${text}: expected complete, pruned or failed`);
}

/** `mlbench-hpo study set-user-attr --key K --value V` */
export const studyCommand: CommandDefinition = (program, { io }) => {
  const study = program.command("study").description("a study's attributes");
  addStudyOptions(study.command("set-user-attr"), { positional: true })
    .description("keep a value with the study")
    .requiredOption("--key <key>", "its name")
    .requiredOption("--value <value>", "JSON, or text")
    .action(async (name: string | undefined, options: StudyOptions & { key: string; value: string }) => {
      if (options.key === "") throw new UsageError("invalid-key", "--key: expected a name");
      const ref = await resolveStudy(options, name);
      const { commandStudy } = await import("../../app/study.js");
      await commandStudy(ref.storage, ref.name, {
        ...{ type: "set-user-attr", key: options.key, value: jsonOrText(options.value) },
      });
      printLine(io.stdout, `${ref.name}: ${options.key} is set`);
    });
};
