/** A trial's record, its states, and what samplers and pruners see of a study. */
import type { Params, SearchSpace } from "./distribution.js";
import type { KeptLease } from "./lease.js";

/** The state of a trial; `complete`, `pruned` and `failed` are final. */
export type TrialState = "waiting" | "running" | "complete" | "pruned" | "failed";
/** The kind of a failure; `diverged` is a value that is not finite, `interrupted` a process that died too often. */
export type FailureClass = "exception" | "diverged" | "timeout" | "out-of-memory" | "worker-crash" | "interrupted";
export const directionNames = ["minimize", "maximize"] as const;
/** Whether smaller or larger values of an objective are better. */
export type Direction = (typeof directionNames)[number];

/** Why a trial failed. */
export interface Failure {
  readonly class: FailureClass;
  readonly message: string;
  /** Where it happened: `epoch 7`, `objective.mjs:12`, `worker 1`. */
  readonly where: string;
}

/** What an earlier attempt at the same trial left; its reports count for nothing. */
export interface Attempt {
  readonly attempt: number;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly reason: string;
  readonly intermediate: readonly (readonly [step: number, value: number])[];
  /** Who had it, as it called itself when it asked; absent where it did not. */
  readonly worker?: string;
}

/** Numbers by metric name: `{ val_rmse: 0.0123 }`. */
export type Metrics = Readonly<Record<string, number>>;

/** Folds over which a trial is cross-validated: each cell held out in turn, or so many folds. */
export type Folds = "cells" | number;

/** One fold and seed of a cross-validated trial. */
export interface TrialPart {
  /** The cells held out; empty where the folds are no cells. */
  readonly fold: readonly string[];
  /** `2/5`: the second of five folds over time; absent where cells are held out. */
  readonly block?: string;
  readonly seed: number;
  /** NaN where it cannot be scored. The objectives' values at the step that the trial's value is taken from. */
  readonly values: readonly number[];
}

/**
 * One trial's record, as stored and as handed out (finished ones are frozen). Key names are those of the file format.
 * Non-finite numbers are plain numbers in memory and `"NaN"`, `"Infinity"`, `"-Infinity"` in JSON.
 */
export interface Trial {
  /** 0, 1, 2 … within the study. */
  readonly number: number;
  readonly state: TrialState;
  /** The objectives' values, in the order of the study's objectives; null unless `complete`. */
  readonly values: readonly number[] | null;
  /** `values[0]`, for reading; only in studies with one objective, and never stored. */
  readonly value?: number | null;
  readonly params: Params;
  /** Reports in order: `[step, value]`, steps being epochs from 1. */
  readonly intermediate: readonly (readonly [step: number, value: number])[];
  /** One entry a report: how many trials were finished when it was judged. */
  readonly seen: readonly number[];
  /** One entry a report of a cross-validated trial: the reported metric of each of its parts, in their order; NaN where a part cannot score it. Absent for others. */
  readonly intermediate_parts?: readonly (readonly number[])[];
  /** 0, 1, 2 … in the order of finishing; null before. */
  readonly finish_index: number | null;
  readonly metrics: { readonly best?: Metrics; readonly last?: Metrics };
  /** By name: feasible where at most 0 (NaN is not). Empty without constraints. */
  readonly constraints: Readonly<Record<string, number>>;
  /** What each fold and seed came to; null for a trial that trains once. */
  readonly parts: readonly TrialPart[] | null;
  /** Sample standard deviation (n - 1) of the first objective over the parts that can score it; null where fewer than two do. */
  readonly spread: number | null;
  /** ISO 8601, UTC. */
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly seconds: number | null;
  readonly seed: number;
  /** From 1; raised each time a dead owner's trial goes back to waiting. */
  readonly attempt: number;
  readonly attempts: readonly Attempt[];
  /** `pid@boot`-like owner of a running trial, or `"external"` for one handed out by `ask`. */
  readonly owner: string | null;
  readonly slot: number | null;
  /** The lease that a running trial was handed out under, or that a finished one was ended under; null without. */
  readonly lease: KeptLease | null;
  /** Who has it, or had it in the end, as it called itself when it asked for the trial; absent where it did not. */
  readonly worker?: string;
  /** What tells the requests again that the trial was handed out for, one each (see `hashOfKey`); absent without keys. */
  readonly ask_keys?: readonly string[];
  readonly backend: string | null;
  /** The kernels that trained it; absent where nothing was trained, and in records of versions before there were native ones. */
  readonly kernels?: string | null;
  /** The instruction set of native kernels, which changes no bit of a result. */
  readonly isa?: string | null;
  readonly failure: Failure | null;
  readonly prune_reason: string | null;
  /** The number of the failed trial this one repeats. */
  readonly retry_of: number | null;
  readonly user_attrs: Readonly<Record<string, unknown>>;
  /** Its place among the study's spaces: how often that had changed before the trial was started. Absent: never. */
  readonly space_version?: number;
  /** The distributions of parameters that were suggested without being declared in the study's space. */
  readonly distributions?: SearchSpace;
}

