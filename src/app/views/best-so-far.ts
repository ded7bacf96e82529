/** How the best value of a study has come about. */
import { isBetter, isFeasible, valueOf } from "../../core/index.js";
import type { Direction, Trial } from "../../core/index.js";

/** The best feasible value so far after each complete trial, in the order of finishing: `[trials finished, value]`. */
export function bestSoFar(trials: readonly Trial[], direction: Direction): [number, number][] {
  const finished = trials.filter((t) => t.finish_index !== null);
  finished.sort((a, b) => (a.finish_index as number) - (b.finish_index as number));
  const points: [number, number][] = [];
  let best: number | null = null;
  for (const trial of finished) {
    const value = valueOf(trial);
    const counts = trial.state === "complete" && isFeasible(trial);
    if (counts && value !== null && (best === null || isBetter(value, best, direction))) best = value;
    if (best !== null) points.push([(trial.finish_index as number) + 1, best]);
  }
  return points;
}
