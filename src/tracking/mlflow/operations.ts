/** What is to be done to a run, as plain data that can wait in a file: doing it twice changes nothing. */
import type { RunStatus } from "./client.js";
import type { Point, Texts } from "./limits.js";

/** The run of a study as a whole. */
export const STUDY_RUN = "study";
/** The run of a training that is no trial: several may wait in one folder. */
export function trainingRun(token: string): string {
  return `training-${token}`;
}

/** The run of a trial, as ledger and spool name it. */
export function trialRun(number: number): string {
  return `trial-${number}`;
}

/** A file that goes to a run. */
export interface FileToSend {
  /** Where it goes, seen from the run's artifacts. */
  readonly path: string;
  /** Where it is: absolute, or seen from the folder that ledger and spool lie under. */
  readonly source: string;
  /** It is sent as long as it still is the one that was meant. */
  readonly bytes: number;
  readonly modified: number;
}

/** One step. What is there is done in this order: the run made, texts and numbers logged, its state set, the file sent. */
export interface Operation {
  readonly run: string;
  /** Of the trial; each attempt that has logged anything has a run of its own. */
  readonly attempt: number;
  readonly begin?: {
    readonly name: string;
    /** ms */
    readonly start: number;
    /** Stands in a tag, by which a run is found whose making was not heard to have succeeded. */
    readonly token: string;
  };
  readonly tags?: Texts;
  readonly params?: Texts;
  readonly metrics?: readonly Point[];
  /** How many of the attempt's reports are logged with this, counted from its first. */
  readonly reports?: number;
  readonly status?: RunStatus;
  /** ms; null: not ended. */
  readonly end?: number | null;
  /** The state that the trial, or the call, has ended in: nothing more comes. */
  readonly ended?: string;
  readonly file?: FileToSend;
}

/** How far a run has got: in the ledger what the server has, in a tracker what is on its way to it as well. */
export interface Progress {
  readonly attempt: number;
  readonly reports: number;
  readonly ended: string | null;
}

/** The progress after an operation. */
export function progressAfter(before: Progress | undefined, operation: Operation): Progress {
  const { attempt, reports, ended, begin } = operation;
  const same = before?.attempt === attempt ? before : { attempt, reports: 0, ended: null };
  // A call of `optimize` that begins again has not ended.
  const open = begin !== undefined && same.ended !== null && ended === undefined ? { ...same, ended: null } : same;
  return { attempt, reports: Math.max(open.reports, reports ?? 0), ended: ended ?? open.ended };
}