/**
 * What samplers and pruners see: plain records, never a live study. A study gives all of it; records of one's own need
 * no more than `direction` and `trials`.
 */
export interface History {
  /** Of the first objective; for a pruner, of what its trials report. */
  readonly direction: Direction;
  /** One an objective. @default `[direction]` */
  readonly directions?: readonly Direction[];
  readonly trials: readonly Trial[];
  /** The records of running trials, their reports so far included. @default none */
  readonly running?: readonly Trial[];
  /** The study's seed, for what stays the same over all of its trials. @default 0 */
  readonly seed?: number;
  /** The number of the trial that is proposed, for samplers. @default the number of trials: a new one */
  readonly number?: number;
  /**
   * The best trials of another study, best first: evidence whose weight fades as this one's trials come in, for samplers
   * that make something of it. Their parameters are those that fit this study's space; their values compare with nobody
   * else's. @default none
   */
  readonly prior?: readonly PriorTrial[];
  /** Parameters that are not to be proposed: those of trials that people have banned. @default none */
  readonly banned?: readonly Params[];
}

/** What another study's trial was, and what it came to. */
export interface PriorTrial {
  readonly params: Params;
  /** One an objective. */
  readonly values: readonly number[];
}

/** Uniform numbers in [0, 1). */
export type Rng = () => number;

export function isFinished(trial: Pick<Trial, "state">): boolean {
  return trial.state === "complete" || trial.state === "pruned" || trial.state === "failed";
}

/** Whether `a` is a better objective value than `b`. NaN is better than nothing. */
export function isBetter(a: number, b: number, direction: Direction): boolean {
  if (Number.isNaN(a)) return false;
  if (Number.isNaN(b)) return true;
  return direction === "minimize" ? a < b : a > b;
}

const transitions: Readonly<Record<TrialState, readonly TrialState[]>> = {
  waiting: ["running", "failed"],
  running: ["waiting", "complete", "pruned", "failed"],
  complete: [],
  pruned: [],
  failed: [],
};

/** The trial state machine: a finished trial never changes. */
export function canTransition(from: TrialState, to: TrialState): boolean {
  return transitions[from].includes(to);
}

/** The trial's value for an objective, of a record with `values` or with `value` alone; null where it has none. */
export function valueOf(trial: Pick<Trial, "values" | "value">, objective = 0): number | null {
  // With one objective it stands in the record itself: samplers compare it for every trial at every ask.
  if (objective === 0 && typeof trial.value === "number") return trial.value;
  return trial.values?.[objective] ?? null;
}

/** A record on which nothing has happened yet; `given` says what is known of it (`value` stands for one objective). */
export function blankTrial(number: number, given: Partial<Omit<Trial, "number">> = {}): Trial {
  return {
    number,
    state: "waiting",
    values: typeof given.value === "number" ? [given.value] : null,
    params: {},
    intermediate: [],
    seen: [],
    finish_index: null,
    metrics: {},
    constraints: {},
    parts: null,
    spread: null,
    started_at: null,
    finished_at: null,
    seconds: null,
    seed: 0,
    attempt: 1,
    attempts: [],
    owner: null,
    slot: null,
    lease: null,
    backend: null,
    failure: null,
    prune_reason: null,
    retry_of: null,
    user_attrs: {},
    ...given,
  };
}
