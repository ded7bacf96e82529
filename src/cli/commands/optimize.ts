/** `mlbench-hpo optimize`: trials of a study run, and shown as they go. */
import { availableParallelism } from "node:os";
import { Option } from "commander";
import type { Command } from "commander";
import { MlbenchError, objectivesInWords, UsageError } from "../../core/index.js";
import type { OptimizeStudyOptions, Study } from "../../study/study.js";
import type { OptimizeResult, StudyHeader, TrialCounts } from "../../core/index.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { baselinesOf } from "../../app/views/baselines.js";
import { ownerInWords } from "../../app/views/study-overview.js";
import type { StudyLockedError } from "../../storage/study-errors.js";
import { baselinesLine, trialVerdict } from "../baselines-view.js";
import { printDetail, printLine, printNote, printNotice } from "../io.js";
import type { CliIo } from "../io.js";
import { addBackendOptions, duration, wholeNumber } from "../shared-options.js";
import { loggedCall, mlflowOption } from "../mlflow-options.js";
import type { LoggedCall, MlflowGiven } from "../mlflow-options.js";
import { addStudyOptions, resolveStudy, storageArgument } from "../study-ref.js";
import { styled } from "../styles.js";
import { sizeOf } from "../terminal.js";
import { hangText } from "../text-layout.js";
import { paramText, valueText } from "../trial-table.js";
import type { StudyOptions, StudyRef } from "../study-ref.js";
import { typedProgram } from "../typed-program.js";

interface OptimizeCliOptions extends StudyOptions {
  trials?: number;
  totalTrials?: number;
  timeout?: number;
  trialTimeout?: number;
  workers?: number;
  isolation: string;
  deterministic?: boolean;
  maxAttempts?: number;
  maxRetries?: number;
  maxFailures?: number;
  patience?: number;
  target?: number;
  terminator?: boolean;
  grace?: number;
  keepCheckpoints: string;
  acceptChanges?: boolean;
  takeOver?: boolean;
  mlflow?: MlflowGiven;
  backend: "auto";
  kernels: "auto";
  format: "table" | "json";
}

/** What `create-study` fixes: named here to say so instead of calling them unknown. */
const fixedByStudy = [
  ...["--model", "--dataset", "--search", "--fix", "--set", "--objective", "--plugin", "--config", "--sampler"],
  ...["--sampler-option", "--pruner", "--pruner-option", "--direction", "--metric", "--seed", "--trial-value"],
  ...["--on-nan", "--on-duplicate", "--dry-run-pruner", "--name", "--prune-by", "--constraint", "--force-direction"],
  ...["--folds", "--seeds", "--command", "--from", "--terminator"],
];

/** `mlbench-hpo optimize` */
export const optimizeCommand: CommandDefinition = (program, context) => {
  const command = addOptimizeOptions(program.command("optimize"));
  command.action((name: string | undefined, options: OptimizeCliOptions) => optimize(name, options, context));
};

function addOptimizeOptions(command: Command): Command {
  addStudyOptions(command, { positional: true })
    .description("run trials of a study; run it again to continue")
    .option("--trials <n>", "number of additional trials (default: 100)", wholeNumber("--trials", 0))
    .option("--total-trials <n>", "stop when the study has N finished trials", wholeNumber("--total-trials", 0))
    .option("--timeout <time>", "stop after 90, 90s, 30m, 2h; running trials are requeued", duration("--timeout"))
    .option("--trial-timeout <time>", "fail a trial that runs longer", duration("--trial-timeout"))
    .option("--workers <n>", "trials in parallel (default: number of cores)", wholeNumber("--workers", 1, 1024))
    .addOption(
      new Option(
        "--isolation <name>",
        "where trials run: thread (shares the data), process (isolates crashes and memory), or a plug-in's executor",
      ).default("thread"),
    )
    .option("--deterministic", "process results in trial order, so that a parallel study is reproducible")
    .option(
      "--max-attempts <n>",
      "attempts at a trial whose process dies (default: 3)",
      wholeNumber("--max-attempts", 1),
    )
    .option("--max-retries <n>", "retries of a failed trial (default: 0)", wholeNumber("--max-retries", 0))
    .option(
      "--max-failures <n>",
      "stop after N failures in a row; 0: never (default: 5 until a trial succeeds, then 20)",
      wholeNumber("--max-failures", 0),
    )
    .option("--patience <n>", "stop after N trials without improvement", wholeNumber("--patience", 1))
    .option("--target <value>", "stop as soon as a trial reaches this value", finiteNumber)
    .option("--no-terminator", "go on where the study's terminator would stop")
    .option(
      "--grace <time>",
      "how long running trials may take to finish after Ctrl-C (default: 10s)",
      duration("--grace"),
    )
    .option("--keep-checkpoints <rule>", "checkpoints to keep: best:N, all or none", "best:3")
    .option("--accept-changes", "run although files that the study depends on have changed (recorded in the study)")
    .option("--take-over", "take over at once the lock of a dead process on another machine");
  addBackendOptions(command.addOption(mlflowOption())).addOption(
    new Option("--format <format>", "json: one event per line").choices(["table", "json"]).default("table"),
  );
  for (const flag of fixedByStudy)
    command.addOption(
      new Option(`${flag} [value]`)
        .argParser(() => refuseFixed(flag))
        .preset("")
        .hideHelp(),
    );
  return command;
}

function refuseFixed(flag: string): never {
  throw new UsageError(
    "fixed-by-study",
    `${flag} is fixed when a study is created: give it to \`mlbench-hpo create-study\``,
  );
}

function finiteNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new UsageError("invalid-option", `--target ${text}: expected a number`);
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}

