/** What a run is asked for: checked, and made what is kept with the study and what its call of `optimize` is told. */
import { defined, requireKnownKeys, UsageError } from "../core/index.js";
import type { KnownKeys, StudyRun } from "../core/index.js";
import { parseKeepCheckpoints } from "../app/checkpoint-keeper.js";
import { checkOptions, goalOf } from "../study/optimize-options.js";
import type { OptimizeStudyOptions } from "../study/study.js";
import type { RunChange, RunRequest } from "./host.js";

const requestKeys: KnownKeys<RunRequest> = {
  ...({ trials: true, total_trials: true, timeout_s: true, workers: true, weight: true } as const),
  ...({ trial_timeout_s: true, max_failures: true, max_retries: true, max_attempts: true } as const),
  ...({ patience: true, target: true, keep_checkpoints: true } as const),
};
const changeKeys: KnownKeys<RunChange> = { state: true, workers: true, weight: true };

/** The states that may be asked for. */
const askable = new Set<unknown>(["running", "paused", "stopping", "cancelled"]);

function requireNumber(name: string, value: unknown, fits: (value: number) => boolean, expected: string): void {
  if (value === undefined || (typeof value === "number" && fits(value))) return;
  throw new UsageError("invalid-option", `${name} must be ${expected}, got ${JSON.stringify(value) ?? "nothing"}`);
}

const isWhole =
  (least: number) =>
  (value: number): boolean =>
    Number.isSafeInteger(value) && value >= least;
const isAbove0 = (value: number): boolean => Number.isFinite(value) && value > 0;

function requireShare({ workers, weight }: { workers?: unknown; weight?: unknown }): void {
  requireNumber("workers", workers, isWhole(1), "a whole number from 1");
  requireNumber("weight", weight, (value) => value >= 0.001 && value <= 1000, "a number from 0.001 to 1000");
}

/** @throws UsageError `invalid-option`, `unknown-option`. */
export function requireRunRequest(request: RunRequest): void {
  requireKnownKeys("a run", request, requestKeys);
  requireShare(request);
  for (const name of ["trials", "total_trials", "max_failures", "max_retries"] as const)
    requireNumber(name, request[name], isWhole(0), "a whole number from 0");
  for (const name of ["max_attempts", "patience"] as const)
    requireNumber(name, request[name], isWhole(1), "a whole number from 1");
  for (const name of ["timeout_s", "trial_timeout_s"] as const)
    requireNumber(name, request[name], isAbove0, "a number of seconds above 0");
  requireNumber("target", request.target, Number.isFinite, "a finite number");
  if (request.trials !== undefined && request.total_trials !== undefined)
    throw new UsageError(
      "conflicting-options",
      "trials and total_trials are two ways to say one thing: give one of them",
    );
  const { keep_checkpoints: keep } = request as { readonly keep_checkpoints?: unknown };
  if (keep !== undefined && typeof keep !== "string")
    throw new UsageError("invalid-option", 'keep_checkpoints must be "all", "none" or "best:N" (N from 1)');
  if (keep !== undefined) parseKeepCheckpoints(keep);
}

/** @throws UsageError `invalid-option`, `unknown-option`. */
export function requireRunChange(change: RunChange): void {
  requireKnownKeys("a run", change, changeKeys);
  const { state, workers, weight } = change;
  if (state !== undefined && !askable.has(state))
    throw new UsageError(
      "invalid-option",
      `state must be running, paused, stopping or cancelled, got ${JSON.stringify(state)}`,
    );
  requireShare({ workers: workers ?? undefined, weight });
}

/** The run that is asked for, of a study with so many finished trials; `trials` becomes a total that a restart keeps. */
export function runOf(request: RunRequest, counted: number, now: Date): StudyRun {
  const { trials, total_trials, timeout_s, workers, weight, ...options } = request;
  const goal = goalOf(
    defined({ trials, totalTrials: total_trials, timeoutMs: timeout_s === undefined ? undefined : timeout_s * 1000 }),
    counted,
  );
  const isFinite = Number.isFinite(goal.finished);
  return {
    state: "running",
    total_trials: isFinite ? goal.finished : null,
    ...(isFinite && goal.by === "trials" ? { trials: goal.finished - counted } : {}),
    timeout_s: timeout_s ?? null,
    workers: workers ?? null,
    weight: weight ?? 1,
    options: defined(options),
    started_at: now.toISOString(),
    ...{ ended_at: null, stopped_by: null, error: null },
  };
}

/** The shortest limit of time that there is: the call ends at once. */
const AT_ONCE_MS = 1;

/** The call of `optimize` that a run is now: what is left of its time, its goal, its rules. */
export function callOptions(
  { total_trials, timeout_s, options, started_at }: StudyRun,
  now: Date,
): OptimizeStudyOptions {
  const { trial_timeout_s, max_failures, max_retries, max_attempts, patience, target, keep_checkpoints } = options;
  const left = timeout_s === null ? undefined : Date.parse(started_at) + timeout_s * 1000 - now.getTime();
  const call = {
    totalTrials: total_trials ?? undefined,
    timeoutMs: left === undefined ? undefined : Math.max(AT_ONCE_MS, left),
    trialTimeoutMs: trial_timeout_s === undefined ? undefined : trial_timeout_s * 1000,
    ...{ maxFailures: max_failures, maxRetries: max_retries, maxAttempts: max_attempts, patience, target },
    keepCheckpoints: keep_checkpoints === undefined ? undefined : parseKeepCheckpoints(keep_checkpoints),
  };
  checkOptions(call);
  return defined(call);
}
