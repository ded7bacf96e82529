/** The default preset's division of a history: pruned trials count by what they reached. */
import type { Direction } from "../../core/index.js";
import type { Observation } from "./encoding.js";
import { lossesOf, reachOf, standingAt } from "./reached.js";
import type { Observations, Split } from "./split.js";
import { ascending, lowest, lowestPlaces, rankedSplit } from "./split.js";

/** A comparison needs so many times as many trials as are to be good: at most half of those at a step are. */
const ENOUGH = 2;

/**
 * The `nBelow` best trials against the others. Where twice as many trials are complete they are compared by value. Where
 * not, the model is on the furthest step that twice as many have reached (as BOHB's is on the largest budget; Falkner et
 * al. 2018): complete and pruned trials that reached it are compared by the best they had reported up to it, and stand
 * before those that came less far, the farther first.
 *
 * A pruned trial that is not good is among the others only where it had been worse, at its own last step, than every
 * good trial was there; else it is left out, because a good one looked no better at that time.
 * @param scores what complete trials are compared by, lower being better. @default their values
 */
export function splitByReach(
  observations: Observations,
  direction: Direction,
  nBelow: number,
  scores: ArrayLike<number> = lossesOf(observations.complete, direction),
): Split {
  const { complete, pruned } = observations;
  const ranked =
    pruned.length === 0 || complete.length >= ENOUGH * nBelow
      ? lowestPlaces(scores, nBelow).map((place) => complete[place] as Observation)
      : furthest([...complete, ...pruned], direction, nBelow);
  const split = rankedSplit(observations, ranked);
  if (pruned.length === 0) return split;
  const bars = new Map<number, number>();
  const saysNothing = ({ trial }: Observation): boolean => {
    if (trial.state !== "pruned") return false;
    const step = reachOf(trial, direction);
    let bar = bars.get(step);
    if (bar === undefined) bars.set(step, (bar = worstAt(ranked, step, direction)));
    return standingAt(trial, step, direction) <= bar;
  };
  return { ...split, above: split.above.filter((o) => !saysNothing(o)) };
}

function furthest(trials: readonly Observation[], direction: Direction, nBelow: number): Observation[] {
  const reaches = Float64Array.from(trials, ({ trial }) => reachOf(trial, direction))
    .filter((step) => step > -Infinity)
    .sort();
  const common = reaches[Math.max(0, reaches.length - ENOUGH * nBelow)] ?? -Infinity;
  const places = new Map(
    trials.map((o) => {
      const step = Math.min(common, reachOf(o.trial, direction));
      return [o, { step, standing: standingAt(o.trial, step, direction) }];
    }),
  );
  return lowest(trials, nBelow, (a, b) => {
    const [x, y] = [places.get(a), places.get(b)] as [Place, Place];
    return ascending(y.step, x.step) || ascending(x.standing, y.standing);
  });
}

interface Place {
  readonly step: number;
  readonly standing: number;
}

/** The worst that trials stood at by a step, of those that reached it and report at all. */
function worstAt(trials: readonly Observation[], step: number, direction: Direction): number {
  let worst = -Infinity;
  for (const { trial } of trials)
    if (trial.intermediate.length > 0 && reachOf(trial, direction) >= step)
      worst = Math.max(worst, standingAt(trial, step, direction));
  return worst;
}
