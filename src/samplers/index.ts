/** The samplers' metadata and registry. */
import { z } from "zod";
import { createComponent, lazy, parameter, registryOf } from "../registry/index.js";
import type { ComponentFactory } from "../registry/index.js";
import type { Sampler } from "./sampler.js";

export type { Sampler } from "./sampler.js";
export { findDuplicate, propose, spaceSize, visitedPoints } from "../search-space/duplicates.js";
export type { Proposal } from "../search-space/duplicates.js";

/** Makes a sampler from options under the names of its registered parameters, already validated. */
export type SamplerFactory = ComponentFactory<Sampler>;

/** The samplers by name. */
export const samplers = registryOf<SamplerFactory>("sampler");

const seed = parameter(z.number().int().min(0).optional(), {
  description: "seed of the sampler; default: derived from the study's seed",
});
const share = (description: string): z.ZodOptional<z.ZodNumber> =>
  parameter(z.number().min(0).max(1).optional(), { description });
const flag = (description: string): z.ZodOptional<z.ZodBoolean> => parameter(z.boolean().optional(), { description });

// Another copy of this package in the process may have registered them: the registry is the process's.
if (!samplers.has("tpe")) {
  samplers.register("auto", {
    summary: "asks the sampler that suits the space and what has happened so far (the default)",
    parameters: z.strictObject({ seed }),
  })(
    lazy<SamplerFactory>(async () => {
      const { AutoSampler } = await import("./auto/auto.js");
      return (options) => new AutoSampler(options);
    }),
  );

  samplers.register("tpe", {
    summary: "tree-structured Parzen estimator: proposes where good trials are denser than bad ones",
    parameters: z.strictObject({
      preset: parameter(z.enum(["default", "optuna"]).default("default"), {
        description: "rule and defaults: our own, or exactly Optuna 5.0.0's",
      }),
      seed,
      n_startup_trials: parameter(z.number().int().min(0).optional(), {
        description: "random trials before the first proposal",
      }),
      n_ei_candidates: parameter(z.number().int().min(1).optional(), { description: "candidates per proposal" }),
      prior_weight: parameter(z.number().min(0).optional(), {
        description: "weight of the prior over the whole range",
      }),
      magic_clip: flag("keep bandwidths above a minimum that shrinks with the number of trials"),
      endpoints: flag("count a range's ends as neighbours of the outermost trials"),
      multivariate: flag("model parameters jointly instead of one by one"),
      group: flag("joint densities per branch of a conditional space"),
      constant_liar: flag("stay away from the parameters of running trials"),
      reevaluate: parameter(z.number().int().min(0).optional(), {
        description: "repeat the best trial every so often where values are noisy; needs --on-duplicate run",
      }),
    }),
  })(
    lazy<SamplerFactory>(async () => {
      const { TpeSampler } = await import("./tpe/tpe.js");
      return (options) => new TpeSampler(camelCased(options));
    }),
  );

  samplers.register("cmaes", {
    summary: "CMA-ES: learns how numeric parameters go together; for many of them, and for long runs",
    parameters: z.strictObject({
      seed,
      n_startup_trials: parameter(z.number().int().min(0).default(20), {
        description: "stratified random trials before the first generation",
      }),
      sigma0: parameter(z.number().positive().max(1).default(0.15), {
        description: "first standard deviation, as a share of each range",
      }),
      population_size: parameter(z.number().int().min(3).optional(), {
        description: "trials a generation; default: max(4, 3 + floor(2 ln n)) for n numeric parameters",
      }),
      restarts: parameter(z.enum(["ipop", "none"]).default("ipop"), {
        description: "what follows a run that has converged: one with twice the population, or nothing",
      }),
      warm_start: parameter(z.number().int().min(0).default(0), {
        description: "trials with a lower number are of another origin: start from the best tenth of them",
      }),
    }),
  })(
    lazy<SamplerFactory>(async () => {
      const { CmaesSampler } = await import("./cmaes/cmaes.js");
      return (options) => new CmaesSampler(camelCased(options));
    }),
  );

  samplers.register("gp", {
    summary: "Gaussian process, log expected improvement: few trials of up to about ten parameters",
    parameters: z.strictObject({
      seed,
      n_startup_trials: parameter(z.number().int().min(0).optional(), {
        description: "stratified trials before the first proposal; default: 10",
      }),
      n_modelled: parameter(z.number().int().min(10).max(1000).optional(), {
        description: "records modelled at most; default: 200",
      }),
    }),
  })(
    lazy<SamplerFactory>(async () => {
      const { GpSampler } = await import("./gp/gp.js");
      return (options) => new GpSampler(camelCased(options));
    }),
  );

  samplers.register("nsga2", {
    summary: "NSGA-II: children of the trials that survived, for several objectives and many trials",
    parameters: z.strictObject({
      seed,
      population_size: parameter(z.number().int().min(2).optional(), {
        description: "complete trials a generation; default: 50",
      }),
      crossover: parameter(z.enum(["uniform", "sbx"]).optional(), {
        description: "how two parents' numbers become a child's; default: uniform",
      }),
      crossover_probability: share("probability of two parents instead of one; default: 0.9"),
      swapping_probability: share("probability of the second parent's value; default: 0.5"),
      mutation: parameter(z.enum(["uniform", "polynomial"]).optional(), {
        description: "what a mutated number becomes: any, or one near it; default: uniform",
      }),
      mutation_probability: share("probability that a parameter is mutated; default: 1 / active parameters"),
    }),
  })(
    lazy<SamplerFactory>(async () => {
      const { NsgaIISampler } = await import("./nsga2/nsga2.js");
      return (options) => new NsgaIISampler(camelCased(options));
    }),
  );

  samplers.register("random", {
    summary: "independent uniform draws, on each parameter's scale",
    parameters: z.strictObject({ seed }),
  })(
    lazy<SamplerFactory>(async () => {
      const { RandomSampler } = await import("./random.js");
      return (options) => new RandomSampler(options);
    }),
  );

  samplers.register("qmc", {
    summary: "quasi-Monte Carlo: a Sobol' or Halton sequence that fills the space evenly",
    parameters: z.strictObject({
      seed,
      sequence: parameter(z.enum(["sobol", "halton"]).default("sobol"), { description: "the sequence" }),
      scramble: parameter(z.boolean().default(true), {
        description: "randomise the sequence by the seed; without, every study has the same points",
      }),
    }),
  })(
    lazy<SamplerFactory>(async () => {
      const { QmcSampler } = await import("./qmc/qmc.js");
      return (options) => new QmcSampler(options);
    }),
  );

  samplers.register("brute-force", {
    summary: "every point of a finite space once, in random order",
    parameters: z.strictObject({ seed }),
  })(
    lazy<SamplerFactory>(async () => {
      const { BruteForceSampler } = await import("./brute-force/brute-force.js");
      return (options) => new BruteForceSampler(options);
    }),
  );

  samplers.register("grid", {
    summary: "every point of a finite space in a fixed order, once or so many times",
    parameters: z.strictObject({
      repeat: parameter(z.number().int().min(1).optional(), {
        description: "trials a point, all points once before any twice; from 2 on needs --on-duplicate run; default: 1",
      }),
      random: parameter(z.number().int().min(1).optional(), {
        description: "only so many points, drawn at random; ranges may be continuous; default: all",
      }),
    }),
  })(
    lazy<SamplerFactory>(async () => {
      const { GridSampler } = await import("./grid.js");
      return (options) => new GridSampler(options);
    }),
  );
}

/** Option names of the library: `n_startup_trials` -> `nStartupTrials`. */
function camelCased(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase()), value]),
  );
}

/**
 * A registered sampler with its options.
 * @throws UsageError `unknown-sampler`, or `invalid-sampler-option` for options that its schema refuses.
 */
export function createSampler(name: string, options: Readonly<Record<string, unknown>> = {}): Promise<Sampler> {
  return createComponent(samplers, name, options);
}
