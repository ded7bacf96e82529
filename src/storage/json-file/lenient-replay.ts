/** Applying what is left of a damaged journal. */
import { applyEvent, blankTrial, createStudyState, MlbenchError } from "../../core/index.js";
import type { StudyEvent, StudyState, Trial } from "../../core/index.js";

const LOST = "the record was lost to damage of the study's files";

/** What damage of a study's files has cost. */
export interface Losses {
  /** Lines that are gone, cannot be read, or say what cannot have been: at least so many. */
  readonly lines: number;
  /** Trials whose own record is lost: they stand as failed. */
  readonly trials: readonly number[];
  /** Trials that are kept although something about them may be lost. */
  readonly unsure: readonly number[];
}

/** An event of the journal by its number; null where it is none. */
export interface LeftEvent {
  readonly seq: number;
  readonly event: StudyEvent | null;
}

/** So many lines more than there are may have been lost with trials of their own. */
const LOST_LINES = 1_000;

/**
 * Applies what is left of a damaged journal. An event that builds on a lost one still counts where it can: a trial
 * whose creation is lost gets a placeholder, one whose start is lost is started. What cannot be applied is left out.
 */
export class LenientReplay {
  state: StudyState;
  readonly #placeholders = new Set<number>();
  readonly #unsure = new Set<number>();
  readonly #size: number;
  readonly #revision: number;
  readonly #lines: number;
  #lastSeq: number;
  #lost = 0;

  /** @param lines how many lines the journal has. */
  constructor(state: StudyState, lines: number) {
    this.state = state;
    this.#size = state.size;
    this.#revision = this.#lastSeq = state.revision;
    this.#lines = lines;
  }

  apply({ seq, event }: LeftEvent): void {
    if (seq > this.#lastSeq + 1) this.#miss(seq - this.#lastSeq - 1);
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    if (!event) return this.#miss(1);
    try {
      if (event.type === "trial-created") this.#fillTo(event.trial.number, seq);
      else if ("number" in event) {
        this.#fillTo(event.number + 1, seq);
        this.#start(event);
      }
      this.state = applyEvent(this.state, this.#placeholderSafe(event));
    } catch {
      this.#miss(1);
    }
  }

  /** Placeholders that nothing finished become failed: they cannot be run without their parameters. */
  finish(at: string): StudyState {
    for (const number of this.#placeholders) {
      const trial = this.state.trial(number);
      if (trial?.state !== "waiting" && trial?.state !== "running") continue;
      this.state = applyEvent(this.state, failedEvent(number, at, LOST));
    }
    return this.state;
  }

  /** @param unread how many lines could not be read, their numbers included: those at the end leave no gap. */
  losses(unread: number): Losses {
    if (unread > this.#lost) this.#miss(unread - this.#lost);
    const trials = [...this.#placeholders].sort((a, b) => a - b);
    const unsure = [...this.#unsure].filter((number) => !this.#placeholders.has(number)).sort((a, b) => a - b);
    return { lines: this.#lost, trials, unsure };
  }

  /** Lines are lost here: they may have been about any trial that has not ended. */
  #miss(lines: number): void {
    this.#lost += lines;
    for (const number of this.state.unfinished) this.#unsure.add(number);
  }

  /**
   * @param seq of the event that needs so many trials. Each of them took an event of its own before, and most of those
   * should still be there: a number beyond is damage itself.
   */
  #fillTo(size: number, seq: number): void {
    const missing = size - this.state.size;
    if (missing <= 0) return;
    if (size - this.#size > Math.min(seq - this.#revision, this.#lines + LOST_LINES))
      throw new MlbenchError("invalid-event", `there cannot be ${size} trials yet`);
    const { header, trials, annotations, revision } = this.state;
    const blank = Array.from({ length: missing }, (_, i) => blankTrial(trials.length + i));
    for (const { number } of blank) this.#placeholders.add(number);
    this.state = createStudyState(header, [...trials, ...blank], { annotations, revision });
  }

  #start(event: Extract<StudyEvent, { number: number }>): void {
    if (!needsRunning(event) || this.state.trial(event.number)?.state !== "waiting") return;
    const { number } = event;
    const started_at = "finished_at" in event ? event.finished_at : new Date(0).toISOString();
    const start = { type: "trial-started", number, started_at, owner: "lost", slot: null, backend: null } as const;
    this.state = applyEvent(this.state, start);
    this.#unsure.add(number);
  }

  /** A trial without its parameters is no candidate for the best, and tells a sampler nothing. */
  #placeholderSafe(event: StudyEvent): StudyEvent {
    if (event.type !== "trial-finished" || !this.#placeholders.has(event.number)) return event;
    const values = event.values === null ? "" : ` with ${event.values.join(", ")}`;
    const ended = `the line that made it, and with it its parameters, was lost to damage of the study's files; it had ended as ${event.state}${values}`;
    return { ...failedEvent(event.number, event.finished_at, ended), metrics: event.metrics, seconds: event.seconds };
  }
}

/** Whether an event can only happen to a running trial; a waiting one may fail, and anything may be said about it. */
function needsRunning(event: StudyEvent): boolean {
  if (event.type === "trial-finished") return event.state !== "failed";
  return event.type === "trial-report" || event.type === "trial-param" || event.type === "trial-constraint";
}

type Finished = Extract<StudyEvent, { type: "trial-finished" }>;

function failedEvent(number: number, at: string, message: string): Finished {
  return {
    ...{ type: "trial-finished", number, state: "failed", values: null, metrics: {}, finished_at: at, seconds: null },
    ...{ backend: null, failure: { class: "interrupted", message, where: "storage" }, prune_reason: null },
  };
}

/** A record that stands in the place of one that is lost. */
export function lostTrial(number: number, finish_index: number): Trial {
  const failure = { class: "interrupted", message: LOST, where: "storage" } as const;
  return blankTrial(number, { state: "failed", failure, finish_index, finished_at: new Date().toISOString() });
}
