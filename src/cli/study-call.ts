/** A call that runs a study's trials, from the lock to the last line: opened, warned of, followed, shown. */
import { availableParallelism } from "node:os";
import { baselinesOf } from "../app/views/baselines.js";
import { ownerInWords, pageOf } from "../app/views/study-overview.js";
import { MlbenchError, objectivesInWords } from "../core/index.js";
import type { OptimizeResult, Tracker } from "../core/index.js";
import type { LockOwner } from "../storage/storage.js";
import type { StudyLockedError } from "../storage/study-errors.js";
import type { OptimizeStudyOptions, Study } from "../study/study.js";
import { callOptions } from "./call-options.js";
import type { CallCliOptions } from "./call-options.js";
import type { TypedCall } from "./typed-call.js";
import { loggedCall } from "./mlflow-options.js";
import type { LoggedCall } from "./mlflow-options.js";
import { printDetail, printNote, printNotice } from "./io.js";
import type { CliIo } from "./io.js";
import { shellWord } from "../core/command-words.js";
import { storageArgument } from "./study-ref.js";
import type { StudyRef } from "./study-ref.js";

/** Runs the call. Its exit code is that of the result. @throws what opening, preflight and storage throw. */
export async function runCall(typed: TypedCall): Promise<void> {
  const { ref, options } = typed;
  if (ref.storage.service) return (await import("./served-call.js")).runServedCall(typed);
  const [{ openStudyToWrite }, { startWorkers }, { parseKeepCheckpoints }] = await Promise.all([
    import("../app/study.js"),
    import("../app/executor-of.js"),
    import("../app/checkpoint-keeper.js"),
  ]);
  const keepCheckpoints = parseKeepCheckpoints(options.keepCheckpoints);
  const logged = await loggedCall(options.mlflow, ref, typed.context.io);
  const { takeOver } = options;
  const study = await openStudyToWrite(ref.storage, ref.name, { work: "optimize", takeOver }).catch(
    (error: unknown) => {
      throw withAdvice(error, ref);
    },
  );
  const call = { ...callOptions(options), ...typed.goalOf?.(study), keepCheckpoints };
  const endWorkers = startWorkers(study, call);
  try {
    await follow(study, call, typed, logged);
  } finally {
    await endWorkers();
    await study.close();
  }
}

/** The call on an open study, warned of and shown. */
async function follow(study: Study, call: OptimizeStudyOptions, typed: TypedCall, logged: LoggedCall): Promise<void> {
  const { ref, options, context } = typed;
  const { io } = context;
  const [{ createOptimizeView }, { studyDetails }, { drainable }] = await Promise.all([
    import("./optimize-view.js"),
    import("./optimize-details.js"),
    import("./interrupt.js"),
  ]);
  const file = ref.storage.location(ref.name);
  const json = options.format === "json";
  const { studyWarnings } = await import("../app/study-warnings.js");
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
    values: objectivesInWords(study.header.objectives, study.header.task.model !== undefined),
    baselines: (best) => baselinesOf(study.header, best),
  });
  const heard = logged.watch(view);
  try {
    const result = await drainable(async (signal, drainSignal) => {
      const hooks = await hooksOf(study, options, { io, signal, settled: () => view.stop() });
      const trackers = [...logged.trackers, ...hooks];
      return study.optimize({ ...call, signal, drainSignal, trackers, onEvent: (event) => heard.onEvent(event) });
    });
    view.stop();
    tellFailures(io, result);
    const end = { io, study, file, result };
    await (json ? typed.printJsonEnd?.(end) : typed.printEnd(end));
    context.setExitCode(result.exitCode);
  } finally {
    view.stop();
    logged.end(io);
  }
}

/** The commands that follow the call, as they were typed. */
async function hooksOf(
  study: Study,
  { onTrial, onFinish }: CallCliOptions,
  { io, signal, settled }: { readonly io: CliIo; readonly signal: AbortSignal; readonly settled: () => void },
): Promise<Tracker[]> {
  if (onTrial === undefined && onFinish === undefined) return [];
  const { commandHooks } = await import("../app/command-hooks.js");
  const onNote = (text: string): void => {
    settled();
    printNote(io.stderr, text);
  };
  return [await commandHooks(study, { onTrial, onFinish, signal, onNote })];
}

/** What failed again and again was told once. */
function tellFailures(io: CliIo, { subscriberFailures }: OptimizeResult): void {
  for (const { subscriber, count } of subscriberFailures)
    if (count > 1) printNotice(io.stderr, "warning", `${subscriber} failed ${count} times in this call`);
}

type Named = Pick<StudyRef, "name" | "directory">;

/** A study that another process optimizes: what can be done about that. */
function withAdvice(error: unknown, { name, directory }: StudyRef): unknown {
  if (!(error instanceof MlbenchError) || error.code !== "study-locked") return error;
  const { owner } = error as StudyLockedError;
  if (owner.url !== undefined) return servedThere(error, owner, { name, directory });
  if (owner.work !== "optimize" || owner.elsewhere) return error;
  const where = `${name}${storageArgument(directory)}`;
  const advice = `watch it with \`mlbench-hpo show ${where} --watch\`, end it with \`mlbench-hpo stop ${where}\``;
  return new MlbenchError(
    error.code,
    `study "${name}" is being optimized by ${ownerInWords(owner)} since ${owner.since}: ${advice}`,
    { cause: error },
  );
}

/** A study that a service has open: where its page is, and how it is run there from here. */
function servedThere(cause: MlbenchError, owner: LockOwner, { name, directory }: Named): MlbenchError {
  const { url = "" } = owner;
  const token = shellWord(`${directory}/.service/token`);
  return new MlbenchError(
    cause.code,
    `study "${name}" is open in ${ownerInWords(owner)}: run it on its page, ${pageOf(url, name)}, or by ` +
      `\`mlbench-hpo optimize ${name} --server ${url} --token-file ${token}\``,
    { cause },
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

/** `done: 100 trials run (140 in the study)`, or before its goal `stopped by timeout: …`. */
export function endLine({ stoppedBy, stopReason, added, finished }: OptimizeResult): string {
  const met = stoppedBy === "trials" || stoppedBy === "total-trials";
  const how = stopReason === null ? `stopped by ${stoppedBy}` : "stopped by the study's terminator";
  const run = `${added} ${added === 1 ? "trial" : "trials"} run (${finished} in the study)`;
  return `${met ? "done" : how}: ${run}${stopReason === null ? "" : `; ${stopReason}`}`;
}
