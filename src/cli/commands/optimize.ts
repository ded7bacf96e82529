/** `mlbench-hpo optimize`: trials of a study run, and shown as they go. */
import { Option } from "commander";
import type { Command } from "commander";
import { UsageError } from "../../core/index.js";
import type { OptimizeResult, StudyHeader, TrialCounts } from "../../core/index.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { baselinesOf } from "../../app/views/baselines.js";
import { baselinesLine, trialVerdict } from "../baselines-view.js";
import { addCallOptions } from "../call-options.js";
import type { CallCliOptions } from "../call-options.js";
import { printLine, printNote } from "../io.js";
import type { CliIo } from "../io.js";
import { endLine, runCall } from "../study-call.js";
import { addStudyOptions, resolveStudy, storageArgument } from "../study-ref.js";
import { styled } from "../styles.js";
import { sizeOf } from "../terminal.js";
import { hangText } from "../text-layout.js";
import { paramText, valueText } from "../trial-table.js";
import type { StudyOptions, StudyRef } from "../study-ref.js";
import { typedProgram } from "../typed-program.js";
import { weightOption } from "../weight-option.js";

interface OptimizeCliOptions extends StudyOptions, CallCliOptions {
  readonly detach?: boolean;
  readonly weight?: number;
}

/** What `create-study` fixes: named here to say so instead of calling them unknown. */
const fixedByStudy = [
  ...["--model", "--dataset", "--search", "--fix", "--set", "--objective", "--plugin", "--config", "--sampler"],
  ...["--sampler-option", "--pruner", "--pruner-option", "--direction", "--metric", "--seed", "--trial-value"],
  ...["--on-nan", "--on-duplicate", "--dry-run-pruner", "--name", "--prune-by", "--constraint", "--force-direction"],
  ...["--folds", "--seeds", "--command", "--shell", "--cwd", "--report-pattern", "--from", "--terminator"],
];

/** `mlbench-hpo optimize` */
export const optimizeCommand: CommandDefinition = (program, context) => {
  const command = addOptimizeOptions(program.command("optimize"));
  command.action(async (name: string | undefined, options: OptimizeCliOptions) => {
    const ref = await resolveStudy(options, name);
    if (!ref.storage.service) refuseServed(options);
    const typed = (option: string): boolean => command.getOptionValueSource(option) === "cli";
    return optimize(options, ref, { context, typed });
  });
};

function addOptimizeOptions(command: Command): Command {
  addStudyOptions(command, { positional: true }).description("run trials of a study; run it again to continue");
  addCallOptions(command, "number of additional trials (default: 100)");
  command.option("--detach", "with --server: start the run and return");
  command.addOption(weightOption("with --server: "));
  for (const flag of fixedByStudy)
    command.addOption(
      new Option(`${flag} [value]`)
        .argParser(() => refuseFixed(flag))
        .preset("")
        .hideHelp(),
    );
  return command;
}

/** @throws UsageError `conflicting-options` for what only a service's run has. */
function refuseServed({ detach, weight }: OptimizeCliOptions): void {
  const why = detach
    ? "--detach: goes with --server URL; a run of this process ends with it"
    : "--weight: goes with --server URL; a run of this process shares its places with none";
  if (detach || weight !== undefined) throw new UsageError("conflicting-options", why);
}

function refuseFixed(flag: string): never {
  throw new UsageError(
    "fixed-by-study",
    `${flag} is fixed when a study is created: give it to \`mlbench-hpo create-study\``,
  );
}

function optimize(
  options: OptimizeCliOptions,
  ref: StudyRef,
  { context, typed }: { readonly context: CommandContext; readonly typed: (option: string) => boolean },
): Promise<void> {
  return runCall({
    ...{ ref, options, context, typed, detach: options.detach === true, weight: options.weight },
    printEnd: ({ io, study, file, result }) => {
      const { header, state } = study;
      const weights = header.task.model !== undefined && options.keepCheckpoints !== "none";
      printEnd(io, ref, { ...options, weights, file, header, counts: state.counts }, result);
    },
  });
}

/** The best trial, where the JSON is, and what to type next. */
function printEnd(
  io: CliIo,
  ref: StudyRef,
  options: OptimizeCliOptions & {
    readonly weights: boolean;
    readonly file: string | null;
    readonly counts: TrialCounts;
    readonly header: StudyHeader;
  },
  result: OptimizeResult,
): void {
  printLine(io.stdout, hangText(endLine(result), sizeOf(io.stdout).columns, 2));
  for (const line of bestLines(result, options.counts)) printLine(io.stdout, line);
  const { columns } = sizeOf(io.stdout);
  for (const line of besideLines(options.header, result)) printLine(io.stdout, hangText(line, columns, 2));
  printNote(io.stdout, `study: ${options.file}`);
  const where = ` ${ref.name}${storageArgument(ref.directory)}`;
  if (result.stopReason !== null)
    printNote(io.stdout, `to go on all the same: ${typedProgram()} optimize${where} --no-terminator`);
  const stopped = result.stoppedBy === "stop" && result.stopReason === null;
  const resume = result.stoppedBy === "interrupt" || result.stoppedBy === "timeout" || stopped;
  const goal = totalOf(options, result);
  if (resume) printNote(io.stdout, `to continue: ${typedProgram()} optimize${where} --total-trials ${goal}`);
  else if (options.counts.complete > 0) {
    const handOver = options.weights && result.best ? " --checkpoint -o best.safetensors" : "";
    printNote(io.stdout, `next: ${typedProgram()} best-trial${where}${handOver}`);
  }
}

/** The best trial with its parameters, the front, or why there is none. */
function bestLines({ best, front }: OptimizeResult, { complete }: TrialCounts): string[] {
  if (best) {
    const params = Object.entries(best.params).map(([name, value]) => `  ${name} = ${paramText(value)}`);
    return [`best: trial ${best.number}, ${styled("best", valueText(best))}`, ...params];
  }
  if (front.length > 0) return [`front: ${front.length} of ${complete} complete trials (${front.join(", ")})`];
  return [complete > 0 ? "no complete trial meets every constraint" : "no trial completed"];
}

/** The baselines on the same windows, and how the best trial stands to them. */
function besideLines(header: StudyHeader, { best, front }: OptimizeResult): string[] {
  const others = front.length > 0 ? baselinesLine(baselinesOf(header, best)) : null;
  const words = best ? trialVerdict(header, best) : null;
  return [...(others === null ? [] : [`baselines: ${others}`]), ...(words === null ? [] : [words])];
}

/** What the call was to come to; one that only had a time limit goes on for as many trials as a call without limits. */
function totalOf({ trials, totalTrials, timeout }: OptimizeCliOptions, { finished, added }: OptimizeResult): number {
  const before = finished - added;
  if (trials === undefined && totalTrials === undefined) return (timeout === undefined ? before : finished) + 100;
  return Math.min(totalTrials ?? Infinity, before + (trials ?? Infinity));
}
