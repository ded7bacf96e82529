/** New trial records. */
import type { Params, SearchSpace, StudyHeader, Trial } from "../core/index.js";
import { blankTrial, deriveSeed } from "../core/index.js";

/** The owner of trials handed out by `ask`: nobody here runs or recovers them. */
export const EXTERNAL = "external";

/** A new record, waiting unless `with` says otherwise. */
export function newTrial(header: StudyHeader, number: number, params: Params, given: Partial<Trial> = {}): Trial {
  return blankTrial(number, { params, seed: deriveSeed(header.seed, "trial-seed", number), ...given });
}

/** What {@link newTrial} needs for the distributions of parameters that the study's space does not declare. */
export function withDistributions(distributions: SearchSpace): Partial<Trial> {
  return Object.keys(distributions).length > 0 ? { distributions } : {};
}
