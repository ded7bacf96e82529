/** A study as lists show it. */
import type { HostedStudy, Run, StudyView } from "../../host/host.js";
import { briefWork } from "../../storage/lock-owner.js";
import { headerInBrief } from "../../storage/study-summary.js";
import type { LockOwner, StudySummary } from "../../storage/storage.js";
import type { StudyEntry } from "../schemas/studies.js";
import type { StudyFigures } from "./figures.js";

/** What is known of a study's course beside its summary. */
export type Course = Pick<StudyEntry, "rate" | "sparkline">;

/** Nothing is known of it yet. */
export const noCourse: Course = { rate: { trials_per_minute: null, eta_s: null }, sparkline: [] };

interface Place {
  readonly owner: LockOwner | null;
  readonly here: boolean;
  readonly run: Run | null;
}

const active: ReadonlySet<string> = new Set(["running", "paused", "waiting", "stopping"]);

/** What is going on with a study, in a word. */
export function stateOf({ owner, here, run }: Place, archivedAt: string | null): StudyEntry["state"] {
  const elsewhere = owner !== null && !here && !briefWork.has(owner.work ?? "");
  if (elsewhere) return "elsewhere";
  if (run && active.has(run.state)) return run.state as "running" | "paused" | "waiting" | "stopping";
  return archivedAt === null ? "idle" : "archived";
}

function ownerOf({ owner, here }: Place): StudyEntry["owner"] {
  if (!owner) return null;
  const { pid = null, host = null, since, work = null } = owner;
  return { pid, host, since, work, here };
}

type Summary = Omit<StudySummary, "location" | "owner" | "user_attrs">;

function assembled(summary: Summary, place: Place, course: Course): StudyEntry {
  const { name, objectives, created_at, task, kind, sampler, pruner, note, archived_at } = summary;
  const { counts, counted, best, front_size, revision, last_activity_at } = summary;
  return {
    ...{ name, objectives, created_at, task, kind, sampler, pruner, note, archived_at, counts, counted },
    ...{ best, front_size, revision, last_activity_at, owner: ownerOf(place), state: stateOf(place, archived_at) },
    run: place.run,
    ...course,
  };
}

/** The entry of a study that nobody looks at closely. */
export function entryOfHosted({ summary, here, run }: HostedStudy, course: Course = noCourse): StudyEntry {
  return assembled(summary, { owner: summary.owner, here, run }, course);
}

/** The entry of a study that is followed. */
export function entryOfView({ state, owner, here, run }: StudyView, figures: StudyFigures): StudyEntry {
  const { counts, counted, revision } = state;
  const { best, frontSize, lastActivity, sparkline } = figures;
  const summary = {
    ...headerInBrief(state.header),
    ...{ counts, counted, best, front_size: frontSize, revision, last_activity_at: lastActivity },
  };
  return assembled(summary, { owner, here, run }, { rate: figures.pace(counted, run), sparkline });
}
