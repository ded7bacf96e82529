/** What trials had reached at a step: pruned ones are compared with others where both have been. */
import { valueOf } from "../../core/index.js";
import type { Direction, Trial } from "../../core/index.js";

/** A trial's reports by step, with the best of each and all before it; lower is better. */
interface Course {
  readonly sign: number;
  readonly steps: Float64Array;
  readonly best: Float64Array;
}

/** What makes the lower value the better one. */
export const signOf = (direction: Direction): number => (direction === "minimize" ? 1 : -1);

/** The values of complete trials, lower being better. */
export function lossesOf(complete: readonly { readonly trial: Trial }[], direction: Direction): Float64Array {
  const sign = signOf(direction);
  const losses = new Float64Array(complete.length);
  for (let i = 0; i < losses.length; i++) {
    const { trial } = complete[i] as { readonly trial: Trial };
    losses[i] = sign * (typeof trial.value === "number" ? trial.value : (valueOf(trial) as number));
  }
  return losses;
}

/** Kept for finished records, which never change. */
const courses = new WeakMap<Trial, Course>();

function courseOf(trial: Trial, sign: number): Course {
  const known = courses.get(trial);
  if (known?.sign === sign) return known;
  const reports = [...trial.intermediate].sort(([a], [b]) => a - b);
  let best = Infinity;
  const course = {
    sign,
    steps: Float64Array.from(reports, ([step]) => step),
    // NaN is behind everything
    best: Float64Array.from(reports, ([, value]) => (sign * value < best ? (best = sign * value) : best)),
  };
  if (Object.isFrozen(trial)) courses.set(trial, course);
  return course;
}

/** The last step that a trial has a report of, -Infinity without any. Complete trials have reached every step. */
export function reachOf(trial: Trial, direction: Direction): number {
  if (trial.state === "complete") return Infinity;
  return courseOf(trial, signOf(direction)).steps.at(-1) ?? -Infinity;
}

/**
 * The best that a trial had reported up to a step, times the direction's sign: lower is better.
 * @returns a complete trial's value where it has no report by then, Infinity where another has none
 */
export function standingAt(trial: Trial, step: number, direction: Direction): number {
  const sign = signOf(direction);
  const { steps, best } = courseOf(trial, sign);
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] as number) <= step) low = middle + 1;
    else high = middle;
  }
  if (low > 0) return best[low - 1] as number;
  return trial.state === "complete" ? sign * (valueOf(trial) as number) : Infinity;
}
