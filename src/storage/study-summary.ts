/** A study in a few lines: what lists and overviews show without reading its trials. */
import { bestOfStudy, directionsOf, paretoFront, comparableTrials, studyKind } from "../core/index.js";
import type {
  ComponentSpec,
  MlbenchError,
  StudyHeader,
  StudyKind,
  StudyObjective,
  StudyRun,
  StudyState,
  StudyTask,
  Trial,
  TrialCounts,
} from "../core/index.js";
import type { LockOwner } from "./lock-owner.js";

/** The best trial of a study with one objective. */
export interface BestOfSummary {
  readonly number: number;
  readonly value: number;
  readonly values: readonly number[];
}

/** What a summary says about a study's trials. */
export interface TrialsInBrief {
  readonly counts: TrialCounts;
  /** How many are complete, pruned or failed and repeat no other trial. */
  readonly counted: number;
  /** The best complete feasible trial; null without one, and with several objectives. */
  readonly best: BestOfSummary | null;
  /** How many trials are in the Pareto front; null with one objective. */
  readonly front_size: number | null;
}

/** A study in brief. Key names are those of the file format. */
export interface StudySummary extends TrialsInBrief {
  readonly name: string;
  readonly objectives: readonly StudyObjective[];
  readonly created_at: string;
  readonly task: Pick<StudyTask, "model" | "dataset">;
  /** What its trials run. */
  readonly kind: StudyKind;
  readonly sampler: ComponentSpec;
  readonly pruner: ComponentSpec;
  readonly user_attrs: Readonly<Record<string, unknown>>;
  /** What people say about it; empty: nothing. */
  readonly note: string;
  /** ISO 8601, UTC: since when it is archived; null: it is not. */
  readonly archived_at: string | null;
  /** What a service was last asked to run of it; null: nothing. */
  readonly run: StudyRun | null;
  /** ISO 8601, UTC: when something last happened to the study, as far as its storage knows. */
  readonly last_activity_at: string;
  readonly revision: number;
  /** Who writes the study now; null when nobody does. */
  readonly owner: LockOwner | null;
  /** What a person is shown: the study's file, or `memory:NAME`. */
  readonly location: string;
}

/** One study of a list: its summary, or why there is none. */
export type SummaryEntry =
  | { readonly name: string; readonly location: string; readonly summary: StudySummary; readonly error: null }
  | { readonly name: string; readonly location: string; readonly summary: null; readonly error: MlbenchError };

/** What a summary takes over from a study's header. */
export type HeaderInBrief = Pick<
  StudySummary,
  | "name"
  | "objectives"
  | "created_at"
  | "task"
  | "kind"
  | "sampler"
  | "pruner"
  | "user_attrs"
  | "note"
  | "archived_at"
  | "run"
>;

export function headerInBrief(header: StudyHeader): HeaderInBrief {
  const { name, objectives, created_at, sampler, pruner, user_attrs } = header;
  const { note = "", archived_at = null, run = null } = header;
  const { model, dataset } = header.task;
  const task = Object.freeze({
    ...(model === undefined ? {} : { model }),
    ...(dataset === undefined ? {} : { dataset }),
  });
  return {
    name,
    objectives,
    created_at,
    task,
    kind: studyKind(header),
    sampler,
    pruner,
    user_attrs,
    note,
    archived_at,
    run,
  };
}

function bestInBrief(best: Trial | null): BestOfSummary | null {
  return best?.values ? { number: best.number, value: best.values[0] as number, values: best.values } : null;
}

/** A state's trials in brief, its best one (or how many are in its front) being known. */
export function briefOf(
  { counts, counted }: Pick<StudyState, "counts" | "counted">,
  best: Trial | null,
  front_size: number | null,
): TrialsInBrief {
  return { counts, counted, best: bestInBrief(best), front_size };
}

/** A state's trials in brief. Looks at every trial once. */
export function trialsInBrief(state: StudyState): TrialsInBrief {
  const { header } = state;
  if (header.objectives.length === 1) return briefOf(state, bestOfStudy(state), null);
  return briefOf(state, null, paretoFront(comparableTrials(state), directionsOf(header)).length);
}

/** The latest time that a study's records tell. */
export function lastRecordedActivity({ header, trials }: Pick<StudyState, "header" | "trials">): string {
  let latest = header.created_at;
  const take = (time: string | null | undefined): void => {
    if (typeof time === "string" && time > latest) latest = time;
  };
  for (const { started_at, finished_at, attempts } of trials) {
    take(started_at);
    take(finished_at);
    take(attempts.at(-1)?.ended_at);
  }
  return latest;
}
