/** The default preset's rule where one value does not order the trials: several objectives, or missed constraints. */
import { isFeasible, valueOf, violationOf } from "../../core/index.js";
import type { Direction } from "../../core/index.js";
import { stepSize } from "./bandwidth.js";
import type { Observation } from "./encoding.js";
import type { Evidence, EvidenceRule } from "./evidence.js";
import { FrontProgress } from "./front-progress.js";
import { splitByDominance } from "./pareto-split.js";
import type { Observations } from "./split.js";
import { finishedOf } from "./split.js";

/** The share of the step that is taken along a front, where most trials change something. */
const ALONG_FRONT = 0.35;

/**
 * One objective: infeasible trials are ranked behind every feasible one, by how far they miss their constraints, as if
 * that were their value; everything else stays as it is.
 */
export function rankedByConstraints(observations: Observations, direction: Direction): Observations {
  const { complete } = observations;
  const sign = direction === "minimize" ? 1 : -1;
  const worst = complete.reduce((most, { trial }) => {
    const loss = sign * (valueOf(trial) as number);
    return isFeasible(trial) && Number.isFinite(loss) ? Math.max(most, loss) : most;
  }, 0);
  return withComplete(observations, (o) => {
    const violation = violationOf(o.trial);
    return violation > 0 ? withValue(o, sign * (worst + 1 + violation)) : o;
  });
}

/**
 * Several objectives: the good trials are the best ranks of dominance, in the last of them those that together have
 * much hypervolume, and count alike. A trial is a success where it changes the front. Pruned trials have reached no
 * values and are among the others.
 * @param progress what is kept from ask to ask. @default nothing
 */
export function weighSeveral(
  observations: Observations,
  directions: readonly Direction[],
  { gamma, nStartupTrials }: EvidenceRule,
  progress = new FrontProgress(),
): Evidence {
  const nBelow = Math.max(0, Math.floor(gamma(finishedOf(observations))));
  const split = splitByDominance({ ...observations, pruned: [] }, directions, nBelow);
  const all = progress.of(observations.complete, directions);
  const step = ALONG_FRONT * stepSize({ all }, "minimize", nStartupTrials);
  return { observations, split, noise: 0, step, several: true };
}

/** Complete trials changed, in both lists. */
function withComplete(observations: Observations, change: (o: Observation) => Observation): Observations {
  const made = new Map(observations.complete.map((o) => [o, change(o)]));
  return { ...observations, all: observations.all.map((o) => made.get(o) ?? o), complete: [...made.values()] };
}

function withValue(observation: Observation, value: number): Observation {
  return { values: observation.values, trial: { ...observation.trial, value, values: [value] } };
}
