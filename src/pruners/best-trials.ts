/** The best complete trials of a history by what they reported, followed from history to history. */
import { isFeasible } from "../core/index.js";
import type { Direction, Trial } from "../core/index.js";
import { FollowedHistory } from "./followed-history.js";
import { digestOf } from "./report-digest.js";

/** A complete trial and its best report, lower being better. */
export interface Ended {
  readonly trial: Trial;
  readonly loss: number;
}

/** What makes lower the better one. */
export const signOf = (direction: Direction): number => (direction === "minimize" ? 1 : -1);

/** Complete, feasible trials with a report that is a number: how many, the best of them, and how far they came. */
export class BestTrials extends FollowedHistory {
  readonly direction: Direction;
  readonly #most: number;
  #best: Ended[] = [];
  #count = 0;
  #lastStep = -Infinity;

  /** @param most how many are kept in order */
  constructor(direction: Direction, most: number) {
    super();
    this.direction = direction;
    this.#most = most;
  }

  /** By rising loss, of equal ones the earlier trial first; at most so many as are kept. */
  get best(): readonly Ended[] {
    return this.#best;
  }

  /** How many there are, the kept ones and the others. */
  get count(): number {
    return this.#count;
  }

  /** The largest step that one of them has reported. */
  get lastStep(): number {
    return this.#lastStep;
  }

  protected counts(trial: Trial): boolean {
    return trial.state === "complete" && isFeasible(trial);
  }

  protected clear(): void {
    [this.#best, this.#count, this.#lastStep] = [[], 0, -Infinity];
  }

  protected add(trial: Trial): void {
    const reports = digestOf(trial);
    const loss = signOf(this.direction) * reports.best(this.direction);
    if (Number.isNaN(loss)) return;
    this.#count++;
    this.#lastStep = Math.max(this.#lastStep, reports.last as number);
    const isBehind = (other: Ended): boolean =>
      other.loss > loss || (other.loss === loss && other.trial.number > trial.number);
    const place = this.#best.findIndex(isBehind);
    if (place < 0 && this.#best.length >= this.#most) return;
    this.#best.splice(place < 0 ? this.#best.length : place, 0, { trial, loss });
    this.#best.length = Math.min(this.#best.length, this.#most);
  }
}
