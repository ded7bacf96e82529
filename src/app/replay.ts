/** Trains a trial again from its record and compares what comes out. */
import { UsageError } from "../core/index.js";
import type { EpochEvent, KernelsName, StudyHeader, Trial } from "../core/index.js";
import type { KnownKeys } from "../registry/known-keys.js";
import { requireKnownKeys } from "../registry/known-keys.js";
import { run } from "../training/index.js";
import type { StudyTarget } from "./address.js";
import { locate } from "./address.js";
import { configOfTrials } from "./optimize-study.js";

export interface ReplayResult {
  readonly number: number;
  /** Whether every report and the best and last metrics came out bit for bit as recorded. */
  readonly same: boolean;
  /** What differs first, in words; null when nothing does. */
  readonly difference: string | null;
  readonly reports: readonly (readonly [step: number, value: number])[];
  readonly backend: string;
  readonly recorded_backend: string | null;
}

export interface ReplayOptions {
  /** Called before the training begins, with what was recorded. */
  readonly onStart?: ((trial: Trial) => void) | undefined;
  readonly onEpoch?: ((event: EpochEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const keys: KnownKeys<ReplayOptions> = { onStart: true, onEpoch: true, signal: true };

/** `wasm/plain` -> the backend and the kernels that a trial ran on. */
function recordedBackend(trial: Trial): { backend?: "wasm" | "cpu" | "tensorflow"; kernels?: KernelsName } {
  const [backend, kernels] = trial.backend?.split("/") ?? [];
  return {
    ...(backend === undefined ? {} : { backend: backend as "wasm" }),
    ...(kernels === undefined ? {} : { kernels: kernels as KernelsName }),
  };
}

/**
 * Trains a trial of a study over a model again from its record, on the backend and kernels that it ran on, for as many
 * epochs, and compares.
 * @throws UsageError `unknown-study`, `unknown-trial`, `not-replayable`, `unknown-option`.
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
  if (!trial) throw new UsageError("unknown-trial", `study "${name}" has no trial ${number}; it has ${state.size}`);
  return replayRecord(state.header, storage.baseDirectory(name), trial, options);
}

async function replayRecord(
  header: StudyHeader,
  base: string | null,
  trial: Trial,
  options: ReplayOptions,
): Promise<ReplayResult> {
  if (header.task.dataset === undefined)
    throw new UsageError(
      "not-replayable",
      `study "${header.name}" has a plain objective: only trained trials are replayed`,
    );
  if (trial.intermediate.length === 0)
    throw new UsageError(
      "not-replayable",
      `trial ${trial.number} is ${trial.state} and has no reports to compare with`,
    );
  const configOf = await configOfTrials(header, base, recordedBackend(trial));
  options.onStart?.(trial);
  const reported = (header.settings.prune_by ?? header.objectives[0])?.metric ?? "";
  const reports: [number, number][] = [];
  const last = trial.intermediate.at(-1)?.[0] as number;
  const result = await run(
    { ...configOf(trial), seed: trial.seed },
    {
      baselines: false,
      ...(options.signal ? { signal: options.signal } : {}),
      onEvent: (event) => {
        if (event.event !== "epoch") return "continue";
        options.onEpoch?.(event);
        reports.push([event.epoch, (event as unknown as Record<string, number>)[reported] as number]);
        return event.epoch >= last && trial.state === "pruned" ? "stop" : "continue";
      },
    },
  );
  const difference = firstDifference(trial, reports);
  return {
    ...{ number: trial.number, same: difference === null, difference, reports },
    ...{ backend: `${result.backend.name}/${result.kernels}`, recorded_backend: trial.backend },
  };
}

function firstDifference(trial: Trial, reports: readonly [number, number][]): string | null {
  for (const [i, [step, value]] of trial.intermediate.entries()) {
    const again = reports[i];
    if (!again) return `epoch ${step}: recorded ${value}, not reached again`;
    if (again[0] !== step || !Object.is(again[1], value)) return `epoch ${step}: recorded ${value}, now ${again[1]}`;
  }
  if (reports.length > trial.intermediate.length)
    return `${reports.length} epochs now, ${trial.intermediate.length} recorded`;
  return null;
}
