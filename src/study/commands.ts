/** The commands that another process may give to the one that writes a study, and their answers. */
import type { Annotation, Lease, Metrics, Params, SearchSpace, StudyAnnotation, Trial } from "../core/index.js";
import type { ReportAnswer } from "../executors/executor.js";
import type { KnownKeys } from "../core/known-keys.js";

/** How a trial handed out by `ask` ended. */
export interface TellResult {
  /** The objective value; NaN is treated as the study's `on_nan` rule says. */
  readonly value?: number | undefined;
  /** One an objective, in place of `value`. */
  readonly values?: readonly number[] | undefined;
  /** @default "complete" when there is a value */
  readonly state?: "complete" | "pruned" | "failed" | undefined;
  /** Why it failed. */
  readonly message?: string | undefined;
  /** Other numbers to keep with the record. */
  readonly metrics?: Metrics | undefined;
  /** By name: met at 0 and below. */
  readonly constraints?: Readonly<Record<string, number>> | undefined;
  readonly userAttrs?: Readonly<Record<string, unknown>> | undefined;
  /** The token of the lease that the trial was handed out under. */
  readonly lease?: string | undefined;
}

/** The keys of a {@link TellResult}. */
export const tellKeys: KnownKeys<TellResult> = {
  ...({ value: true, values: true, state: true, message: true, metrics: true, constraints: true } as const),
  ...({ userAttrs: true, lease: true } as const),
};

/** One report of a trial from outside. */
export interface ReportPoint {
  /** Above the steps reported before. */
  readonly step: number;
  /** What the pruner compares. */
  readonly value: number;
  /** Further numbers of the step. */
  readonly metrics?: Metrics | undefined;
}

/** The keys of a {@link ReportPoint}. */
export const pointKeys: KnownKeys<ReportPoint> = { step: true, value: true, metrics: true };

/** What a trial from outside reports. */
export interface ReportRequest extends ReportPoint {
  /** The token of the lease that the trial was handed out under. */
  readonly lease?: string | undefined;
}

/** The keys of a {@link ReportRequest}. */
export const reportKeys: KnownKeys<ReportRequest> = { ...pointKeys, lease: true };

/** Several reports of one trial, taken in their order: all of them, or none where one is wrong. */
export interface ReportBatch {
  readonly reports: readonly ReportPoint[];
  /** The token of the lease that the trial was handed out under. */
  readonly lease?: string | undefined;
}

/** The keys of a {@link ReportBatch}. */
export const batchKeys: KnownKeys<ReportBatch> = { reports: true, lease: true };

/** What `annotate` changes; the rest stays. */
export type AnnotationChange = Partial<Annotation>;

/** The keys of an {@link AnnotationChange}. */
export const annotationKeys: KnownKeys<AnnotationChange> = { note: true, tags: true, banned: true };

/** What `annotate-study` changes; the rest stays. */
export interface StudyAnnotationChange {
  /** Empty: none. */
  readonly note?: string | undefined;
  /** Whether the study is put away: kept out of lists, and not optimized. */
  readonly archived?: boolean | undefined;
}

/** The keys of a {@link StudyAnnotationChange}. */
export const studyAnnotationKeys: KnownKeys<StudyAnnotationChange> = { note: true, archived: true };

/** What of a service's run is changed while it goes on; the rest stays. */
export interface ShareChange {
  /** The most places at once; null: as many as there are. */
  readonly workers?: number | null | undefined;
  /** Its share of the places, against that of other studies. */
  readonly weight?: number | undefined;
}

/** The keys of a {@link ShareChange}. */
export const shareKeys: KnownKeys<ShareChange> = { workers: true, weight: true };

/** How a trial is asked for. */
export interface AskOptions {
  /** A space for this trial alone. @default the study's */
  readonly space?: SearchSpace | undefined;
  /** Seconds after the last sign of life at which the trial is given to somebody else. @default never */
  readonly lease?: number | undefined;
  /**
   * Tells this request from others: asked again with it, the same trial is handed out under the same lease, from 1 to
   * 255 characters. Only with a lease. Kept (its hash) until 24 hours after the trial's end.
   */
  readonly key?: string | undefined;
  /** Who asks, for people: at most 200 characters. Kept with the trial. */
  readonly worker?: string | undefined;
}

/** The keys of {@link AskOptions}. */
export const askKeys: KnownKeys<AskOptions> = { space: true, lease: true, key: true, worker: true };

/** A trial as another process is handed it. */
export interface HandedTrial {
  readonly number: number;
  readonly attempt: number;
  readonly params: Params;
  readonly seed: number;
  readonly lease: Lease | null;
}

/** What another process may ask of the one that writes a study; plain data. */
export type StudyCommand =
  | ({ readonly type: "ask" } & AskOptions)
  | { readonly type: "tell"; readonly number: number; readonly result: TellResult }
  | ({ readonly type: "report"; readonly number: number } & (ReportRequest | ReportBatch))
  | { readonly type: "heartbeat"; readonly number: number; readonly lease?: string }
  | { readonly type: "enqueue"; readonly params: Params; readonly userAttrs?: Readonly<Record<string, unknown>> }
  | { readonly type: "retry"; readonly number: number }
  | { readonly type: "annotate"; readonly number: number; readonly change: AnnotationChange }
  | { readonly type: "annotate-study"; readonly change: StudyAnnotationChange }
  | { readonly type: "stop-trial"; readonly number: number }
  | { readonly type: "set-user-attr"; readonly key: string; readonly value: unknown; readonly trial?: number }
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  | { readonly type: "stop" }
  | { readonly type: "cancel" }
  | ({ readonly type: "set-share" } & ShareChange);

/** What each command is answered with, once it is durable. */
export interface CommandAnswers {
  ask: HandedTrial;
  tell: Trial;
  report: ReportAnswer;
  heartbeat: ReportAnswer;
  enqueue: Trial;
  retry: Trial;
  annotate: Annotation;
  "annotate-study": StudyAnnotation;
  "stop-trial": Trial;
  "set-user-attr": null;
  pause: null;
  resume: null;
  stop: null;
  cancel: null;
  "set-share": null;
}
