/** Requests as other front ends write them: a study to be made or run as a command line, or a script with the Python client. */
import { resolve } from "node:path";
import { shellLine, shellWord } from "../core/command-words.js";
import type { StudyState } from "../core/index.js";
import { studyKind } from "../core/study-kind.js";
import { formatDistribution, parseDistributionJson } from "../search-space/index.js";
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

/** A value as an option takes it; a distribution in the grammar of `--search`. */
function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.join(",");
  if (typeof value === "object" && value !== null && "type" in value)
    return formatDistribution(parseDistributionJson(value, "search"));
  return typeof value === "string" ? value : JSON.stringify(value);
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

function terminator(given: CreateBody["terminator"] = false): Words {
  if (given === false) return [];
  const least = given === true ? undefined : given.min_trials;
  return [least === undefined ? ["--terminator"] : ["--terminator", `min-trials=${least}`]];
}

function optionWords(body: CreateBody): Words {
  const objectives = body.objectives?.map(({ metric, direction }) => (direction ? `${metric}:${direction}` : metric));
  const metric = [body.metric ?? objectives ?? []].flat();
  const text = (option: string, value: unknown): Words => (value === undefined ? [] : [[option, valueText(value)]]);
  const yes = (option: string, value: boolean | undefined): Words => (value ? [[option]] : []);
  return [
    ...text("--study-name", body.name),
    ...text("--config", body.preset ?? body.config),
    ...text("--model", body.model && [body.model].flat().join(",")),
    ...text("--dataset", body.dataset),
    ...text("--objective", body.objective),
    ...text("--command", Array.isArray(body.command) ? shellLine(body.command) : body.command),
    ...yes("--shell", body.shell),
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
    ...text("--top", typeof body.from === "object" ? body.from.top : undefined),
    ...terminator(body.terminator),
    ...text("--seed", body.seed),
    ...text("--trial-value", body.trial_value),
    ...text("--on-nan", body.on_nan),
    ...text("--on-duplicate", body.on_duplicate),
    ...yes("--dry-run-pruner", body.dry_run_pruner),
    ...yes("--force-direction", body.force_direction),
    ...yes("--no-defaults", body.defaults === false),
  ];
}

/**
 * The command line that makes the same study in a storage; null where there is none: trials of other programs are made by requests, the
 * usual space is always searched as well, and a direction stands with its metric.
 */
export function createCommandLine(body: CreateBody, storage: string): string | null {
  if (body.space !== undefined || body.default_space === false || body.directions !== undefined) return null;
  // Typed elsewhere, a program would run elsewhere.
  const placed = body.command === undefined ? body : { ...body, cwd: resolve(body.cwd ?? ".") };
  const words = [...optionWords(placed), ["--storage", storage] as const].flatMap(([option, value]) =>
    value === undefined ? [option] : [option, shellWord(value)],
  );
  return ["mlbench-hpo create-study", ...words].join(" ");
}

/** The command line that goes on with a study: runs it, or asks for a trial of one whose trials other programs run. */
export function runCommandLine({ header, counted }: Pick<StudyState, "header" | "counted">): string {
  const { run, name } = header;
  if (studyKind(header) === "outside") return `mlbench-hpo ask ${shellWord(name)}`;
  const goal = run?.total_trials ?? (Math.floor(counted / 100) + 1) * 100;
  return `mlbench-hpo optimize ${shellWord(name)} --total-trials ${goal}`;
}

/** A JSON value as Python writes it, over as many lines as JSON would take. */
function pythonText(value: unknown, indent = ""): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}    `;
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const items = Array.isArray(value)
    ? value.map((item) => pythonText(item, inner))
    : Object.entries(value).flatMap(([key, item]) =>
        item === undefined ? [] : `${JSON.stringify(key)}: ${pythonText(item, inner)}`,
      );
  return items.length === 0 ? `${open}${close}` : `${open}\n${inner}${items.join(`,\n${inner}`)}\n${indent}${close}`;
}

/** A script with the Python client that makes the same study. */
export function createScript(body: CreateBody, name: string): string {
  const { dry_run: _dry, ...given } = body;
  return `from mlbench_hpo import Client\n\nstudy = Client().create_study(**${pythonText({ ...given, name })})\n`;
}
