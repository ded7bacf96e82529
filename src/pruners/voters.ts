/** The reports of complete trials by step, followed from history to history. */
import type { Trial } from "../core/index.js";
import { FollowedHistory } from "./followed-history.js";
import { SortedValues } from "./sorted-values.js";
import type { Ranked } from "./sorted-values.js";

/** The values that complete trials reported at one step. */
export interface StepValues {
  /** Ascending, without NaN. */
  readonly sorted: Ranked;
  /** Number of trials that reported anything, NaN included. */
  readonly reported: number;
}

const nothing: StepValues = { sorted: [], reported: 0 };

interface Bucket {
  reported: number;
  /** As reported, until somebody asks for the step. */
  values: number[];
  sorted: SortedValues | null;
}

/** Whether no step occurs twice because each is above the one before. */
function isAscending({ intermediate }: Trial): boolean {
  let previous = -Infinity;
  for (const [step] of intermediate) {
    if (!(step > previous)) return false;
    previous = step;
  }
  return true;
}

/** A step reported twice keeps its first value, as Optuna's `report` does. */
function firstByStep({ intermediate }: Trial): Map<number, number> {
  return new Map([...intermediate].reverse());
}

/** The reports of the complete trials of a history, by step. */
export class VoterIndex extends FollowedHistory {
  #steps = new Map<number, Bucket>();
  #complete = 0;

  /** Number of complete trials in the history followed last. */
  get complete(): number {
    return this.#complete;
  }

  /** The values that the complete trials reported at a step. */
  at(step: number): StepValues {
    const bucket = this.#steps.get(step);
    if (!bucket) return nothing;
    if (!bucket.sorted) {
      bucket.sorted = new SortedValues(bucket.values);
      bucket.values = [];
    }
    return { sorted: bucket.sorted, reported: bucket.reported };
  }

  protected counts(trial: Trial): boolean {
    return trial.state === "complete";
  }

  protected clear(): void {
    this.#steps = new Map();
    this.#complete = 0;
  }

  protected add(trial: Trial): void {
    this.#complete++;
    const reports = isAscending(trial) ? trial.intermediate : firstByStep(trial);
    for (const [step, value] of reports) {
      let bucket = this.#steps.get(step);
      if (!bucket) this.#steps.set(step, (bucket = { reported: 0, values: [], sorted: null }));
      bucket.reported++;
      if (Number.isNaN(value)) continue;
      // a step that nobody has asked for stays unsorted: loading 10,000 trials sorts each step once, not 10,000 times
      if (bucket.sorted) bucket.sorted.add(value);
      else bucket.values.push(value);
    }
  }
}
