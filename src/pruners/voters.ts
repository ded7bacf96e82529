/** The reports of complete trials by step, followed from history to history. */
import { isFinished, onlyGrows } from "../core/index.js";
import type { Trial } from "../core/index.js";
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

/**
 * The reports of the complete trials of a history, by step. Finished records are frozen and stay the same objects in
 * every later history, so that following one costs a comparison of references a trial: only trials that finished since
 * the last look are read. A history that lacks one seen before (another study, an earlier moment) is read anew.
 */
export class VoterIndex {
  /** The list of the last look, where it only grows. */
  #list: readonly Trial[] | null = null;
  /** The finished records of the last look by position; null where the record was under way. */
  #seen: (Trial | null)[] = [];
  #steps = new Map<number, Bucket>();
  #complete = 0;

  /** Number of complete trials in the history followed last. */
  get complete(): number {
    return this.#complete;
  }

  /** Brings the index up to a history. */
  follow(trials: readonly Trial[]): void {
    // Asked at each report: of a list that only grows what was read already is not looked at again.
    if (!this.#extend(trials, trials === this.#list ? this.#seen.length : 0)) {
      this.#seen = [];
      this.#steps = new Map();
      this.#complete = 0;
      this.#extend(trials, 0);
    }
    this.#list = onlyGrows(trials) ? trials : null;
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

  /** Takes in what is new; false when a trial counted before is not there any more. */
  #extend(trials: readonly Trial[], from: number): boolean {
    const seen = this.#seen;
    for (let i = trials.length; i < seen.length; i++) if (seen[i]?.state === "complete") return false;
    seen.length = Math.min(seen.length, trials.length);
    for (let i = from; i < trials.length; i++) {
      const trial = trials[i] as Trial;
      const known = seen[i];
      if (known === trial) continue;
      if (known?.state === "complete") return false;
      seen[i] = isFinished(trial) ? trial : null;
      if (trial.state === "complete") this.#add(trial);
    }
    return true;
  }

  #add(trial: Trial): void {
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
