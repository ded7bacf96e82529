/** What the trials of one run of `study` come to. */
import { median } from "./mann-whitney.mjs";

/** Of the trials that have a value: an ODE that cannot be solved has none. */
export const medianValue = ({ trials }) => median(trials.map(({ value }) => value).filter(Number.isFinite));

/** The best value so far at each end of a trial: [seconds, value]. */
export function bestSoFar({ ms, trials }) {
  const ended = trials
    .map(({ state, value }, i) => ({ at: ms.trials[i] / 1000, value: state === "complete" ? value : Infinity }))
    .sort((a, b) => a.at - b.at);
  let best = Infinity;
  return ended.flatMap(({ at, value }) => (value < best ? [[at, (best = value)]] : []));
}

/** Seconds until a run's best value is at most the target; Infinity where it never is. */
export const secondsTo = (run, target) => bestSoFar(run).find(([, value]) => value <= target)?.[0] ?? Infinity;
/** Of an even number of seeds the earlier of the two in the middle: as many seeds as half of them got there. */
export const lowerMedian = (values) => [...values].sort((a, b) => a - b)[Math.ceil(values.length / 2) - 1];
