import type { Distribution, History, Params, ParamValue, Rng, SearchSpace } from "../../core/index.js";
import { isActive, UsageError } from "../../core/index.js";
import { drawUniform } from "../random.js";
import type { Sampler } from "../sampler.js";
import { inSpaceOrder } from "../space.js";
import type { Block } from "./blocks.js";
import { blocksOf } from "./blocks.js";
import type { Plan } from "./encoding.js";
import { decodeValue, planOf } from "./encoding.js";
import { proposeLikeOptuna } from "./optuna-rule.js";
import type { WeightsRule } from "./parzen-estimator.js";
import { defaultWeights } from "./parzen-estimator.js";
import type { Split } from "./split.js";
import { observe, splitTrials } from "./split.js";

export interface TpeSamplerOptions {
  readonly preset?: "default" | "optuna";
  readonly seed?: number;
  readonly nStartupTrials?: number;
  readonly nEiCandidates?: number;
  readonly gamma?: (n: number) => number;
  readonly weights?: WeightsRule;
  readonly priorWeight?: number;
  readonly magicClip?: boolean;
  readonly endpoints?: boolean;
  readonly multivariate?: boolean;
  readonly group?: boolean;
  readonly constantLiar?: boolean;
}

const optunaPreset = {
  preset: "optuna" as const,
  nStartupTrials: 10,
  nEiCandidates: 24,
  gamma: (n: number): number => Math.min(Math.ceil(0.1 * n), 25),
  weights: defaultWeights as WeightsRule,
  priorWeight: 1,
  magicClip: true,
  endpoints: false,
  multivariate: true,
  group: false,
  constantLiar: true,
};

export class TpeSampler implements Sampler {
  readonly name = "tpe";
  declare readonly seed?: number;
  readonly #o: typeof optunaPreset;

  constructor(options: TpeSamplerOptions = {}) {
    if (options.seed !== undefined) this.seed = options.seed;
    this.#o = { ...optunaPreset, ...(options as object) };
  }

  suggest(space: SearchSpace, history: History, rng: Rng): Params {
    const plan = planOf(space);
    const o = this.#o;
    const seen = observe(plan, history);
    const finished = seen.complete.length + seen.pruned.length;
    const values = new Float64Array(plan.names.length).fill(NaN);
    const drawn: Record<string, ParamValue> = {};
    const settle = (i: number, value: ParamValue): void => {
      drawn[plan.names[i] as string] = value;
    };
    if (finished < o.nStartupTrials) {
      plan.distributions.forEach((d, i) => {
        if (isActive(d, drawn)) settle(i, drawUniform(d, rng));
      });
      return inSpaceOrder(space, drawn);
    }
    const split = splitTrials(o.constantLiar ? seen : { ...seen, running: [] }, history.direction, o.gamma(finished));
    for (const block of blocksOf(plan, o)) {
      if (!isActive(plan.distributions[block[0] as number] as Distribution, drawn)) continue;
      proposeLikeOptuna(plan, block, split, o, o.nEiCandidates, rng, values);
      for (const i of block) settle(i, decodeValue(plan, i, values[i] as number));
    }
    plan.distributions.forEach((d, i) => {
      if (!((plan.names[i] as string) in drawn) && isActive(d, drawn)) settle(i, drawUniform(d, rng));
    });
    return inSpaceOrder(space, drawn);
  }
}
