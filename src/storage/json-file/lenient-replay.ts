/** Applying what is left of a damaged journal. */
import { applyEvent, blankTrial, MlbenchError } from "../../core/index.js";
import type { StudyEvent, StudyState } from "../../core/index.js";

const LOST = "the record was lost to damage of the study's files";

/**
 * Applies what is left of a damaged journal. An event that builds on a lost one still counts where it can: a trial
 * whose creation is lost gets a placeholder, one whose start is lost is started. What cannot be applied is left out.
 */
export class LenientReplay {
  state: StudyState;
  readonly placeholders = new Set<number>();

  constructor(state: StudyState) {
    this.state = state;
  }

  apply(event: StudyEvent): void {
    try {
      if (event.type === "trial-created") this.#fillTo(event.trial.number);
      else if ("number" in event) {
        this.#fillTo(event.number + 1);
        this.#start(event);
      }
      this.state = applyEvent(this.state, event);
    } catch (error) {
      if (!(error instanceof MlbenchError)) throw error;
    }
  }

  /** Placeholders that nothing finished become failed: they cannot be run without their parameters. */
  finish(at: string): StudyState {
    for (const number of this.placeholders) {
      const trial = this.state.trial(number);
      if (trial?.state !== "waiting" && trial?.state !== "running") continue;
      this.state = applyEvent(this.state, failedEvent(number, at));
    }
    return this.state;
  }

  #fillTo(size: number): void {
    while (this.state.size < size) {
      this.placeholders.add(this.state.size);
      this.state = applyEvent(this.state, { type: "trial-created", trial: blankTrial(this.state.size) });
    }
  }

  #start(event: Extract<StudyEvent, { number: number }>): void {
    if (!needsRunning(event) || this.state.trial(event.number)?.state !== "waiting") return;
    const { number } = event;
    const started_at = "finished_at" in event ? event.finished_at : new Date(0).toISOString();
    const start = { type: "trial-started", number, started_at, owner: "lost", slot: null, backend: null } as const;
    this.state = applyEvent(this.state, start);
  }
}

/** Whether an event can only happen to a running trial; a waiting one may fail, and anything may be said about it. */
function needsRunning(event: StudyEvent): boolean {
  if (event.type === "trial-finished") return event.state !== "failed";
  return event.type === "trial-report" || event.type === "trial-param" || event.type === "trial-constraint";
}

function failedEvent(number: number, at: string): StudyEvent {
  return {
    type: "trial-finished",
    number,
    state: "failed",
    values: null,
    metrics: {},
    finished_at: at,
    seconds: null,
    backend: null,
    failure: { class: "interrupted", message: LOST, where: "storage" },
    prune_reason: null,
  };
}
