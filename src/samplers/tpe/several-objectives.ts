/** The default preset's rule where one value does not order the trials: several objectives, or missed constraints. */
import { isFeasible, RunningFront, valueOf, violationOf } from "../../core/index.js";
import type { Direction } from "../../core/index.js";
import type { GoodAndRest } from "./adaptive-rule.js";
import type { Observation } from "./encoding.js";
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
 */
export function judgeSeveral(
  observations: Observations,
  directions: readonly Direction[],
  nBelow: number,
): GoodAndRest {
  const split = splitByDominance({ ...observations, pruned: [] }, directions, nBelow);
  const complete = withProgress(observations.complete, directions);
  return { direction: "minimize", observations: { ...observations, complete }, split, several: true };
}

/**
 * The trials with a value that is a new lowest one where they change the front, or come nearer to being feasible than
 * any before while none is: what the step's rule takes for a success.
 */
function withProgress(complete: readonly Observation[], directions: readonly Direction[]): Observation[] {
  const front = new RunningFront(directions);
  let [lowest, least] = [0, Infinity];
  return complete.map((o) => {
    const violation = violationOf(o.trial);
    const isNearer = front.values.length === 0 && violation < least;
    if (isNearer) least = violation;
    const succeeds = violation > 0 ? isNearer : front.take(o.trial);
    return withValue(o, succeeds ? --lowest : Infinity);
  });
}

function withValue(observation: Observation, value: number): Observation {
  return { ...observation, trial: { ...observation.trial, value, values: [value] } };
}
