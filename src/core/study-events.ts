/** The events that change a study: the vocabulary of its journal. */
import type { SearchSpace } from "./distribution.js";
import type { KeptLease } from "./lease.js";
import type { Annotation, ScoredBaselines, SearchEnd, SpaceReplacement, StudyAnnotation } from "./study.js";
import type { StudyRun } from "./study-run.js";
import type { Trial } from "./trial.js";

/**
 * What can happen to a study. Events are facts, applied in order by `applyEvent`; what they
 * carry is complete, so that replaying needs no clock and no randomness.
 */
export type StudyEvent =
  /**
   * A new record, `waiting` or already `running` (or finished, when imported). Its number is the next one; its
   * `finish_index` is given by the reducer.
   */
  | { readonly type: "trial-created"; readonly trial: Trial }
  /** Waiting -> running. */
  | {
      readonly type: "trial-started";
      readonly number: number;
      readonly started_at: string;
      readonly owner: string;
      readonly slot: number | null;
      readonly backend: string | null;
      /** Absent: it is not handed out under a lease. */
      readonly lease?: KeptLease | null;
      /** Who asked for it, as it calls itself. */
      readonly worker?: string;
      /** What tells the request again that it was handed out for. */
      readonly ask_key?: string;
    }
  /** A parameter suggested without being declared. */
  | {
      readonly type: "trial-param";
      readonly number: number;
      readonly name: string;
      readonly value: Trial["params"][string];
      readonly distribution: SearchSpace[string];
    }
  /** An intermediate value, with how many trials were finished when it was judged. */
  | {
      readonly type: "trial-report";
      readonly number: number;
      readonly step: number;
      readonly value: number;
      readonly seen: number;
      /** The reported metric of each part of a cross-validated trial. */
      readonly parts?: readonly number[];
    }
  /** Running -> finished, or waiting -> failed. `finish_index` is given by the reducer. */
  | {
      readonly type: "trial-finished";
      readonly number: number;
      readonly state: "complete" | "pruned" | "failed";
      /** One an objective; null unless complete. */
      readonly values: readonly number[] | null;
      readonly metrics: Trial["metrics"];
      /** Constraints known at the end, added to those set before. */
      readonly constraints?: Trial["constraints"];
      readonly parts?: Trial["parts"];
      readonly spread?: number | null;
      readonly finished_at: string;
      readonly seconds: number | null;
      readonly backend: string | null;
      /** Absent where nothing was trained. */
      readonly kernels?: string | null;
      readonly isa?: string | null;
      readonly failure: Trial["failure"];
      readonly prune_reason: string | null;
      /** The lease that it was ended under, so that its holder is known afterwards. @default null */
      readonly lease?: KeptLease | null;
    }
  /** Running -> waiting, attempt + 1; its reports move to `attempts`. */
  | { readonly type: "trial-requeued"; readonly number: number; readonly at: string; readonly reason: string }
  | {
      readonly type: "trial-attr";
      readonly number: number;
      readonly key: string;
      readonly value: unknown;
    }
  /** A running trial's constraint: feasible where at most 0. */
  | { readonly type: "trial-constraint"; readonly number: number; readonly name: string; readonly value: number }
  /** What is said about a trial in any state, from now on: takes the earlier annotation's place. */
  | ({ readonly type: "trial-annotated"; readonly number: number } & Annotation)
  | { readonly type: "study-attr"; readonly key: string; readonly value: unknown }
  /** What is said about the study from now on: takes the earlier annotation's place. */
  | ({ readonly type: "study-annotated" } & StudyAnnotation)
  /** Takes the place of what was scored for the same parameters. */
  | ({ readonly type: "baselines-scored" } & ScoredBaselines)
  /** The study's terminator ended a call of `optimize`: takes the earlier end's place. */
  | ({ readonly type: "search-ended" } & SearchEnd)
  /** What a service is to run of the study, or how that ended: takes the place of what was kept of it before. */
  | { readonly type: "run-changed"; readonly run: StudyRun }
  /** The study is searched otherwise from now on; the space so far becomes the last of the earlier ones. */
  | ({ readonly type: "space-changed"; readonly at: string } & SpaceReplacement)
  | { readonly type: "change-accepted"; readonly at: string; readonly path: string; readonly sha256: string };

/** The number of the trial that an event is of; null for one of the study. */
export function trialOf(event: StudyEvent): number | null {
  if (event.type === "trial-created") return event.trial.number;
  return "number" in event ? event.number : null;
}
