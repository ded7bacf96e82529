/** What a search has won for the time that it spent. */
import { bestSoFar, directionsOf, hypervolumeHistory, isFinished, valueOf } from "../core/index.js";
import type { Direction, StudyHeader, Trial } from "../core/index.js";

/** What a search has won by the time it spent. */
export interface BestPerMinute {
  /** `gain / minutes`. */
  readonly value: number;
  /**
   * By how much the best value is better than that of the first complete feasible trial with a finite one (in a study
   * over a model, of the defaults); with several objectives by how much the hypervolume has grown since. At least 0.
   */
  readonly gain: number;
  /** The time in trials, of all that finished no later than the best one; with several objectives than the front's last change. */
  readonly minutes: number;
}

/** How good the search is so far, rising, after each finished trial that counts: `[trials finished, so good]`. */
function progressOf(
  trials: readonly Trial[],
  directions: readonly Direction[],
  reference: readonly number[] | null | undefined,
): readonly (readonly [number, number])[] {
  if (directions.length > 1) return hypervolumeHistory(trials, directions, reference);
  const [direction] = directions as readonly [Direction];
  const finite = trials.filter((trial) => trial.state !== "complete" || Number.isFinite(valueOf(trial)));
  const sign = direction === "minimize" ? -1 : 1;
  return bestSoFar(finite, direction).map(([finished, value]) => [finished, sign * value] as const);
}

/**
 * What the search has won by the time it spent; see {@link BestPerMinute}.
 * @param trials those that count in comparisons
 */
export function bestPerMinute(
  header: Pick<StudyHeader, "objectives">,
  trials: readonly Trial[],
  reference?: readonly number[] | null,
): BestPerMinute | null {
  const progress = progressOf(trials, directionsOf(header), reference);
  const [first, last] = [progress[0], progress.at(-1)];
  if (!first || !last) return null;
  const reached = progress.find(([, value]) => value === last[1]) as readonly [number, number];
  const spent = trials.filter((trial) => isFinished(trial) && (trial.finish_index as number) < reached[0]);
  const minutes = spent.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0) / 60;
  if (minutes === 0) return null;
  const gain = last[1] - first[1];
  return { value: gain / minutes, gain, minutes };
}
