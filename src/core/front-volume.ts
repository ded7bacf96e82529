/** The hypervolume of a study's front, and how it came about trial by trial. */
import { hypervolume, lossesOf, volumeAdded } from "./hypervolume.js";
import type { Losses } from "./hypervolume.js";
import { isFeasible } from "./objectives.js";
import { RunningFront } from "./running-front.js";
import type { Direction, Trial } from "./trial.js";

/** A hypervolume, with the reference point without which it says nothing. */
export interface FrontVolume {
  readonly value: number;
  /** One an objective, in its units. */
  readonly reference: readonly number[];
}

/** How far behind the worst of the front the reference point lies, as a share of the range. */
const MARGIN = 0.1;

/** The complete feasible trials in the order of finishing. */
function inOrderOfFinishing(trials: Iterable<Trial>): Trial[] {
  const counted = [...trials].filter(
    (trial) => trial.state === "complete" && trial.values !== null && isFeasible(trial),
  );
  return counted.sort((a, b) => (a.finish_index ?? a.number) - (b.finish_index ?? b.number));
}

/**
 * The reference point of a study that names none: in each objective the worst value of the trials that were in the
 * front when they finished, and a tenth of their range beyond. A trial far off, which came when there were better ones,
 * does not move it.
 * @returns null where no feasible trial is complete with finite values.
 * @example
 * const study = await createStudy({ storage: "memory", directions: ["minimize", "maximize"], space: { x: float(0, 1) } });
 * referencePoint(study.trials, study.directions); // [0.11, 52000]
 */
export function referencePoint(trials: Iterable<Trial>, directions: readonly Direction[]): readonly number[] | null {
  const front = new RunningFront(directions);
  const joined = inOrderOfFinishing(trials).filter(
    (trial) => (trial.values as readonly number[]).every(Number.isFinite) && front.take(trial),
  );
  if (joined.length === 0) return null;
  return directions.map((direction, i) => {
    const values = joined.map((trial) => trial.values?.[i] as number);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const margin = MARGIN * (high - low || Math.abs(high) || 1);
    return direction === "minimize" ? high + margin : low - margin;
  });
}

/**
 * The hypervolume of what was found so far, after each trial that finished from the first complete feasible one on:
 * `[trials finished, hypervolume]`. It never falls.
 * @param reference one an objective. @default {@link referencePoint}, of all the trials
 * @throws UsageError `invalid-reference` for one that doesn't fit the objectives.
 * @example
 * const study = await createStudy({ storage: "memory", directions: ["minimize", "maximize"], space: { x: float(0, 1) } });
 * hypervolumeHistory(study.trials, study.directions).at(-1); // [100, 0.87]
 */
export function hypervolumeHistory(
  trials: Iterable<Trial>,
  directions: readonly Direction[],
  reference: readonly number[] | null = referencePoint(trials, directions),
): [finished: number, hypervolume: number][] {
  if (reference === null) return [];
  // Refuses what doesn't fit.
  let volume = hypervolume([], reference, directions);
  const limit = lossesOf(reference, directions);
  const front = new RunningFront(directions);
  return inOrderOfFinishing(trials).map((trial) => {
    const point: Losses = lossesOf(trial.values as readonly number[], directions);
    const before = front.values;
    if (front.take(trial))
      volume += volumeAdded(
        point,
        before.map((values) => lossesOf(values, directions)),
        limit,
      );
    return [(trial.finish_index ?? trial.number) + 1, volume];
  });
}

/**
 * The hypervolume of the complete feasible trials; null where there is none, or nothing finite to refer to.
 * @example
 * const study = await createStudy({ storage: "memory", directions: ["minimize", "maximize"], space: { x: float(0, 1) } });
 * frontVolume(study.trials, study.directions, [0.1, 50000])?.value; // 1234.5
 */
export function frontVolume(
  trials: Iterable<Trial>,
  directions: readonly Direction[],
  reference: readonly number[] | null = referencePoint(trials, directions),
): FrontVolume | null {
  const counted = inOrderOfFinishing(trials);
  if (reference === null || counted.length === 0) return null;
  const points = counted.map(({ values }) => values as readonly number[]);
  return { value: hypervolume(points, reference, directions), reference };
}
