/** The random sampler: every active parameter drawn uniformly. */
import type { History, KnownKeys, Params, Rng, SearchSpace } from "../core/index.js";
import { requireKnownKeys } from "../core/index.js";
import { drawUniform } from "../search-space/draw-uniform.js";
import { buildParams } from "../search-space/points.js";
import { requireSeed } from "./options.js";
import type { Sampler } from "./sampler.js";

/** The options of {@link RandomSampler}. */
export interface RandomSamplerOptions {
  /** Stands in for the study's seed in the sampler stream. @default the study's */
  readonly seed?: number;
}

const optionKeys: KnownKeys<RandomSamplerOptions> = { seed: true };

/**
 * Draws every active parameter uniformly; the history is not looked at.
 * @example
 * await createStudy({ storage: "memory", space: { x: float(0, 1) }, sampler: new RandomSampler() });
 */
export class RandomSampler implements Sampler {
  readonly name = "random";
  readonly objectives = "several";
  declare readonly seed?: number;
  /** As they were given. */
  readonly options: RandomSamplerOptions;

  /** @throws UsageError `unknown-option`. */
  constructor(options: RandomSamplerOptions = {}) {
    requireKnownKeys("RandomSampler", options, optionKeys);
    requireSeed("random", options.seed);
    this.options = Object.freeze({ ...options });
    if (options.seed !== undefined) this.seed = options.seed;
  }

  suggest(space: SearchSpace, _history: History, rng: Rng): Params {
    return buildParams(space, (_name, distribution) => drawUniform(distribution, rng));
  }
}
