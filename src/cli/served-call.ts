/** `optimize` at a service: a run started there and followed here, in the lines and events of a call of this process. */
import { baselinesOf } from "../app/views/baselines.js";
import type { EndedRun, StartedRun } from "../app/served-run.js";
import { MlbenchError, objectivesInWords, UsageError } from "../core/index.js";
import type { RunRequest } from "../service/schemas/runs.js";
import type { CallCliOptions } from "./call-options.js";
import { printDetail, printJson, printNote } from "./io.js";
import type { CliIo } from "./io.js";
import type { TypedCall } from "./typed-call.js";
import { storageArgument } from "./study-ref.js";
import type { StudyRef } from "./study-ref.js";
import { typedProgram } from "./typed-program.js";

/** What a service's run has no option for: it is the service's own, or runs in its process. */
const ofProcess: Readonly<Record<string, string>> = {
  isolation: "--isolation",
  deterministic: "--deterministic",
  terminator: "--no-terminator",
  grace: "--grace",
  acceptChanges: "--accept-changes",
  takeOver: "--take-over",
  onTrial: "--on-trial",
  onFinish: "--on-finish",
  mlflow: "--mlflow",
  backend: "--backend",
  kernels: "--kernels",
};

/** @throws UsageError `not-remote` for an option that is typed and cannot hold there. */
function requestOf(
  options: CallCliOptions,
  { typed, io }: { typed: (name: string) => boolean; io: CliIo },
): RunRequest {
  for (const [name, flag] of Object.entries(ofProcess)) {
    if (typed(name))
      throw new UsageError(
        "not-remote",
        `${flag}: a run of a service has no such option; it takes --trials, --total-trials, --timeout, --trial-timeout, ` +
          "--workers, --weight, --patience, --target, --max-failures, --max-retries, --max-attempts and --keep-checkpoints",
      );
    if (name in options) printDetail(io.stderr, () => `${flag}: left to the service`);
  }
  const { trials, totalTrials, timeout, trialTimeout, workers, patience, target } = options;
  const { maxFailures, maxRetries, maxAttempts, keepCheckpoints } = options;
  const request = {
    ...{
      trials,
      total_trials: totalTrials,
      timeout_s: timeout,
      trial_timeout_s: trialTimeout,
      workers,
      patience,
      target,
    },
    ...{ max_failures: maxFailures, max_retries: maxRetries, max_attempts: maxAttempts },
    keep_checkpoints: typed("keepCheckpoints") ? keepCheckpoints : undefined,
  };
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
}

/** Runs the call at its service. Its exit code is that of the result; 130 where it was left before the end. */
export async function runServedCall(call: TypedCall): Promise<void> {
  const { ref, options, context } = call;
  const { io } = context;
  const { weight } = call;
  const request = {
    ...requestOf(options, { typed: call.typed ?? (() => false), io }),
    ...(weight === undefined ? {} : { weight }),
  };
  const { startServedRun } = await import("../app/served-run.js");
  const started = await startServedRun(ref, request).catch((error: unknown) => {
    throw withAdvice(error, ref);
  });
  if (call.detach) return tellDetached(call, started);
  const ended = await follow(call, started);
  if (ended) return context.setExitCode(ended.result.exitCode);
  for (const line of leftRunning(ref)) printNote(options.format === "json" ? io.stderr : io.stdout, line);
  context.setExitCode(130);
}

/** The run, told in the lines or events of a call; null: it was left running. */
async function follow(call: TypedCall, started: StartedRun): Promise<EndedRun | null> {
  const { ref, options, context } = call;
  const { io } = context;
  const [{ followServedRun }, { createOptimizeView }, { studyDetails }, { withInterrupt }, { frontOfStudy }] =
    await Promise.all([
      import("../app/served-run.js"),
      import("./optimize-view.js"),
      import("./optimize-details.js"),
      import("./interrupt.js"),
      import("../core/index.js"),
    ]);
  const file = ref.storage.location(ref.name);
  let latest = started.state;
  const { header, counts } = latest;
  const json = options.format === "json";
  printDetail(io.stderr, () => `study: ${file}`);
  for (const line of studyDetails(header, counts)) printDetail(io.stderr, () => line);
  const view = await createOptimizeView(io, json, {
    ...{ objectives: header.objectives, header, file, warnings: [], front: frontOfStudy(started.state) },
    values: objectivesInWords(header.objectives, header.settings.objective === null),
    // They are scored in the course of the first run.
    baselines: (best) => baselinesOf(latest.header, best),
  });
  try {
    const ended = await withInterrupt((signal) =>
      followServedRun(ref, started, {
        signal,
        onEvent: (event, state) => {
          latest = state;
          view.onEvent(event);
        },
      }),
    );
    view.stop();
    if (!ended) return null;
    const { state, result } = ended;
    const end = { io, study: { name: ref.name, header: state.header, state }, file, result };
    await (json ? call.printJsonEnd?.(end) : call.printEnd(end));
    return ended;
  } finally {
    view.stop();
  }
}

function tellDetached({ ref, options, context: { io } }: TypedCall, { run }: StartedRun): void {
  const file = ref.storage.location(ref.name);
  if (options.format === "json") return printJson(io.stdout, { event: "started", study: ref.name, file, run });
  const goal = run.total_trials === null ? "" : ` until ${run.total_trials} trials`;
  printNote(io.stdout, `started: ${ref.name} runs${goal} at ${file}`);
  for (const line of leftRunning(ref).slice(1)) printNote(io.stdout, line);
}

function leftRunning(ref: StudyRef): string[] {
  const where = ` ${ref.name}${storageArgument(ref.directory)}`;
  return [
    `left running: ${ref.storage.location(ref.name)}`,
    `to watch it: ${typedProgram()} show${where} --watch`,
    `to end it: ${typedProgram()} stop${where}`,
  ];
}

/** A run that is there already: what can be done about that. */
function withAdvice(error: unknown, ref: StudyRef): unknown {
  if (!(error instanceof MlbenchError) || error.code !== "run-exists") return error;
  const where = `${ref.name}${storageArgument(ref.directory)}`;
  return new UsageError(
    error.code,
    `study "${ref.name}" has a run at the service already: watch it with \`mlbench-hpo show ${where} --watch\`, ` +
      `end it with \`mlbench-hpo stop ${where}\``,
    { cause: error },
  );
}
