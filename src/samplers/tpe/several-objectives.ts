/** The default preset's rule where one value does not order the trials: several objectives, or missed constraints. */
import { isFeasible, valueOf, violationOf } from "../../core/index.js";
import type { Direction } from "../../core/index.js";
import type { GoodAndRest } from "./adaptive-rule.js";
import type { Observation } from "./encoding.js";
import { FrontProgress } from "./front-progress.js";
import { splitByDominance } from "./pareto-split.js";
import type { Observations } from "./split.js";
import { splitTrials } from "./split.js";

/**
 * One objective: infeasible trials are ranked behind every feasible one, by how far they miss their constraints, as if
 * that were their value; everything else stays as it is.
 */
export function judgeConstrained(observations: Observations, direction: Direction, nBelow: number): GoodAndRest {
  const { complete } = observations;
  const sign = direction === "minimize" ? 1 : -1;
  const worst = complete.reduce((most, { trial }) => {
    const loss = sign * (valueOf(trial) as number);
    return isFeasible(trial) && Number.isFinite(loss) ? Math.max(most, loss) : most;
  }, 0);
  const made = new Map(
    complete.map((o) => {
      const violation = violationOf(o.trial);
      return [o, violation > 0 ? withValue(o, sign * (worst + 1 + violation)) : o];
    }),
  );
  const ranked = { ...observations, all: observations.all.map((o) => made.get(o) ?? o), complete: [...made.values()] };
  return { direction, observations: ranked, split: splitTrials(ranked, direction, nBelow) };
}

/**
 * Several objectives: the good trials are the best ranks of dominance, in the last of them those that together have
 * much hypervolume, and count alike. A trial is a success where it changes the front. Pruned trials have reached no
 * values and are among the others.
 * @param progress what is kept from ask to ask. @default nothing
 */
export function judgeSeveral(
  observations: Observations,
  directions: readonly Direction[],
  nBelow: number,
  progress = new FrontProgress(),
): GoodAndRest {
  const split = splitByDominance({ ...observations, pruned: [] }, directions, nBelow);
  const complete = progress.of(observations.complete, directions);
  return { direction: "minimize", observations: { ...observations, complete }, split, several: true };
}

function withValue(observation: Observation, value: number): Observation {
  return { ...observation, trial: { ...observation.trial, value, values: [value] } };
}