/** What a call of `optimize` was asked for. */
interface CallOfOptimize {
  readonly options: OptimizeCliOptions;
  readonly call: OptimizeStudyOptions;
  readonly logged: LoggedCall;
  readonly context: CommandContext;
}

async function optimize(name: string | undefined, options: OptimizeCliOptions, context: CommandContext): Promise<void> {
  const ref = await resolveStudy(options, name);
  const [{ openStudyToWrite }, { startWorkers }, { parseKeepCheckpoints }] = await Promise.all([
    import("../../app/study.js"),
    import("../../app/executor-of.js"),
    import("../../app/checkpoint-keeper.js"),
  ]);
  const keepCheckpoints = parseKeepCheckpoints(options.keepCheckpoints);
  const logged = await loggedCall(options.mlflow, ref, context.io);
  const { takeOver } = options;
  const study = await openStudyToWrite(ref.storage, ref.name, { work: "optimize", takeOver }).catch(
    (error: unknown) => {
      throw withAdvice(error, ref);
    },
  );
  const call = { ...callOptions(options), keepCheckpoints, trackers: logged.trackers };
  const endWorkers = startWorkers(study, call);
  try {
    await runStudy(study, ref, { options, call, logged, context });
  } finally {
    await endWorkers();
    await study.close();
  }
}

/** A call of `optimize`, warned of and shown. */
async function runStudy(study: Study, ref: StudyRef, given: CallOfOptimize): Promise<void> {
  const { options, call, logged, context } = given;
  const { io } = context;
  const [{ createOptimizeView }, { studyDetails }, { drainable }] = await Promise.all([
    import("../optimize-view.js"),
    import("../optimize-details.js"),
    import("../interrupt.js"),
  ]);
  const file = ref.storage.location(ref.name);
  const json = options.format === "json";
  const { studyWarnings } = await import("../../app/study-warnings.js");
  const warnings = await studyWarnings(study.header, ref.storage.baseDirectory(ref.name));
  if (!json) for (const warning of warnings) printNotice(io.stderr, "warning", warning);
  printDetail(io.stderr, () => `study file: ${file}`);
  for (const line of studyDetails(study.header, study.state.counts)) printDetail(io.stderr, () => line);
  warnOfWorkers(options.workers, io);
  const view = await createOptimizeView(io, json, {
    objectives: study.header.objectives,
    header: study.header,
    file,
    warnings,
    front: study.bestTrials,
    values: objectivesInWords(study.header.objectives, study.header.settings.objective === null),
    baselines: (best) => baselinesOf(study.header, best),
  });
  const heard = logged.watch(view);
  try {
    const result = await drainable((signal, drainSignal) =>
      study.optimize({ ...call, signal, drainSignal, onEvent: (event) => heard.onEvent(event) }),
    );
    view.stop();
    const weights = study.header.settings.objective === null && options.keepCheckpoints !== "none";
    if (!json)
      printEnd(io, ref, { ...options, weights, file, header: study.header, counts: study.state.counts }, result);
    context.setExitCode(result.exitCode);
  } finally {
    view.stop();
    logged.end(io);
  }
}

/** A study that another process optimizes: what can be done about that. */
function withAdvice(error: unknown, { name, directory }: StudyRef): unknown {
  if (!(error instanceof MlbenchError) || error.code !== "study-locked") return error;
  const { owner } = error as StudyLockedError;
  if (owner.work !== "optimize" || owner.elsewhere) return error;
  const where = `${name}${storageArgument(directory)}`;
  const advice = `watch it with \`mlbench-hpo show ${where} --watch\`, end it with \`mlbench-hpo stop ${where}\``;
  return new MlbenchError(
    error.code,
    `study "${name}" is being optimized by ${ownerInWords(owner)} since ${owner.since}: ${advice}`,
    { cause: error },
  );
}

/** So many trials at once per core gain nothing, and take memory. */
const MOST_PER_CORE = 4;

function warnOfWorkers(workers: number | undefined, io: CliIo): void {
  const cores = availableParallelism();
  if (workers === undefined || workers <= MOST_PER_CORE * cores) return;
  printNotice(
    io.stderr,
    "warning",
    `--workers ${workers}: this machine has ${cores} ${cores === 1 ? "core" : "cores"}; more than ` +
      `${MOST_PER_CORE * cores} trials at once only wait for each other and take memory`,
  );
}

function callOptions(options: OptimizeCliOptions): OptimizeStudyOptions {
  const { trials, totalTrials, workers, isolation, deterministic, acceptChanges, backend, kernels } = options;
  const { maxAttempts, maxRetries, maxFailures, patience, target, terminator } = options;
  return {
    ...{ trials, totalTrials, workers, isolation, deterministic, acceptChanges, backend, kernels },
    ...{ maxAttempts, maxRetries, maxFailures, patience, target, terminator },
    timeoutMs: milliseconds(options.timeout),
    trialTimeoutMs: milliseconds(options.trialTimeout),
    graceMs: milliseconds(options.grace),
  };
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

/** `done: 100 trials run (140 in the study)`, or before its goal `stopped by timeout: …`. */
function endLine({ stoppedBy, stopReason, added, finished }: OptimizeResult): string {
  const met = stoppedBy === "trials" || stoppedBy === "total-trials";
  const how = stopReason === null ? `stopped by ${stoppedBy}` : "stopped by the study's terminator";
  const run = `${added} ${added === 1 ? "trial" : "trials"} run (${finished} in the study)`;
  return `${met ? "done" : how}: ${run}${stopReason === null ? "" : `; ${stopReason}`}`;
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
