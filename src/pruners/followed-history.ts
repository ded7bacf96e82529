/** A history's finished trials, each read once while histories follow one another. */
import { isFinished, onlyGrows } from "../core/index.js";
import type { Trial } from "../core/index.js";

/**
 * What is made of finished trials, followed from history to history. Finished records are frozen and stay the same
 * objects in every later history, so that following one costs a comparison of references a trial: only trials that
 * finished since the last look are read. A history that lacks one that counted before (another study, an earlier moment)
 * is read anew.
 */
export abstract class FollowedHistory {
  /** The list of the last look, where it only grows. */
  #list: readonly Trial[] | null = null;
  /** The finished records of the last look by position; null where the record was under way. */
  #seen: (Trial | null)[] = [];

  /** Whether a finished trial counts; others are passed over. */
  protected abstract counts(trial: Trial): boolean;
  /** Takes in a finished trial that counts. */
  protected abstract add(trial: Trial): void;
  /** Forgets everything. */
  protected abstract clear(): void;

  /** Brings what is known up to a history. */
  follow(trials: readonly Trial[]): void {
    // Asked at each report: of a list that only grows what was read already is not looked at again.
    if (!this.#extend(trials, trials === this.#list ? this.#seen.length : 0)) {
      this.#seen = [];
      this.clear();
      this.#extend(trials, 0);
    }
    this.#list = onlyGrows(trials) ? trials : null;
  }

  #counted(trial: Trial | null | undefined): boolean {
    return trial ? this.counts(trial) : false;
  }

  /** Takes in what is new; false when a trial counted before is not there any more. */
  #extend(trials: readonly Trial[], from: number): boolean {
    const seen = this.#seen;
    for (let i = trials.length; i < seen.length; i++) if (this.#counted(seen[i])) return false;
    seen.length = Math.min(seen.length, trials.length);
    for (let i = from; i < trials.length; i++) {
      const trial = trials[i] as Trial;
      const known = seen[i];
      if (known === trial) continue;
      if (this.#counted(known)) return false;
      seen[i] = isFinished(trial) ? trial : null;
      if (isFinished(trial) && this.counts(trial)) this.add(trial);
    }
    return true;
  }
}
