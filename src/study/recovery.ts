import type { StudyEvent, StudyState, Trial } from "../core/index.js";
import { now } from "./clock.js";
import { EXTERNAL } from "./new-trial.js";

/** The reason of an attempt whose process died under it. */
export const OWNER_DIED = "its process died";

function deaths(trial: Trial): number {
  return trial.attempts.filter((attempt) => attempt.reason === OWNER_DIED).length;
}

/**
 * What to do about running trials whose owner is dead: back to waiting, or failed as `interrupted` once that has
 * happened `maxAttempts` times. To be asked by the study's one writer before it starts any trial: then every running
 * trial but those handed out by `ask` is such a one.
 */
export function recoveryEvents(state: StudyState, maxAttempts: number): StudyEvent[] {
  const events: StudyEvent[] = [];
  for (const number of state.unfinished) {
    const trial = state.trial(number);
    if (trial?.state !== "running" || trial.owner === EXTERNAL) continue;
    const at = now();
    if (deaths(trial) + 1 < maxAttempts) {
      events.push({ type: "trial-requeued", number, at, reason: OWNER_DIED });
      continue;
    }
    const message = `its process died under it ${maxAttempts} times`;
    events.push({
      ...{ type: "trial-finished", number, state: "failed", values: null, metrics: {}, finished_at: at },
      ...{ seconds: null, backend: null, prune_reason: null },
      failure: { class: "interrupted", message, where: `owner ${trial.owner ?? "unknown"}` },
    });
  }
  return events;
}
