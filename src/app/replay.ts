/** Trains a trial again from its record and compares what comes out. */
import {
  defined,
  directionsOf,
  reportDirection,
  timedMetrics,
  unknownTrial,
  UsageError,
  wholeRunMetrics,
} from "../core/index.js";
import type {
  BackendName,
  EpochEvent,
  KernelsName,
  Metrics,
  StudyHeader,
  StudyObjective,
  StudyState,
  Trial,
} from "../core/index.js";
import type { KnownKeys } from "../core/known-keys.js";
import { requireKnownKeys } from "../core/known-keys.js";
import { metricsOfPlugins } from "../plugins/load-plugins.js";
import { headerOfTrial } from "../search-space/earlier-spaces.js";
import { createPruner, pruners } from "../pruners/index.js";
import { judgedAgain } from "../pruners/judged-again.js";
import type { RunProbe, RunResult, TrialScores } from "../training/index.js";
import { epochNumbers, numbersOfPart, run, scoreTrial } from "../training/index.js";
import type { StudyTarget } from "./address.js";
import { locate } from "./address.js";
import { configOfTrials } from "./optimize-study.js";
import { useBackend } from "../tensor/index.js";
import { withoutBackend } from "./study-backend.js";
import { withoutKernels } from "./study-kernels.js";
import { backendOf, kernelsOf } from "./ran-on.js";

/** How a replayed trial compares with its record. */
export interface ReplayResult {
  readonly number: number;
  /**
   * Whether every report, the values and the best and last metrics came out bit for bit as recorded, and the study's
   * records give the pruner's decisions again. What is measured with a clock is not compared.
   */
  readonly same: boolean;
  /** What differs first, in words; null when nothing does. */
  readonly difference: string | null;
  readonly reports: readonly (readonly [step: number, value: number])[];
  /** Null of a program. */
  readonly backend: string | null;
  readonly recorded_backend: string | null;
}

/** The options of {@link replayTrial}. */
export interface ReplayOptions {
  /** Called before the training begins, with what was recorded. */
  readonly onStart?: ((trial: Trial) => void) | undefined;
  /** Hears each epoch of the training. */
  readonly onEpoch?: ((event: EpochEvent) => void) | undefined;
  /** Ends the training early. */
  readonly signal?: AbortSignal | undefined;
}

const keys: KnownKeys<ReplayOptions> = { onStart: true, onEpoch: true, signal: true };

/** What a trial ran on, as far as its record says. */
function recordedBackend(trial: Trial): { backend?: BackendName; kernels?: KernelsName } {
  return defined({ backend: backendOf(trial), kernels: kernelsOf(trial) });
}

/**
 * Trains a trial of a study over a model again from its record, on the backend and kernels that it ran on, for as many
 * epochs, and compares; or runs the program again that a trial ran, with its seed, for as many steps.
 * @throws UsageError `unknown-study`, `unknown-trial`, `not-replayable`, `unknown-option`, `program-not-found`; `kernels-unavailable` and
 * `backend-unavailable` where those of the trial do not run.
 * @example
 * (await replayTrial({ name: "tuned", storage: "studies" }, 3)).same; // true
 */
export async function replayTrial(
  target: StudyTarget,
  number: number,
  options: ReplayOptions = {},
): Promise<ReplayResult> {
  requireKnownKeys("replayTrial", options, keys);
  const { storage, name } = await locate("replayTrial", target);
  const state = await storage.read(name);
  const trial = state.trial(number);
  if (!trial) throw unknownTrial(name, number, state.size);
  return replayRecord(state, storage.baseDirectory(name), trial, options);
}

/** Other kernels give other bits, so there is no going on with them. */
function requireKernels({ number }: Trial, kernels: KernelsName | undefined): void {
  const lack = kernels && withoutKernels(kernels, "replay it");
  if (lack)
    throw new UsageError("kernels-unavailable", `trial ${number} was trained by the "${kernels}" kernels, ${lack}`);
}

/** No more than on another backend. */
async function requireBackend({ number }: Trial, backend: BackendName | undefined): Promise<void> {
  try {
    if (backend) await useBackend(backend);
  } catch (error) {
    const lack = withoutBackend(error, "replay it");
    throw new UsageError("backend-unavailable", `trial ${number} was trained on the "${backend}" backend, ${lack}`, {
      cause: error,
    });
  }
}

