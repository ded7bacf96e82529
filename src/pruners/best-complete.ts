/** The best complete trial of a history, followed from history to history. */
import { isBetter, isFeasible, valueOf } from "../core/index.js";
import type { Direction, Trial } from "../core/index.js";
import { FollowedHistory } from "./followed-history.js";
import { digestOf } from "./report-digest.js";

/** The best complete feasible trial of a history; of equal ones the first to finish. */
export class BestComplete extends FollowedHistory {
  readonly #direction: Direction;
  readonly #byReports: boolean;
  #best: Trial | null = null;
  #value = NaN;

  /** @param byReports compare trials by their best reports instead of their values */
  constructor(direction: Direction, byReports: boolean) {
    super();
    this.#direction = direction;
    this.#byReports = byReports;
  }

  get trial(): Trial | null {
    return this.#best;
  }

  is(direction: Direction, byReports: boolean): boolean {
    return direction === this.#direction && byReports === this.#byReports;
  }

  protected counts(trial: Trial): boolean {
    return trial.state === "complete" && isFeasible(trial);
  }

  protected clear(): void {
    [this.#best, this.#value] = [null, NaN];
  }

  protected add(trial: Trial): void {
    const value = this.#byReports ? digestOf(trial).best(this.#direction) : (valueOf(trial) ?? NaN);
    const best = this.#best;
    const first = best && value === this.#value && (trial.finish_index ?? Infinity) < (best.finish_index ?? Infinity);
    if (first !== true && !isBetter(value, this.#value, this.#direction)) return;
    [this.#best, this.#value] = [trial, value];
  }
}
