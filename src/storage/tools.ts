/** What storages are written with: the reducer, the rule for names, the errors that all of them throw, summaries. */
import { applyEvent, createStudyState } from "../core/index.js";
import type { StudyState } from "../core/index.js";
import type { LockOwner } from "./lock-owner.js";
import { storedEvent } from "./stored-event.js";
import {
  requireStudyName,
  studyDeleted,
  studyExists,
  studyLocked,
  unknownStudy,
  writerClosed,
} from "./study-errors.js";
import { headerInBrief, lastRecordedActivity, trialsInBrief } from "./study-summary.js";
import type { StudySummary } from "./study-summary.js";

/**
 * The summary of a state.
 * @param where who writes the study, and where it is
 */
function summaryOf(
  state: StudyState,
  where: { readonly owner: LockOwner | null; readonly location: string },
): StudySummary {
  return {
    ...headerInBrief(state.header),
    ...trialsInBrief(state),
    last_activity_at: lastRecordedActivity(state),
    revision: state.revision,
    ...where,
  };
}

/** What storages are written with, so that all of them mean the same. */
export const storageTools = {
  /** The state that a study begins with. */
  createStudyState,
  /** The state after an event; throws for one that cannot happen. */
  applyEvent,
  /** An event as it is kept: without what is derived from the rest. */
  storedEvent,
  /** Throws UsageError `invalid-study-name`. */
  requireStudyName,
  /** The summary of a state, with who writes the study and where it is. */
  summaryOf,
  /** The error for a name that no study has. */
  unknownStudy,
  /** The error for a name that a study has already. */
  studyExists,
  /** The error for a study that another process writes. */
  studyLocked,
  /** The error for a study that was deleted while it was open. */
  studyDeleted,
  /** The error for a writer that was closed. */
  writerClosed,
} as const;
