/** What a study has come to: its best trial, its Pareto front, or what comes nearest to being feasible. */
import type { StudyState, Trial } from "../core/index.js";
import {
  comparableTrials,
  directionsOf,
  frontOfStudy,
  leastViolating,
  MlbenchError,
  UsageError,
} from "../core/index.js";
import type { Direction } from "../core/index.js";

/** The trials that a study hands over as its result. */
export interface Winners {
  /** One with one objective, the front by number with several; without a feasible trial the least violating one. */
  readonly trials: readonly Trial[];
  /** False where no complete trial meets every constraint. */
  readonly feasible: boolean;
}

/**
 * The winners of a study; banned trials are never among them.
 * @throws MlbenchError `no-best-trial` when no trial is complete.
 */
export function winnersOf(state: StudyState): Winners {
  const trials = frontOfStudy(state);
  if (trials.length > 0) return { trials, feasible: true };
  const nearest = leastViolating(comparableTrials(state), directionsOf(state.header)[0] as Direction);
  if (nearest) return { trials: [nearest], feasible: false };
  throw new MlbenchError("no-best-trial", `study "${state.header.name}" has no complete trial yet`);
}

/**
 * The one winner whose weights are handed over, or which is trained again.
 * @param number which one, where there are several. @default the only one
 * @throws UsageError `several-winners`, `not-a-winner`; MlbenchError `no-feasible-trial`.
 */
export function winnerOf(study: string, { trials, feasible }: Winners, number?: number): Trial {
  const numbers = trials.map((trial) => trial.number).join(", ");
  if (!feasible)
    throw new MlbenchError(
      "no-feasible-trial",
      `study "${study}" has no feasible trial to export (the nearest: ${numbers})`,
    );
  const [first, ...others] = trials;
  const chosen = number === undefined ? first : trials.find((trial) => trial.number === number);
  if (!chosen)
    throw new UsageError("not-a-winner", `trial ${number} is not among the best trials of "${study}": ${numbers}`);
  if (number === undefined && others.length > 0)
    throw new UsageError(
      "several-winners",
      `study "${study}" has ${trials.length} best trials: choose with --trial one of ${numbers}`,
    );
  return chosen;
}
