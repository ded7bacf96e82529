/** The options of a call of `optimize`, checked and with their defaults. */
import { UsageError } from "../core/index.js";
import type { BackendName, KernelsName, OptimizeEvent, Tracker } from "../core/index.js";
import type { Executor } from "../executors/executor.js";
import type { KnownKeys } from "../core/known-keys.js";
import { MAX_ATTEMPTS } from "./recovery.js";

/** What one call of `optimize` is told. Counts are of finished trials that repeat no other. */
export interface CallOptions {
  /** So many more trials finish in this call. @default 100, unless `totalTrials` or `timeoutMs` is given */
  readonly trials?: number | undefined;
  /** Until the study has so many. */
  readonly totalTrials?: number | undefined;
  /** Ends the call; trials under way go back to waiting. */
  readonly timeoutMs?: number | undefined;
  /** Trials at once. @default 1 for a function, the number of cores for a module */
  readonly concurrency?: number | undefined;
  /** Aborting ends the call at once: trials under way go back to waiting. */
  readonly signal?: AbortSignal | undefined;
  /** Aborting starts no further trial; those under way end, or go back to waiting after `graceMs`. */
  readonly drainSignal?: AbortSignal | undefined;
  /** How long trials under way may go on after a drain or a stop rule. @default 10000 */
  readonly graceMs?: number | undefined;
  /** A trial that takes longer fails as `timeout`. */
  readonly trialTimeoutMs?: number | undefined;
  /** After so many attempts that died with their process a trial fails as `interrupted`. @default 3 */
  readonly maxAttempts?: number | undefined;
  /** How often a failed trial is repeated under a new number. @default 0 */
  readonly maxRetries?: number | undefined;
  /** So many failures in a row end the call; 0 never does. @default 5 until a trial is completed or pruned, then 20 */
  readonly maxFailures?: number | undefined;
  /** Ends the call after so many finished trials without improvement. */
  readonly patience?: number | undefined;
  /** Ends the call at a value as good as this. */
  readonly target?: number | undefined;
  /** False: the study's terminator does not end this call. @default what the study was created with */
  readonly terminator?: boolean | undefined;
  /** A parallel call that can be repeated: results are taken in the order in which trials were started. @default false */
  readonly deterministic?: boolean | undefined;
  /** What a module's trials run in: a registered executor's name. @default "thread" */
  readonly isolation?: string | undefined;
  /** What a module's trials run in instead: left open at the call's end. */
  readonly executor?: Executor | undefined;
  /** Hears everything that happens. What it throws is caught and told. */
  readonly onEvent?: ((event: OptimizeEvent) => void) | undefined;
  /** Hear everything that happens, and are closed at the call's end. */
  readonly trackers?: readonly Tracker[] | undefined;
}

/** What a call on a study over a model, or over an objective's module, is told besides. */
export interface TaskOptions {
  /** Trials at once; `concurrency` is the same. @default the number of cores */
  readonly workers?: number | undefined;
  /** Whose weights stay: those of the best so many trials, all, or none. @default { best: 3 } */
  readonly keepCheckpoints?: { readonly best: number } | "all" | "none" | undefined;
  /** Go on although files that the study depends on have changed; recorded. @default false */
  readonly acceptChanges?: boolean | undefined;
  /** @default "auto": that of the study's first trial; in a new study what {@link RunConfig.backend} says */
  readonly backend?: BackendName | "auto" | undefined;
  /** @default "auto" */
  readonly kernels?: KernelsName | "auto" | undefined;
}

/** The keys of {@link CallOptions}. */
export const callKeys: KnownKeys<CallOptions> = {
  ...({ trials: true, totalTrials: true, timeoutMs: true, concurrency: true, signal: true } as const),
  ...({ drainSignal: true, graceMs: true, trialTimeoutMs: true, maxAttempts: true, maxRetries: true } as const),
  ...({ maxFailures: true, patience: true, target: true, terminator: true } as const),
  ...({ deterministic: true, isolation: true } as const),
  ...({ executor: true, onEvent: true, trackers: true } as const),
};

/** The keys of {@link TaskOptions}. */
export const taskKeys: KnownKeys<TaskOptions> = {
  ...({ workers: true, keepCheckpoints: true, acceptChanges: true, backend: true, kernels: true } as const),
};

/** `workers` and `concurrency` mean the same. @throws UsageError `conflicting-options`. */
export function withWorkers<T extends CallOptions & TaskOptions>(options: T): T {
  const { workers, concurrency = workers } = options;
  if (workers !== undefined && workers !== concurrency)
    throw new UsageError("conflicting-options", `workers ${workers} and concurrency ${concurrency} mean the same`);
  return { ...options, concurrency };
}

