/** A study in brief as it goes on, kept up to date by what is new in it. */
import {
  bestOfStudy,
  bestTrialOf,
  directionsOf,
  frontOfStudy,
  isBanned,
  isFinished,
  paretoFront,
} from "../core/index.js";
import type { Direction, StudyState, Trial } from "../core/index.js";
import { briefOf, headerInBrief, lastRecordedActivity } from "../storage/study-summary.js";
import type { StudySummary } from "../storage/storage.js";

/** What of a summary follows from a study's records. */
export type RecordsInBrief = Omit<StudySummary, "owner" | "location">;

/** The summaries of one study's successive states: each costs what has changed since the last one. */
export class RunningBrief {
  #state: StudyState | null = null;
  #best: Trial | null = null;
  #front: readonly Trial[] = [];
  #lastActivity = "";

  /** @param now what counts as the time of a change that was not seen before */
  of(state: StudyState, now = new Date()): RecordsInBrief {
    if (state !== this.#state) this.#take(state, now);
    const several = state.header.objectives.length > 1;
    return {
      ...headerInBrief(state.header),
      ...briefOf(state, several ? null : this.#best, several ? this.#front.length : null),
      last_activity_at: this.#lastActivity,
      revision: state.revision,
    };
  }

  #take(state: StudyState, now: Date): void {
    const before = this.#state;
    this.#state = state;
    const follows = before && before.size <= state.size && before.revision <= state.revision;
    if (!follows) this.#lastActivity = lastRecordedActivity(state);
    else if (before.revision !== state.revision) this.#lastActivity = now.toISOString();
    // Bans change what counts as best.
    if (follows && before.annotations === state.annotations) this.#add(newlyFinished(before, state), state);
    else {
      this.#best = state.header.objectives.length === 1 ? bestOfStudy(state) : null;
      this.#front = state.header.objectives.length === 1 ? [] : frontOfStudy(state);
    }
  }

  #add(ended: readonly Trial[], { header }: StudyState): void {
    if (ended.length === 0) return;
    const [direction] = directionsOf(header);
    if (header.objectives.length > 1) this.#front = paretoFront([...this.#front, ...ended], directionsOf(header));
    else {
      const all = [...(this.#best ? [this.#best] : []), ...ended].sort((a, b) => a.number - b.number);
      this.#best = bestTrialOf(all, direction as Direction);
    }
  }
}

/** The trials that finished between two states of a study; banned ones apart. */
function newlyFinished(before: StudyState, now: StudyState): Trial[] {
  const numbers = [...before.unfinished];
  for (let number = before.size; number < now.size; number++) numbers.push(number);
  return numbers.flatMap((number) => {
    const trial = now.trial(number);
    return trial && isFinished(trial) && !isBanned(now.annotations, number) ? [trial] : [];
  });
}
