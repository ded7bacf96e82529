import type { Direction, StoppedBy, Trial } from "../core/index.js";
import { isBetter, isFeasible, valueOf } from "../core/index.js";
import type { ResolvedOptions } from "./optimize-options.js";

/** Watches the finished trials of one call for a reason to stop. */
export class StopRules {
  readonly #options: ResolvedOptions;
  readonly #direction: Direction;
  #best: number | null;
  #sinceBest = 0;
  #failuresInRow = 0;

  /** @param best the study's best value before the call. */
  constructor(options: ResolvedOptions, direction: Direction, best: number | null) {
    this.#options = options;
    this.#direction = direction;
    this.#best = best;
  }

  /** Takes in a finished trial; says which rule it meets. Repeats of failed trials improve the best but do not count. */
  after(trial: Trial): StoppedBy | null {
    const counts = trial.retry_of === null;
    const improved =
      trial.state === "complete" &&
      isFeasible(trial) &&
      (this.#best === null || isBetter(valueOf(trial) as number, this.#best, this.#direction));
    if (improved) this.#best = valueOf(trial);
    if (improved) this.#sinceBest = 0;
    else if (counts) this.#sinceBest += 1;
    if (trial.state !== "failed") this.#failuresInRow = 0;
    else if (counts) this.#failuresInRow += 1;

    const { target, patience, maxFailures } = this.#options;
    if (target !== null && this.#best !== null && !isBetter(target, this.#best, this.#direction)) return "target";
    if (maxFailures > 0 && this.#failuresInRow >= maxFailures) return "max-failures";
    if (patience !== null && this.#sinceBest >= patience) return "patience";
    return null;
  }
}

/** The exit status of a call: `added` is what its trials came to. */
export function exitCodeOf(stoppedBy: StoppedBy, added: readonly Trial[], everAchieved: boolean): 0 | 1 | 130 {
  if (stoppedBy === "interrupt") return 130;
  if (stoppedBy === "max-failures") return 1;
  const achieved = added.some((trial) => trial.state !== "failed") || (added.length === 0 && everAchieved);
  return achieved ? 0 : 1;
}