function requireReplayable(header: StudyHeader, trial: Trial): void {
  if (header.task.dataset === undefined)
    throw new UsageError(
      "not-replayable",
      `study "${header.name}" has a plain objective: only trained trials and programs are replayed`,
    );
  if (trial.intermediate.length === 0)
    throw new UsageError(
      "not-replayable",
      `trial ${trial.number} is ${trial.state} and has no reports to compare with`,
    );
}

/** The metric that the study's trials report. */
function reportedMetric({ settings, objectives }: StudyHeader): string {
  const [first] = objectives as readonly [StudyObjective, ...StudyObjective[]];
  return (settings.prune_by ?? first).metric;
}

/** What a study's trials report after an epoch. */
function reportOf(event: EpochEvent, probe: RunProbe, metric: string): number {
  const run: Metrics = { parameters: probe.parameters, epochs: event.epoch };
  return { ...epochNumbers(event), ...run }[metric] ?? NaN;
}

async function replayRecord(
  { header: current, trials }: Pick<StudyState, "header" | "trials">,
  base: string | null,
  trial: Trial,
  options: ReplayOptions,
): Promise<ReplayResult> {
  const header = headerOfTrial(current, trial);
  if (header.settings.command) return replayProgram(header, base, { trial, trials }, options);
  requireReplayable(header, trial);
  const recorded = recordedBackend(trial);
  requireKernels(trial, recorded.kernels);
  await requireBackend(trial, recorded.backend);
  const configOf = await configOfTrials(header, base, recorded);
  const config = configOf(trial);
  options.onStart?.(trial);
  const reports: [number, number][] = [];
  const ofParts: (readonly number[])[] = [];
  const last = trial.intermediate.at(-1)?.[0] as number;
  const result = await run(
    { ...config, seed: trial.seed },
    {
      baselines: false,
      metrics: metricsOfPlugins(config.plugins ?? []).map(({ name }) => name),
      ...(options.signal ? { signal: options.signal } : {}),
      onEvent: (event, probe) => {
        if (event.event !== "epoch") return "continue";
        options.onEpoch?.(event);
        reports.push([event.epoch, reportOf(event, probe, reportedMetric(header))]);
        if (event.parts) ofParts.push(reportsOfParts(event, probe, reportedMetric(header)));
        return event.epoch >= last && trial.state === "pruned" ? "stop" : "continue";
      },
    },
  );
  const timed = timedMetrics.has(reportedMetric(header));
  const difference =
    differingReport(trial, reports, timed) ??
    (timed ? null : differingPart(trial, ofParts)) ??
    differingScore(header, trial, result) ??
    (await differingDecision(header, trial, trials));
  return {
    ...{ number: trial.number, same: difference === null, difference, reports },
    ...{ backend: `${result.backend.name}/${result.kernels}`, recorded_backend: trial.backend },
  };
}

/** {@link replayTrial} of a program. */
async function replayProgram(
  header: StudyHeader,
  base: string | null,
  { trial, trials }: { readonly trial: Trial; readonly trials: readonly Trial[] },
  { onStart, signal }: ReplayOptions,
): Promise<ReplayResult> {
  const { differingEnd, runAgain } = await import("./replay-program.js");
  onStart?.(trial);
  const { reports, outcome } = await runAgain(header, base, trial, signal);
  const difference =
    differingReport(trial, reports, false) ??
    differingEnd(trial, outcome) ??
    (await differingDecision(header, trial, trials));
  const told = difference?.replace(/^epoch /, "step ").replace(/^(\d+) epochs /, "$1 steps ") ?? null;
  const backends = { backend: null, recorded_backend: trial.backend };
  return { number: trial.number, same: told === null, difference: told, reports, ...backends };
}

/** The same of each part of a cross-validated trial. */
function reportsOfParts({ parts = [] }: EpochEvent, { parameters }: RunProbe, metric: string): readonly number[] {
  return parts.map((part) => numbersOfPart(part, { parameters, epochs: part.epoch })[metric] ?? NaN);
}

/** What a part of a cross-validated trial reported otherwise, where the mean is the same. */
function differingPart(
  { intermediate, intermediate_parts: recorded = [] }: Trial,
  now: readonly (readonly number[])[],
): string | null {
  for (const [i, values] of recorded.entries())
    for (const [p, value] of values.entries())
      if (!Object.is(value, now[i]?.[p]))
        return `epoch ${intermediate[i]?.[0]}, part ${p + 1}: recorded ${value}, now ${now[i]?.[p]}`;
  return null;
}

