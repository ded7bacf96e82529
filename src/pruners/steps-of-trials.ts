/** How many steps the trials of a study take, as far as it shows. */
import type { History, Trial } from "../core/index.js";
import { FollowedHistory } from "./followed-history.js";

/**
 * How many steps the complete trials of a history take. Fixed, as Optuna fixes it, by the first report for which a trial
 * was complete: later trials change nothing.
 */
export class StepsOfTrials extends FollowedHistory {
  #trials: Trial[] = [];
  #complete: { finished: number; last: number }[] = [];
  #first = Infinity;
  /** How many trials were finished for the first report after the first complete trial, of those of finished trials. */
  #seen = Infinity;
  #known: { seen: number; last: number } | null = null;

  /**
   * The largest last step of the trials that were complete when a report came for which there was one; null before.
   * @param trial the one that is judged
   */
  lastStep(trial: Trial, { running = [] }: History): number | null {
    if (this.#complete.length === 0) return null;
    let seen = this.#seen;
    if (seen > this.#first + 1) for (const other of [trial, ...running]) seen = Math.min(seen, this.#firstAfter(other));
    if (this.#known?.seen !== seen) {
      let last = -Infinity;
      for (const of of this.#complete) if (of.finished < seen) last = Math.max(last, of.last);
      this.#known = { seen, last };
    }
    return this.#known.last;
  }

  /** Whether records tell what {@link StepsOfTrials.startOf} asks for: shown by the trial that is judged. */
  tellsStartOf({ seen }: Trial): boolean {
    return (seen.at(-1) ?? 0) > this.#first;
  }

  /** The first report of a trial that came when a trial was complete. */
  startOf(trial: Trial): number {
    const start = trial.seen.findIndex((finished) => finished > this.#first);
    return start < 0 ? trial.intermediate.length : start;
  }

  protected counts(): boolean {
    return true;
  }

  protected clear(): void {
    [this.#trials, this.#complete, this.#first, this.#seen, this.#known] = [[], [], Infinity, Infinity, null];
  }

  protected add(trial: Trial): void {
    this.#trials.push(trial);
    if (trial.state === "complete" && trial.intermediate.length > 0) {
      const finished = trial.finish_index ?? -1;
      const last = trial.intermediate.reduce((most, [step]) => Math.max(most, step), -Infinity);
      this.#complete.push({ finished, last });
      this.#known = null;
      if (finished < this.#first) {
        this.#first = finished;
        this.#seen = Math.min(Infinity, ...this.#trials.map((other) => this.#firstAfter(other)));
      }
    }
    // Settled by a report right after the first complete trial: no other one can have seen less.
    if (this.#seen > this.#first + 1) this.#seen = Math.min(this.#seen, this.#firstAfter(trial));
  }

  #firstAfter({ seen }: Trial): number {
    return seen.find((finished) => finished > this.#first) ?? Infinity;
  }
}
