/** The rules that end a call of `optimize` before its goal, and the exit status of a call. */
import type { Direction, StoppedBy, StudyHeader, Trial } from "../core/index.js";
import { directionsOf, isBetter, RunningFront, UsageError } from "../core/index.js";
import type { CallOptions, ResolvedOptions } from "./optimize-options.js";

/** @throws UsageError `several-objectives` for a target where no single value could meet it. */
export function checkTarget({ target }: Pick<CallOptions, "target">, { name, objectives }: StudyHeader): void {
  if (target === undefined || objectives.length === 1) return;
  const metrics = objectives.map(({ metric }) => metric).join(", ");
  throw new UsageError(
    "several-objectives",
    `target ${target} needs one objective; study "${name}" has ${objectives.length} (${metrics}): use trials, timeout or patience`,
  );
}

/** Failures in a row that end a call unless it says otherwise: before anything was achieved, and after. */
const FIRST_FAILURES = 5;
const MOST_FAILURES = 20;

/** Watches the finished trials of one call for a reason to stop. */
export class StopRules {
  readonly #options: ResolvedOptions;
  readonly #direction: Direction;
  readonly #front: RunningFront;
  /** Whether any trial of the study was completed or pruned. */
  #achieved: boolean;
  #sinceChange = 0;
  #failuresInRow = 0;

  /**
   * @param trials what was finished before the call, or the best or the front of it.
   * @param achieved whether any trial before the call was completed or pruned
   */
  constructor(
    options: ResolvedOptions,
    header: Pick<StudyHeader, "objectives">,
    trials: readonly Trial[] = [],
    achieved = trials.length > 0,
  ) {
    this.#options = options;
    this.#achieved = achieved;
    const directions = directionsOf(header);
    this.#direction = directions[0] as Direction;
    this.#front = new RunningFront(directions, trials);
  }

  /**
   * Takes in a finished trial; says which rule it meets. Repeats of failed trials improve the best, or change the front,
   * but do not count; banned trials count and change nothing.
   */
  after(trial: Trial, banned = false): StoppedBy | null {
    const counts = trial.retry_of === null;
    if (!banned && this.#front.take(trial)) this.#sinceChange = 0;
    else if (counts) this.#sinceChange += 1;
    if (trial.state !== "failed") {
      this.#failuresInRow = 0;
      this.#achieved = true;
    } else if (counts) this.#failuresInRow += 1;

    const { target, patience } = this.#options;
    const maxFailures = this.#options.maxFailures ?? (this.#achieved ? MOST_FAILURES : FIRST_FAILURES);
    const { best } = this.#front;
    if (target !== null && best !== null && !isBetter(target, best, this.#direction)) return "target";
    if (maxFailures > 0 && this.#failuresInRow >= maxFailures) return "max-failures";
    if (patience !== null && this.#sinceChange >= patience) return "patience";
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
