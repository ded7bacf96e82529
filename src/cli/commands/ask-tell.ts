/** `mlbench-hpo ask`, `heartbeat` and `tell`, and the values that `report` takes: trials that are evaluated elsewhere. */
import { defined, UsageError, decodeNumber } from "../../core/index.js";
import { parseSpace } from "../../search-space/index.js";
import type { CommandDefinition } from "../command.js";
import { parseFormat, printNote } from "../io.js";
import type { CliIo } from "../io.js";
import { jsonObject } from "../json-arguments.js";
import { printData } from "../render.js";
import { collectList, formatOption, duration, wholeNumber } from "../shared-options.js";
import { addStudyOptions, addTrialArgument, resolveStudy, trialArgument } from "../study-ref.js";
import type { StudyOptions } from "../study-ref.js";
import { paramText } from "../trial-table.js";

export const LEASE = ["--lease <token>", "the lease that the trial was handed out under"] as const;

/** @throws UsageError `invalid-value`. */
/** A number as other languages print it, too: `nan`, `inf`, `-Infinity`. */
function numberOf(option: string, text: string): number {
  const [, sign, word] = /^([+-]?)(nan|inf(?:inity)?)$/i.exec(text.trim()) ?? [];
  if (word !== undefined) return word.toLowerCase() === "nan" ? NaN : sign === "-" ? -Infinity : Infinity;
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value))
    throw new UsageError("invalid-value", `${option} ${text}: expected a number`);
  return value;
}

/** `{"loss": 0.1}` of `--metrics`. */
function metricsOf(text: string | undefined): { metrics?: Record<string, number> } {
  if (text === undefined) return {};
  const metrics = Object.entries(jsonObject("--metrics", text)).map(([name, value]) => {
    const number = decodeNumber(value);
    if (number === undefined) throw new UsageError("invalid-value", `--metrics: "${name}" must be a number`);
    return [name, number] as const;
  });
  return { metrics: Object.fromEntries(metrics) };
}

/** Seconds; of a trial that is asked for with a key, which is always out under a lease. As the API's. */
const LEASE_WITH_KEY = 300;

/** What a request's header can hold. @throws UsageError `invalid-option`. */
function keyOf(text: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(text)) return text;
  throw new UsageError("invalid-option", "--key: expected 1 to 255 printable ASCII characters without spaces");
}

interface AskOptions extends StudyOptions {
  searchSpace?: string;
  lease?: number;
  key?: string;
  worker?: string;
  format: string;
}

/** `mlbench-hpo ask` */
export const askCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("ask"), { positional: true })
    .description("draw a trial to evaluate elsewhere; report its result with `tell`")
    .option("--search-space <json>", "search space of a study that has none yet")
    .option(
      "--lease <time>",
      "requeue the trial after this time without a report or heartbeat, while some process has the study open (default: never)",
      duration("--lease"),
    )
    .option(
      "--key <text>",
      "tells this request from others: asked again with it, the same trial comes back (lease: 5m unless --lease says otherwise)",
      keyOf,
    )
    .option("--worker <name>", "who asks, for people: kept with the trial")
    .addOption(formatOption())
    .action(async (name: string | undefined, { searchSpace, lease, key, worker, ...options }: AskOptions) => {
      const format = parseFormat(options.format);
      const ref = await resolveStudy(options, name);
      const { commandStudy } = await import("../../app/command-study.js");
      const asked = await commandStudy(ref, {
        type: "ask",
        ...(searchSpace === undefined ? {} : { space: parseSpace(jsonObject("--search-space", searchSpace)) }),
        ...defined({ lease: lease ?? (key === undefined ? undefined : LEASE_WITH_KEY), key, worker }),
      });
      await printData(io, format, asked, {
        table: () =>
          [
            `trial ${asked.number}`,
            ...Object.entries(asked.params).map(([key, v]) => `  ${key} = ${paramText(v)}`),
            ...(asked.lease ? [`lease ${asked.lease.token} (${asked.lease.seconds} s)`] : []),
          ].join("\n"),
        value: () => String(asked.number),
      });
    });
};

