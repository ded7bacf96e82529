/** What becomes of trials whose owner is lost. */
import type { StudyEvent, StudyState, Trial } from "../core/index.js";
import { now } from "./clock.js";
import { EXTERNAL } from "./new-trial.js";

/** The reason of an attempt whose process died under it. */
export const OWNER_DIED = "its process died";

/** The reason of an attempt whose lease ended without a sign of life. */
export const LEASE_ENDED = "its lease ended";

/** How often an attempt at a trial may end with its owner, unless a call says otherwise. */
export const MAX_ATTEMPTS = 3;

function deaths(trial: Trial): number {
  return trial.attempts.filter(({ reason }) => reason === OWNER_DIED || reason === LEASE_ENDED).length;
}

/**
 * What to do about running trials whose owner is dead: back to waiting, or failed as `interrupted` once that has
 * happened `maxAttempts` times. To be asked by the study's one writer before it starts any trial: then every running
 * trial but those handed out by `ask` is such a one.
 */
export function recoveryEvents(
  state: StudyState,
  maxAttempts: number,
  adopted: ReadonlySet<number> = new Set(),
): StudyEvent[] {
  const events: StudyEvent[] = [];
  for (const number of state.unfinished) {
    const trial = state.trial(number);
    if (trial?.state !== "running" || trial.owner === EXTERNAL || adopted.has(number)) continue;
    events.push(ownerLost(trial, maxAttempts, OWNER_DIED));
  }
  return events;
}

/** What becomes of a trial whose owner is lost: it waits again, or has failed once that has happened too often. */
export function ownerLost(trial: Trial, maxAttempts: number, reason: string): StudyEvent {
  const { number, owner } = trial;
  const at = now();
  if (deaths(trial) + 1 < maxAttempts) return { type: "trial-requeued", number, at, reason };
  return {
    type: "trial-finished",
    number,
    state: "failed",
    values: null,
    metrics: {},
    finished_at: at,
    seconds: null,
    backend: null,
    prune_reason: null,
    failure: {
      class: "interrupted",
      message: `${reason}, ${maxAttempts} times`,
      where: `owner ${owner ?? "unknown"}`,
    },
  };
}
