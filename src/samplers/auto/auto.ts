/** The sampler `auto`: asks the one that suits the space and what has happened so far. */
import type { History, KnownKeys, Params, Rng, SearchSpace } from "../../core/index.js";
import { requireKnownKeys } from "../../core/index.js";
import { CmaesSampler } from "../cmaes/cmaes.js";
import { GpSampler } from "../gp/gp.js";
import { requireSeed } from "../options.js";
import type { Sampler } from "../sampler.js";
import { TpeSampler } from "../tpe/tpe.js";
import { chooseSampler } from "./choice.js";

/** The options of {@link AutoSampler}. */
export interface AutoSamplerOptions {
  /** Stands in for the study's seed in the sampler stream. @default the study's */
  readonly seed?: number;
}

const optionKeys: KnownKeys<AutoSamplerOptions> = { seed: true };

/**
 * Asks at each proposal the sampler that {@link chooseSampler} names, with all of the history: one that takes over in
 * the middle of a study starts from what the others have found.
 * @example
 * await createStudy({ storage: "memory", space: { x: float(0, 1) }, sampler: new AutoSampler({ seed: 1 }) });
 */
export class AutoSampler implements Sampler {
  readonly name = "auto";
  readonly objectives = "several";
  readonly usesPrior = true;
  declare readonly seed?: number;
  /** As they were given. */
  readonly options: AutoSamplerOptions;
  readonly #members = { tpe: new TpeSampler(), gp: new GpSampler(), cmaes: new CmaesSampler() };

  /** @throws UsageError `unknown-option`. */
  constructor(options: AutoSamplerOptions = {}) {
    requireKnownKeys("AutoSampler", options, optionKeys);
    requireSeed("auto", options.seed);
    this.options = Object.freeze({ ...options });
    if (options.seed !== undefined) this.seed = options.seed;
  }

  suggest(space: SearchSpace, history: History, rng: Rng): Params | null | Promise<Params | null> {
    return this.#members[chooseSampler(space, history).sampler].suggest(space, history, rng);
  }

  /** The same proposal without a promise; this thread waits for it. */
  suggestAtOnce(space: SearchSpace, history: History, rng: Rng): Params | null {
    const { sampler } = chooseSampler(space, history);
    const { gp, ...others } = this.#members;
    if (sampler === "gp") return gp.suggestAtOnce(space, history, rng);
    return others[sampler].suggest(space, history, rng);
  }
}
