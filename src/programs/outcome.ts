/** What a program's reports, its result and its end make of its trial. */
import type { Metrics, TrialOutcome } from "../core/index.js";
import { constraintValues, valueOfEpochs } from "../core/index.js";
import type { TrialJob } from "../executors/executor.js";
import type { ProgramEnd } from "./process.js";
import type { Told } from "./report-lines.js";

/** A report that was taken, with all numbers of its line. */
export interface TakenReport {
  readonly step: number;
  readonly numbers: Metrics;
}

/** All that a program has said. */
export interface Said {
  readonly reports: readonly TakenReport[];
  /** The last one. */
  readonly result: Extract<Told, { kind: "result" }> | null;
  /** Lines that looked like reports and were none: how many, and what was wrong with the first. */
  readonly odd: { readonly count: number; readonly first: string } | null;
  /** The ends of its outputs. */
  readonly stderr: string;
  readonly stdout: string;
  readonly hasPattern: boolean;
}

type Judged = Pick<TrialJob, "objectives" | "constraints" | "trialValue">;

/** Lines of a program's output that a failure tells. */
const MOST_LINES = 10;

/** A failure of the program's, as any exception of an objective's. */
export function failedProgram(message: string): TrialOutcome {
  return { state: "failed", failure: { class: "exception", message, where: "program" } };
}

/** What a program that ended by itself came to. */
export function outcomeOfEnd({ code, signal, error }: ProgramEnd, said: Said, job: Judged): TrialOutcome {
  if (error !== null) return failedProgram(`the program could not be started: ${error}`);
  if (code !== 0) return failedProgram(withOutput(signal ? `ended by ${signal}` : `exit code ${code}`, said));
  if (said.result) {
    const { values, numbers } = said.result;
    const all = { ...lastNumbers(said.reports), ...numbers };
    return complete(values, all, numbersLeft(numbers, job), numbersLeft(numbers, job), job);
  }
  return said.reports.length > 0 ? byReports(said, job) : failedProgram(withoutValue(said));
}

/** The trial-value rule over what was reported. */
function byReports({ reports }: Said, job: Judged): TrialOutcome {
  const [first, ...others] = job.objectives.map(({ metric }) => metric) as [string, ...string[]];
  const values = reports.map(({ numbers }) => numbers[first] ?? NaN);
  const lacking = reports.find(({ numbers }) => numbers[first] === undefined);
  if (lacking)
    return failedProgram(`the program ended without a result, and its step ${lacking.step} has no "${first}"`);
  const chosen = valueOfEpochs(values, job.trialValue, job.objectives[0]?.direction ?? "minimize");
  if (!chosen) return failedProgram("the program ended without a value");
  const { step, numbers } = reports[chosen.index] as TakenReport;
  const missing = others.filter((metric) => numbers[metric] === undefined);
  if (missing.length > 0)
    return failedProgram(
      `the program ended without a result, and its step ${step} has no ${missing.map((name) => `"${name}"`).join(", ")}`,
    );
  const all = { ...lastNumbers(reports), ...numbers };
  const last = (reports.at(-1) as TakenReport).numbers;
  const found = [chosen.value, ...others.map((metric) => numbers[metric] as number)];
  return complete(found, all, numbersLeft(numbers, job), numbersLeft(last, job), job);
}

function complete(
  values: readonly number[],
  numbers: Metrics,
  best: Metrics,
  last: Metrics,
  { constraints = [] }: Judged,
): TrialOutcome {
  const metrics = Object.keys(best).length > 0 || Object.keys(last).length > 0 ? { best, last } : {};
  return { state: "complete", values, metrics, constraints: constraintValues(constraints, numbers) };
}

/** The latest of each number: what stays the same is said once. */
function lastNumbers(reports: readonly TakenReport[]): Metrics {
  const all: Record<string, number> = {};
  for (const { numbers } of reports) Object.assign(all, numbers);
  return all;
}

/** The numbers beside the objectives' values. */
function numbersLeft(numbers: Metrics, { objectives }: Judged): Metrics {
  return Object.fromEntries(
    Object.entries(numbers).filter(([name]) => !objectives.some(({ metric }) => metric === name)),
  );
}

/** Characters of a program's line in a message. */
const MOST_OF_LINE = 200;

/** What was printed last, and the last lines of stderr, where the reason may stand. */
function withoutValue({ odd, hasPattern, stdout, stderr }: Said): string {
  const wanted = `a line of JSON with a value${hasPattern ? ", or one that --report-pattern matches" : ""}`;
  const looked = odd === null ? "" : `; ${odd.count} left out, the first as its ${odd.first}`;
  const last = (linesOf(stdout).at(-1) ?? linesOf(stderr).at(-1))?.trim().slice(0, MOST_OF_LINE);
  const said = last === undefined ? "it printed nothing" : `its last line: ${last}`;
  const head = `the program ended without a value (${wanted})${looked}; ${said}`;
  const lines = linesOf(stderr).slice(-MOST_LINES);
  return lines.length === 0 || lines.join() === last ? head : [head, ...lines].join("\n");
}

/** The last lines of what it said went wrong; the very last one first, as that alone is seen in tables. */
function withOutput(how: string, { stderr, stdout }: Said): string {
  const from = linesOf(stderr).length > 0 ? { name: "stderr", text: stderr } : { name: "stdout", text: stdout };
  const lines = linesOf(from.text);
  const last = lines.at(-1);
  if (last === undefined) return `${how}, and no output`;
  const head = `${how}: ${from.name === "stdout" ? "(stdout) " : ""}${last.trim()}`;
  return lines.length === 1 ? head : `${head}\n${lines.slice(-MOST_LINES).join("\n")}`;
}

function linesOf(text: string): string[] {
  return text
    .split(/[\r\n]+/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
}