/** The options with their defaults. */
export interface ResolvedOptions {
  readonly target: number | null;
  readonly patience: number | null;
  /** Whether the study's terminator, where it has one, may end the call. */
  readonly terminator: boolean;
  readonly maxAttempts: number;
  readonly maxRetries: number;
  /** Null: the default, which depends on what the study has achieved. */
  readonly maxFailures: number | null;
  readonly graceMs: number;
  readonly timeoutMs: number | null;
  readonly trialTimeoutMs: number | null;
  readonly deterministic: boolean;
}

/** How many finished trials the study has at the end, and which option says so. */
export interface Goal {
  readonly finished: number;
  readonly by: "trials" | "total-trials";
}

const DEFAULT_TRIALS = 100;

function requireCount(name: string, value: number | undefined, least: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least)) return;
  throw new UsageError("invalid-option", `${name} must be an integer of at least ${least}, got ${value}`);
}

function inWords(value: unknown): string {
  if (value === null || Array.isArray(value)) return value === null ? "null" : "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function requireDuration(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isFinite(value) && value > 0)) return;
  throw new UsageError("invalid-option", `${name} must be a number of milliseconds above 0, got ${value}`);
}

const isFunction = (value: unknown): boolean => typeof value === "function";
const isSignal = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value;
const isTracker = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "onEvent" in value && isFunction(value.onEvent);
const listOf =
  (isItem: (item: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every(isItem);

/** Who is told, and what ends a call: called at a moment when what is wrong with it could only be a defect. */
const parts: readonly (readonly [name: string, isOne: (value: unknown) => boolean, expected: string])[] = [
  ["signal", isSignal, "an AbortSignal"],
  ["drainSignal", isSignal, "an AbortSignal"],
  ["onEvent", isFunction, "a function"],
  ["trackers", listOf(isTracker), "a list of objects with onEvent(event)"],
  ["callbacks", listOf(isFunction), "a list of functions"],
  ["deterministic", (value) => typeof value === "boolean", "true or false"],
  ["terminator", (value) => typeof value === "boolean", "true or false"],
];

/** @throws UsageError `invalid-option`. */
export function checkOptions(options: CallOptions): void {
  for (const [name, isOne, expected] of parts) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && !isOne(value))
      throw new UsageError("invalid-option", `${name} must be ${expected}, got ${inWords(value)}`);
  }
  requireCount("trials", options.trials, 0);
  requireCount("totalTrials", options.totalTrials, 0);
  requireCount("concurrency", options.concurrency, 1);
  requireCount("maxAttempts", options.maxAttempts, 1);
  requireCount("maxRetries", options.maxRetries, 0);
  requireCount("maxFailures", options.maxFailures, 0);
  requireCount("patience", options.patience, 1);
  requireDuration("timeoutMs", options.timeoutMs);
  requireDuration("trialTimeoutMs", options.trialTimeoutMs);
  if (options.target !== undefined && !Number.isFinite(options.target))
    throw new UsageError("invalid-option", `target must be a finite number, got ${options.target}`);
  if (options.graceMs !== undefined && !(options.graceMs >= 0))
    throw new UsageError("invalid-option", `graceMs must be at least 0, got ${options.graceMs}`);
}

export function resolveOptions(options: CallOptions): ResolvedOptions {
  return {
    target: options.target ?? null,
    patience: options.patience ?? null,
    terminator: options.terminator ?? true,
    maxAttempts: options.maxAttempts ?? MAX_ATTEMPTS,
    maxRetries: options.maxRetries ?? 0,
    maxFailures: options.maxFailures ?? null,
    graceMs: options.graceMs ?? 10_000,
    timeoutMs: options.timeoutMs ?? null,
    trialTimeoutMs: options.trialTimeoutMs ?? null,
    deterministic: options.deterministic ?? false,
  };
}

/** The goal of a call on a study with `counted` finished trials (after recovery). */
export function goalOf(options: CallOptions, counted: number): Goal {
  const { totalTrials, timeoutMs } = options;
  const open = totalTrials === undefined && timeoutMs === undefined;
  const trials = options.trials ?? (open ? DEFAULT_TRIALS : undefined);
  const more = trials === undefined ? Infinity : counted + trials;
  if (totalTrials !== undefined && totalTrials <= more) return { finished: totalTrials, by: "total-trials" };
  return { finished: more, by: "trials" };
}
