/** Runs a trial's program, from its words to the trial's outcome. */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shellLine } from "../core/command-words.js";
import type { StudyObjective, TrialOutcome } from "../core/index.js";
import { stringifyJson } from "../core/index.js";
import type { RunHooks, TrialJob, Workload } from "../executors/executor.js";
import type { WriteLog } from "./output-log.js";
import { OutputLog } from "./output-log.js";
import { asksForFile, PARAMS_FILE, programWords } from "./placeholders.js";
import type { ProgramTimes } from "./program-trial.js";
import { ProgramTrial, usualTimes } from "./program-trial.js";
import { compilePattern, PatternMatcher } from "./report-pattern.js";

/** What of a job is a program's. */
export type CommandWorkload = Extract<Workload, { kind: "command" }>;

/** Where a program may write its reports, in the trial's folder. */
export const REPORTS_FILE = "reports.jsonl";

/** What our own processes tell each other, and no program. */
const internal = ["MLBENCH_HPO_PARENT", "MLBENCH_HPO_MEMORY_MB", "MLBENCH_HPO_THREAD_CAPS"];

function environmentOf(job: TrialJob, workload: CommandWorkload, folder: string): Record<string, string | undefined> {
  const env: Record<string, string | undefined> = { ...process.env };
  // What a worker's own process was limited by is no setting of the user's.
  for (const name of [...(env["MLBENCH_HPO_THREAD_CAPS"]?.split(",") ?? []), ...internal]) delete env[name];
  return {
    // Python keeps back what it prints to a pipe, reports too, until its end.
    PYTHONUNBUFFERED: "1",
    ...env,
    PWD: workload.program.cwd,
    MLBENCH_HPO_STUDY: workload.study,
    MLBENCH_HPO_TRIAL: String(job.number),
    MLBENCH_HPO_ATTEMPT: String(job.attempt),
    MLBENCH_HPO_SEED: String(job.seed),
    MLBENCH_HPO_SLOT: String(job.slot ?? 0),
    MLBENCH_HPO_DIR: folder,
    MLBENCH_HPO_PARAMS: stringifyJson(job.params),
    MLBENCH_HPO_REPORTS: join(folder, REPORTS_FILE),
  };
}

/**
 * Runs a program for one trial: its reports go to the hooks, each is answered on its stdin, its output goes to the log.
 * Never throws for what the program did.
 * @param hooks an abort ends it: SIGTERM at once, SIGKILL after a while
 * @param write appends to the trial's log
 * @throws what a hook threw, and for folders and files that cannot be written.
 */
export async function runProgram(
  job: TrialJob,
  workload: CommandWorkload,
  hooks: Pick<RunHooks, "onReport" | "signal">,
  write: WriteLog,
  otherTimes: Partial<ProgramTimes> = {},
): Promise<TrialOutcome> {
  const folder = job.artifacts?.path ?? mkdtempSync(join(tmpdir(), "mlbench-hpo-trial-"));
  const reports = join(folder, REPORTS_FILE);
  const log = new OutputLog(write);
  const times = { ...usualTimes, ...otherTimes };
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(reports, "");
    if (asksForFile(workload.program)) writeFileSync(join(folder, PARAMS_FILE), `${stringifyJson(job.params)}\n`);
    const words = programWords(workload.program, job, folder);
    log.note(`${shellLine(words)} (in ${workload.program.cwd})`);
    const start = { words, cwd: workload.program.cwd, env: environmentOf(job, workload, folder) };
    const read = { objectives: job.objectives, reported: reportedOf(job, workload) };
    const matcher = matcherOf(workload, read.reported, times.matchMs);
    return await new ProgramTrial({ job, start, read, matcher, hooks, log, reports, times }).run();
  } finally {
    log.end();
    if (job.artifacts === null) rmSync(folder, { recursive: true, force: true });
    else if (statSync(reports, { throwIfNoEntry: false })?.size === 0) rmSync(reports, { force: true });
  }
}

function reportedOf({ objectives }: TrialJob, { pruneBy }: CommandWorkload): string {
  return (pruneBy ?? (objectives[0] as StudyObjective)).metric;
}

function matcherOf(
  { program: { reportPattern } }: CommandWorkload,
  reported: string,
  limitMs: number,
): PatternMatcher | null {
  if (reportPattern === null) return null;
  return new PatternMatcher(compilePattern(reportPattern, "--report-pattern", ["value", reported]), limitMs);
}
