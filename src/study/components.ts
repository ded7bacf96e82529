import type { Distribution, History, OnDuplicate, Params, ParamValue, Rng, SearchSpace, Trial } from "../core/index.js";
import type { Pruner } from "../pruners/pruner.js";
import type { Sampler } from "../samplers/sampler.js";

/** What to do next: run new parameters, take over an equal trial's value, or stop: every point was tried. */
export type Proposal =
  | { readonly kind: "run"; readonly params: Params }
  | { readonly kind: "reuse"; readonly params: Params; readonly of: Trial }
  | { readonly kind: "exhausted" };

/** What a study is put together from; `app` chooses the implementations. */
export interface StudyComponents {
  readonly sampler: Sampler;
  readonly pruner: Pruner;
  /** Asks the sampler under a duplicate rule. */
  readonly propose: (
    sampler: Sampler,
    space: SearchSpace,
    history: History,
    rng: Rng,
    onDuplicate: OnDuplicate,
  ) => Proposal;
  /** A value without regard to any history. */
  readonly drawUniform: (distribution: Distribution, rng: Rng) => ParamValue;
}