/** What `report` is told of a trial that `ask` handed out. */
export interface ValueReport extends StudyOptions {
  readonly step: number;
  readonly value: string;
  readonly metrics?: string;
  readonly lease?: string;
  readonly format: string;
}

/** `mlbench-hpo report N --step S --value X`: prints `continue`, `prune` or `stop`. */
export async function reportValue(words: readonly string[], options: ValueReport, io: CliIo): Promise<void> {
  const format = parseFormat(options.format);
  const { study, number } = trialArgument("report", words);
  const { step, lease } = options;
  const report = { step, value: numberOf("--value", options.value), ...metricsOf(options.metrics) };
  const ref = await resolveStudy(options, study);
  const { commandStudy } = await import("../../app/command-study.js");
  const leased = lease === undefined ? {} : { lease };
  const answer = await commandStudy(ref, { type: "report", number, ...report, ...leased });
  await printData(io, format, { answer }, { table: () => answer, value: () => answer });
}

/** `mlbench-hpo heartbeat N --lease TOKEN`: prints `continue` or `stop`. */
export const heartbeatCommand: CommandDefinition = (program, { io }) => {
  addTrialArgument(addStudyOptions(program.command("heartbeat"), { positional: false }))
    .description("renew the lease on a trial that `ask` handed out; prints continue or stop")
    .option(...LEASE)
    .addOption(formatOption())
    .action(async (words: string[], options: StudyOptions & { lease?: string; format: string }) => {
      const format = parseFormat(options.format);
      const { study, number } = trialArgument("heartbeat", words);
      const ref = await resolveStudy(options, study);
      const { commandStudy } = await import("../../app/command-study.js");
      const leased = options.lease === undefined ? {} : { lease: options.lease };
      const answer = await commandStudy(ref, { type: "heartbeat", number, ...leased });
      await printData(io, format, { answer }, { table: () => answer, value: () => answer });
    });
};

interface TellOptions extends StudyOptions {
  trialNumber: number;
  value?: string[];
  values?: string[];
  state?: string;
  message?: string;
  metrics?: string;
  lease?: string;
}

/** `mlbench-hpo tell --trial-number N --value X` (or `--state pruned|failed`) */
export const tellCommand: CommandDefinition = (program, { io }) => {
  addStudyOptions(program.command("tell"), { positional: true })
    .description("report the result of a trial that `ask` handed out")
    .requiredOption("--trial-number <n>", "the trial's number", wholeNumber("--trial-number", 0))
    .option(
      "--value <x>",
      "the objective value; several objectives: one each, in order (repeatable, or a,b)",
      collectList,
    )
    .option("--values <x>", "the same as --value", collectList)
    .option("--state <state>", "complete, pruned or failed")
    .option("--message <text>", "why it failed")
    .option("--metrics <json>", 'other metrics to store: {"val_mae": 0.1}')
    .option(...LEASE)
    .action(async (name: string | undefined, options: TellOptions) => {
      const values = (options.value ?? options.values)?.map((text) => numberOf("--value", text));
      const state = tellState(options.state);
      const { message, lease } = options;
      const result = {
        ...(values === undefined ? {} : { values }),
        ...(state === undefined ? {} : { state }),
        ...(message === undefined ? {} : { message }),
        ...(lease === undefined ? {} : { lease }),
        ...metricsOf(options.metrics),
      };
      const ref = await resolveStudy(options, name);
      const { commandStudy } = await import("../../app/command-study.js");
      const trial = await commandStudy(ref, { type: "tell", number: options.trialNumber, result });
      printNote(io.stdout, `trial ${trial.number} is ${trial.state}`);
    });
};

function tellState(text: string | undefined): "complete" | "pruned" | "failed" | undefined {
  if (text === undefined || text === "complete" || text === "pruned" || text === "failed") return text;
  if (text === "fail") return "failed";
  throw new UsageError("invalid-state", `--state ${text}: expected complete, pruned or failed`);
}