function differingReport(trial: Trial, reports: readonly [number, number][], timed: boolean): string | null {
  for (const [i, [step, value]] of trial.intermediate.entries()) {
    const again = reports[i];
    if (!again) return `epoch ${step}: recorded ${value}, not reached again`;
    if (again[0] !== step || (!timed && !Object.is(again[1], value)))
      return `epoch ${step}: recorded ${value}, now ${again[1]}`;
  }
  if (reports.length > trial.intermediate.length)
    return `${reports.length} epochs now, ${trial.intermediate.length} recorded`;
  return null;
}

/**
 * Where the study's pruner, asked again by the study's records, decides otherwise than it did. A dry run keeps every
 * decision; else the trial went on after each report but the one that it was pruned at.
 */
async function differingDecision(header: StudyHeader, trial: Trial, trials: readonly Trial[]): Promise<string | null> {
  const { name, options } = header.pruner;
  const recorded = recordedDecisions(header, trial);
  if (!recorded || !pruners.has(name)) return null;
  const pruner = await createPruner(name, options);
  const again = judgedAgain(pruner, trial, {
    ...{ direction: reportDirection(header), directions: directionsOf(header), trials },
  });
  for (const [i, [step]] of trial.intermediate.entries()) {
    const now = again[i];
    if (recorded[i] === undefined || !now || now.prune === recorded[i]) continue;
    return `epoch ${step}: ${recorded[i] ? "pruned" : "not pruned"} then, otherwise by the records (${now.reason})`;
  }
  return null;
}

/** What the pruner said of each report; undefined where it was not asked or something else ended the trial. */
function recordedDecisions({ settings }: StudyHeader, trial: Trial): (boolean | undefined)[] | null {
  const { intermediate, prune_reason, user_attrs } = trial;
  if (settings.dry_run_pruner) {
    const kept = user_attrs["dry_run_decisions"] as readonly { prune: boolean; reason: string }[] | undefined;
    return kept?.map(({ prune, reason }) => (reason.endsWith(": the last") ? undefined : prune)) ?? null;
  }
  const pruned = trial.state === "pruned" && /^step \d+: /.test(prune_reason ?? "");
  return intermediate.map((_, i) => (i < intermediate.length - 1 ? false : pruned ? true : undefined));
}

/** The values of a complete trial, and the metrics of any that came to some. */
function differingScore({ objectives, settings }: StudyHeader, trial: Trial, result: RunResult): string | null {
  if (!trial.metrics.last) return null;
  const { seconds, parameters, epoch: epochs } = result;
  const run = { seconds, parameters, epochs, inference_us: NaN };
  const scores = scoreTrial(
    result.history,
    run,
    { objectives, constraints: [], trialValue: settings.trial_value },
    result.parts,
  );
  if (!scores) return null;
  const last = differingMetric("last", trial.metrics, scores.metrics);
  // Which epoch counts is the clock's to say where it is the first objective in which epochs differ.
  const deciding = objectives.find(({ metric }) => !wholeRunMetrics.has(metric));
  if (deciding?.metric === "epoch_seconds") return last;
  return (
    differingValue(trial, objectives, scores) ??
    differingParts(trial, objectives, scores) ??
    differingMetric("best", trial.metrics, scores.metrics) ??
    last
  );
}

function differingValue(trial: Trial, objectives: readonly StudyObjective[], { values }: TrialScores): string | null {
  for (const [i, { metric }] of objectives.entries()) {
    const recorded = trial.values?.[i];
    // Whatever is no finite number is recorded as NaN, where it is recorded at all.
    const now = Number.isFinite(values[i]) ? values[i] : NaN;
    if (recorded === undefined || timedMetrics.has(metric) || Object.is(recorded, now)) continue;
    return `${metric}: recorded ${recorded}, now ${now}`;
  }
  return null;
}

function differingParts(
  { parts }: Trial,
  objectives: readonly StudyObjective[],
  { parts: now }: TrialScores,
): string | null {
  for (const [p, { values }] of (parts ?? []).entries())
    for (const [i, { metric }] of objectives.entries())
      if (!timedMetrics.has(metric) && !Object.is(values[i], now?.[p]?.values[i]))
        return `part ${p + 1}, ${metric}: recorded ${values[i]}, now ${now?.[p]?.values[i]}`;
  return null;
}

function differingMetric(which: "best" | "last", recorded: Trial["metrics"], now: Trial["metrics"]): string | null {
  for (const [name, value] of Object.entries(recorded[which] ?? {}))
    if (!Object.is(value, now[which]?.[name]))
      return `${which} epoch's ${name}: recorded ${value}, now ${now[which]?.[name]}`;
  return null;
}
