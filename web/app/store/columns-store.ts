/** The contract of a study's trials in columns: where they are held, and what a page asks of them. */
import type { ReadonlySignal } from "@preact/signals";
import type { StudyChanges, TrialState } from "../api/types.js";

/** Which trials a view shows; every one of them by default. */
export interface HistoryRequest {
  /** @default 0, the first objective */
  readonly objective?: number | undefined;
  /** The most points that are wanted; more are thinned out, the best line stays whole. @default 4000 */
  readonly points?: number | undefined;
}

/** What each trial came to, in the order in which they finished. */
export interface HistoryView {
  readonly revision: number;
  /** Trials that could be shown. */
  readonly total: number;
  readonly number: readonly number[];
  readonly value: readonly number[];
  readonly state: readonly TrialState[];
  /** Steps of the best so far: trial's number and value. */
  readonly best: readonly (readonly [number: number, value: number])[];
}

/** A running trial, for lists. */
export interface RunningTrial {
  readonly number: number;
  readonly attempt: number;
  readonly params: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970. */
  readonly started: number | null;
  readonly slot: number | null;
  readonly owner: string | null;
  readonly steps: number;
  readonly last_step: number | null;
  readonly last_value: number | null;
}

/** A study's trials, kept up to date. They may be held in another thread: everything that is read is asked for. */
export interface ColumnsStore {
  /** What the columns stand at; null before they are there. Read it in a component, and ask anew when it changes. */
  readonly revision: ReadonlySignal<number | null>;
  /** Trials in the study. */
  readonly size: ReadonlySignal<number>;
  /** Fetches what changed since {@link revision}; all of it the first time. At most one request is under way. */
  refresh(): Promise<void>;
  /** Takes in a frame of the stream; one that is not newer than what is there does nothing. */
  apply(changes: StudyChanges): void;
  /** Throws away what is there, where the study was made anew under its name; the next {@link refresh} fetches all of it. */
  restart(): void;
  history(request?: HistoryRequest): Promise<HistoryView>;
  running(): Promise<readonly RunningTrial[]>;
  close(): void;
}
