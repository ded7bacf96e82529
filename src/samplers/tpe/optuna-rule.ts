/** The proposal rule of the preset `optuna`. */
import type { Distribution, Rng, SearchSpace } from "../../core/index.js";
import type { Block } from "./blocks.js";
import type { Observation, SpaceEncoding } from "./encoding.js";
import type { ParzenEstimatorOptions, WeightsRule } from "./parzen-estimator.js";
import { ParzenEstimator } from "./parzen-estimator.js";
import type { Split } from "./split.js";

const equalWeights: WeightsRule = (n) => new Array<number>(n).fill(1);

/** How densities are made. */
export interface OptunaRule extends Required<
  Pick<ParzenEstimatorOptions, "priorWeight" | "magicClip" | "endpoints" | "weights">
> {
  /** Good trials count alike, whatever their age: as Optuna has it with several objectives. @default false */
  readonly equalBelow?: boolean;
}

/**
 * Optuna 5.0.0's proposal for one block: candidates from the good trials' density, the one with the largest ratio of
 * the good trials' density to the others'. Trials without all of the block's parameters tell nothing here.
 * @returns the proposal in the block's order: external units, a categorical as the index of its choice.
 */
export function proposeLikeOptuna(
  encoding: SpaceEncoding,
  block: Block,
  split: Split,
  options: OptunaRule,
  nEiCandidates: number,
  rng: Rng,
): number[] {
  const { priorWeight, magicClip, endpoints, weights, equalBelow = false } = options;
  const names = block.map((i) => encoding.names[i] as string);
  const space: SearchSpace = Object.fromEntries(
    block.map((i) => [encoding.names[i] as string, encoding.distributions[i] as Distribution]),
  );
  const estimator = (trials: readonly Observation[], rule: WeightsRule): ParzenEstimator => {
    const seen = trials.filter((o) => block.every((i) => !Number.isNaN(o.values[i])));
    const observations = Object.fromEntries(
      block.map((i) => [encoding.names[i] as string, seen.map((o) => o.values[i] as number)]),
    );
    return new ParzenEstimator({ priorWeight, magicClip, endpoints, weights: rule, observations, space });
  };
  const below = estimator(split.below, equalBelow ? equalWeights : weights);
  const above = estimator(split.above, weights);
  const candidates = below.sample(rng, nEiCandidates);
  const good = below.logPdf(candidates);
  const other = above.logPdf(candidates);
  let best = 0;
  for (let s = 1; s < nEiCandidates; s++)
    if ((good[s] as number) - (other[s] as number) > (good[best] as number) - (other[best] as number)) best = s;
  return names.map((name) => candidates[name]?.[best] as number);
}
