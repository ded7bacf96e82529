/** The latest events of a study that lives in memory, and those who follow them. */
import type { MlbenchError, StudyEvent, StudyState } from "../core/index.js";
import type { StudyChange } from "./storage.js";

/** How many events are kept at least: whoever falls further behind gets the state instead. */
const KEPT = 4096;

export class EventFeed {
  /** The last of them has the number `#revision`. */
  #events: StudyEvent[] = [];
  #revision: number;
  #ended: MlbenchError | null = null;
  readonly #waiting = new Set<() => void>();

  constructor(revision: number) {
    this.#revision = revision;
  }

  push(events: readonly StudyEvent[]): void {
    this.#events.push(...events);
    this.#revision += events.length;
    if (this.#events.length > 2 * KEPT) this.#events = this.#events.slice(-KEPT);
    this.#wake();
  }

  /** Followers get what they have not seen, and then this. */
  end(error: MlbenchError): void {
    this.#ended = error;
    this.#wake();
  }

  /** @param stateNow gives the state as of the last event pushed. */
  async *follow(from: number, stateNow: () => StudyState, signal?: AbortSignal): AsyncGenerator<StudyChange> {
    let revision = from;
    while (!signal?.aborted) {
      const missing = this.#revision - revision;
      if (missing < 0 || missing > this.#events.length) {
        const state = stateNow();
        revision = state.revision;
        yield { reset: true, revision, state };
      } else if (missing > 0) {
        revision += 1;
        yield { revision, event: this.#events.at(-missing) as StudyEvent };
      } else if (this.#ended) throw this.#ended;
      else await this.#change(signal);
    }
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      this.#waiting.add(done);
      signal?.addEventListener("abort", done);
    });
  }

  #wake(): void {
    for (const resume of [...this.#waiting]) resume();
  }
}
