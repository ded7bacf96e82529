/** Failed trials that a call of `optimize` repeats under new numbers. */
import { isBanned, isFinished } from "../core/index.js";
import type { Trial } from "../core/index.js";
import type { StudyLog } from "./study-log.js";
import type { TrialDispatcher } from "./trial-dispatcher.js";

/** Queues repeats as often as the call allows, and tells them from those that others have asked for. */
export class OwnRetries {
  readonly #log: StudyLog;
  readonly #dispatcher: TrialDispatcher;
  readonly #most: number;
  readonly #numbers = new Set<number>();

  /** @param most how often one trial's parameters are repeated */
  constructor(log: StudyLog, dispatcher: TrialDispatcher, most: number) {
    this.#log = log;
    this.#dispatcher = dispatcher;
    this.#most = most;
  }

  /**
   * Takes those that wait, or are out, from an earlier call: it ended before they were done, and its goal was not met while
   * they were to come.
   */
  takeOver(): void {
    const { state } = this.#log;
    if (this.#most === 0) return;
    for (const number of state.unfinished) {
      const trial = state.trial(number) as Trial;
      // One that is out for as long as its holder likes is not waited for.
      if (trial.retry_of !== null && (trial.state === "waiting" || trial.lease)) this.#numbers.add(number);
    }
  }

  has({ number, retry_of }: Trial): boolean {
    return retry_of !== null && this.#numbers.has(number);
  }

  /** Whether one of them may be started now. */
  get waiting(): boolean {
    return this.#numbers.size > 0 && this.#dispatcher.hasWaiting((trial) => this.has(trial));
  }

  /** Whether one of them has not come to its end: it may be out with somebody, and fail and be repeated again. */
  get unfinished(): boolean {
    const { state } = this.#log;
    return [...this.#numbers].some((number) => {
      const trial = state.trial(number);
      return trial !== undefined && !isFinished(trial) && !isBanned(state.annotations, number);
    });
  }

  /** Queues a failed trial's parameters once more; resolves when that is durable. Null where they are not repeated. */
  repeat(failed: Trial): Promise<void> | null {
    if (failed.state !== "failed") return null;
    let repeats = 0;
    for (let t: Trial | undefined = failed; t && t.retry_of !== null; t = this.#log.state.trial(t.retry_of))
      repeats += 1;
    if (repeats >= this.#most) return null;
    return this.#dispatcher.retry(failed).then(({ number, durable }) => {
      this.#numbers.add(number);
      return durable;
    });
  }
}
