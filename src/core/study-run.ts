/** What a service is to run of a study, and how a call of `optimize` ends. */
import { UsageError } from "./errors.js";

/** What ended a call of `optimize`. */
export type StoppedBy =
  | "trials"
  | "total-trials"
  | "timeout"
  | "patience"
  | "target"
  | "max-failures"
  | "space-exhausted"
  | "interrupt"
  | "stop";

/** What is wanted of a run's state, and what it is. `finished`, `failed` and `cancelled` are ends. */
export type RunState = "running" | "paused" | "stopping" | "cancelled" | "finished" | "failed";

/** What a run is told besides its goal: options of the call of `optimize` that it is. Absent: the call's default. */
export interface StudyRunOptions {
  /** Seconds after which a trial fails as `timeout`. */
  readonly trial_timeout_s?: number;
  /** So many failures in a row end the run; 0 never does. */
  readonly max_failures?: number;
  /** How often a failed trial is repeated under a new number. */
  readonly max_retries?: number;
  /** After so many attempts that died with their process a trial fails as `interrupted`. */
  readonly max_attempts?: number;
  /** Ends the run after so many finished trials without improvement. */
  readonly patience?: number;
  /** Ends the run at a value as good as this. */
  readonly target?: number;
  /** `all`, `none`, `best:3`. */
  readonly keep_checkpoints?: string;
}

/** What a service is to run of a study, kept with it: whoever opens the study next can go on. */
export interface StudyRun {
  /** What is wanted; `ended_at` says whether it has come to its end. */
  readonly state: RunState;
  /** Until the study has so many finished trials; null: until something else ends it. */
  readonly total_trials: number | null;
  /** So many more were asked for, which `total_trials` is made of; absent: the total was named, or there is none. */
  readonly trials?: number;
  /** Seconds after `started_at` at which it ends, pauses included. */
  readonly timeout_s: number | null;
  /** The most trials at once; null: as many as there are places. */
  readonly workers: number | null;
  /** Its share of the places, against that of other studies. */
  readonly weight: number;
  readonly options: StudyRunOptions;
  /** ISO 8601, UTC. */
  readonly started_at: string;
  /** ISO 8601, UTC; null while it has not ended. */
  readonly ended_at: string | null;
  /** As in a call's `finish` event. */
  readonly stopped_by: StoppedBy | null;
  /** Why it failed. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** The error of a command that only a service's run has a use for. */
export function noServedRun(name: string): UsageError {
  return new UsageError("no-run", `study "${name}" has no run at a service: places and weight are those of one`);
}
