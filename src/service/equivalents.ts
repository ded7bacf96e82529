/** A request to make a study as other front ends write it: a command line, and a script with the Python client. */
import { shellLine, shellWord } from "../core/command-words.js";
import type { CreateBody } from "./create-request.js";

type Words = readonly (readonly [option: string, value?: string])[];

/** `NAME=VALUE` each; what null is written as, `empty`: nothing behind the name, where that is its own range. */
function assignments(
  option: string,
  given: object | readonly string[] | undefined,
  empty: string | null = null,
): Words {
  if (given === undefined) return [];
  if (Array.isArray(given)) return given.map((text: string) => [option, text]);
  const text = (value: unknown): string | null => (value === null ? empty : valueText(value));
  return Object.entries(given).map(([name, value]) => {
    const told = text(value);
    return [option, told === null ? name : `${name}=${told}`];
  });
}

function valueText(value: unknown): string {
  if (typeof value === "object" && value !== null && "type" in value) return rangeText(value as Range);
  if (Array.isArray(value)) return value.join(",");
  return typeof value === "string" ? value : JSON.stringify(value);
}

interface Range {
  readonly type: string;
  readonly low?: number;
  readonly high?: number;
  readonly log?: boolean;
  readonly step?: number | null;
  readonly choices?: readonly unknown[];
}

/** A distribution in the grammar of `--search`. */
function rangeText({ type, low, high, log, step, choices }: Range): string {
  if (type === "categorical") return (choices ?? []).join(",");
  const kind = log ? "log:" : type === "int" ? "int:" : "";
  const every = step === undefined || step === null || (type === "int" && step === 1) ? "" : `:${step}`;
  return `${kind}${low}..${high}${every}`;
}

function component(option: string, given: CreateBody["sampler"]): Words {
  if (given === undefined) return [];
  if (typeof given === "string") return [[`--${option}`, given]];
  const options = Object.entries(given.options ?? {});
  return [
    [`--${option}`, given.name],
    ...options.map(([name, value]) => [`--${option}-option`, `${name}=${valueText(value)}`] as const),
  ];
}

function optionWords(body: CreateBody): Words {
  const objectives = body.objectives?.map(({ metric, direction }) => (direction ? `${metric}:${direction}` : metric));
  const metric = [body.metric ?? objectives ?? []].flat();
  const text = (option: string, value: unknown): Words => (value === undefined ? [] : [[option, valueText(value)]]);
  const yes = (option: string, value: boolean | undefined): Words => (value ? [[option]] : []);
  return [
    ...text("--study-name", body.name),
    ...text("--config", body.preset),
    ...text("--model", body.model && [body.model].flat().join(",")),
    ...text("--dataset", body.dataset),
    ...text("--objective", body.objective),
    ...text("--command", Array.isArray(body.command) ? shellLine(body.command) : body.command),
    ...text("--cwd", body.cwd),
    ...text("--report-pattern", body.report_pattern),
    ...(body.plugins ?? []).map((plugin) => ["--plugin", plugin] as const),
    ...assignments("--set", body.params, "none"),
    ...assignments("--search", body.search),
    ...assignments("--fix", body.fix, "none"),
    ...metric.map((name) => ["--metric", name] as const),
    ...text("--direction", body.direction),
    ...(body.constraints ?? []).map((constraint) => ["--constraint", constraint] as const),
    ...text("--prune-by", body.prune_by),
    ...text("--folds", body.folds === null ? undefined : body.folds),
    ...text("--seeds", body.seeds),
    ...component("sampler", body.sampler),
    ...component("pruner", body.pruner),
    ...text("--from", typeof body.from === "object" ? body.from.name : body.from),
    ...yes("--terminator", body.terminator !== undefined && body.terminator !== false),
    ...text("--seed", body.seed),
    ...text("--trial-value", body.trial_value),
    ...text("--on-nan", body.on_nan),
    ...text("--on-duplicate", body.on_duplicate),
    ...yes("--dry-run-pruner", body.dry_run_pruner),
    ...yes("--force-direction", body.force_direction),
    ...yes("--no-defaults", body.defaults === false),
  ];
}

/** The command line that makes the same study; null where there is none, as trials of other programs are made by requests. */
export function createCommandLine(body: CreateBody): string | null {
  if (body.space !== undefined) return null;
  const words = optionWords(body).flatMap(([option, value]) =>
    value === undefined ? [option] : [option, shellWord(value)],
  );
  return ["mlbench-hpo create-study", ...words].join(" ");
}

/** A script with the Python client that makes the same study. */
export function createScript(body: CreateBody, name: string): string {
  const { dry_run: _dry, ...given } = body;
  const request = JSON.stringify({ ...given, name }, null, 4)
    .replaceAll(/: true(,?)$/gm, ": True$1")
    .replaceAll(/: false(,?)$/gm, ": False$1")
    .replaceAll(/: null(,?)$/gm, ": None$1");
  return `from mlbench_hpo import Client\n\nstudy = Client().create_study(**${request})\n`;
}
