/** How the best value of a study has come about. */
import { isFeasible } from "./objectives.js";
import { isBetter, valueOf } from "./trial.js";
import type { Direction, Trial } from "./trial.js";

/**
 * The best feasible value so far after each finished trial from the first complete feasible one on, in the order of
 * finishing: `[trials finished, value]`.
 * @param of what a trial is measured by. @default its first objective
 */
export function bestSoFar(
  trials: readonly Trial[],
  direction: Direction,
  of: (trial: Trial) => number | null = valueOf,
): [number, number][] {
  const finished = trials.filter((t) => t.finish_index !== null);
  finished.sort((a, b) => (a.finish_index as number) - (b.finish_index as number));
  const points: [number, number][] = [];
  let best: number | null = null;
  for (const trial of finished) {
    const value = of(trial);
    const counts = trial.state === "complete" && isFeasible(trial);
    if (counts && value !== null && (best === null || isBetter(value, best, direction))) best = value;
    if (best !== null) points.push([(trial.finish_index as number) + 1, best]);
  }
  return points;
}
