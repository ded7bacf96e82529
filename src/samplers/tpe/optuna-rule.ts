/** The proposal rule of the preset `optuna`. */
import type { Distribution, Rng, SearchSpace } from "../../core/index.js";
import type { Block } from "./blocks.js";
import type { Observation, SpaceEncoding } from "./encoding.js";
import type { ParzenEstimatorOptions } from "./parzen-estimator.js";
import { ParzenEstimator } from "./parzen-estimator.js";
import type { Split } from "./split.js";

/**
 * Optuna 5.0.0's proposal for one block: candidates from the good trials' density, the one with the largest ratio of
 * the good trials' density to the others'. Trials without all of the block's parameters tell nothing here.
 * @returns the proposal in the block's order: external units, a categorical as the index of its choice.
 */
export function proposeLikeOptuna(
  encoding: SpaceEncoding,
  block: Block,
  split: Split,
  options: Required<Pick<ParzenEstimatorOptions, "priorWeight" | "magicClip" | "endpoints" | "weights">>,
  nEiCandidates: number,
  rng: Rng,
): number[] {
  const { priorWeight, magicClip, endpoints, weights } = options;
  const names = block.map((i) => encoding.names[i] as string);
  const space: SearchSpace = Object.fromEntries(
    block.map((i) => [encoding.names[i] as string, encoding.distributions[i] as Distribution]),
  );
  const estimator = (trials: readonly Observation[]): ParzenEstimator => {
    const seen = trials.filter((o) => block.every((i) => !Number.isNaN(o.values[i])));
    const observations = Object.fromEntries(
      block.map((i) => [encoding.names[i] as string, seen.map((o) => o.values[i] as number)]),
    );
    return new ParzenEstimator({ priorWeight, magicClip, endpoints, weights, observations, space });
  };
  const below = estimator(split.below);
  const above = estimator(split.above);
  const candidates = below.sample(rng, nEiCandidates);
  const good = below.logPdf(candidates);
  const other = above.logPdf(candidates);
  let best = 0;
  for (let s = 1; s < nEiCandidates; s++)
    if ((good[s] as number) - (other[s] as number) > (good[best] as number) - (other[best] as number)) best = s;
  return names.map((name) => candidates[name]?.[best] as number);
}
