/** The TPE sampler: its options, and the course of one proposal. */
import type { Distribution, History, KnownKeys, Params, ParamValue, Rng, SearchSpace } from "../../core/index.js";
import { cardinality, isActive, requireKnownKeys, UsageError } from "../../core/index.js";
import { drawUniform } from "../../search-space/draw-uniform.js";
import { requireCount, requireFlag, requireFunction, requireNumber, requireSeed } from "../options.js";
import type { Sampler } from "../sampler.js";
import { inSpaceOrder, valueAt } from "../../search-space/points.js";
import { proposeAdaptively } from "./adaptive-rule.js";
import type { Block } from "./blocks.js";
import { blocksOf } from "./blocks.js";
import type { SpaceEncoding } from "./encoding.js";
import { decodeValue, SpaceEncodings } from "./encoding.js";
import { FrontProgress } from "./front-progress.js";
import { proposeLikeOptuna } from "./optuna-rule.js";
import { needsParetoSplit, splitByDominance, withoutNaN } from "./pareto-split.js";
import type { WeightsRule } from "./parzen-estimator.js";
import { defaultWeights } from "./parzen-estimator.js";
import type { Evidence } from "./evidence.js";
import { goodTrials, RECOGNISED, weighEvidence } from "./evidence.js";
import { incumbentOf } from "./reevaluate.js";
import { rankedByConstraints, weighSeveral } from "./several-objectives.js";
import type { Observations, Split } from "./split.js";
import { finishedOf, observe, splitTrials } from "./split.js";
import { drawStratified } from "./startup.js";
import { proposeFromPrior } from "../prior.js";

/** The options of {@link TpeSampler}. */
export interface TpeSamplerOptions {
  /** `optuna`: exactly the rule and defaults of Optuna 5.0.0's TPESampler. @default "default" */
  readonly preset?: "default" | "optuna";
  /** Stands in for the study's seed in the sampler stream. @default the study's */
  readonly seed?: number;
  /**
   * Complete and pruned random trials before the first proposal. In the default preset failed trials shorten that: half
   * as many again, with those that failed, are enough. @default 10
   */
  readonly nStartupTrials?: number;
  /** Candidates a proposal. @default 24 */
  readonly nEiCandidates?: number;
  /**
   * Number of good trials among n.
   * @default min(ceil(0.5 sqrt(n)), 25), up to min(ceil(0.1 n), 25) where values are noisy; preset `optuna` always that, with
   * several objectives ceil(0.1 n)
   */
  readonly gamma?: (n: number) => number;
  /**
   * Weights of n trials by age, oldest first; in the default preset those of the other trials alone, since the good ones
   * are weighted by rank. @default equal up to 25, then rising to the newest 25
   */
  readonly weights?: WeightsRule;
  /** Weight of the prior against one good trial's kernel. @default 0.35; several objectives and preset `optuna`: 1 */
  readonly priorWeight?: number;
  /** Keep bandwidths above a share of the range: 0.7 %; preset `optuna`: 1 / min(100, 1 + kernels). @default true */
  readonly magicClip?: boolean;
  /** Count a range's ends as neighbours when bandwidths are chosen; preset `optuna` only. @default false */
  readonly endpoints?: boolean;
  /** Joint densities instead of one a parameter. @default true */
  readonly multivariate?: boolean;
  /**
   * Joint densities for the branches of a conditional space, which otherwise are drawn a parameter at a time. In the
   * default preset the branches and what they hang on share one density. @default true; preset `optuna`: false
   */
  readonly group?: boolean;
  /** Let trials under way count among the others, so that parallel proposals keep apart. @default true */
  readonly constantLiar?: boolean;
  /**
   * Where values are recognised as noisy, every so many-th trial repeats the best parameters so far, by the mean of their
   * trials. A study must run duplicates for it (`on_duplicate: "run"`). 0: never. @default 0
   */
  readonly reevaluate?: number;
}

const optionKeys: KnownKeys<TpeSamplerOptions> = {
  ...({ preset: true, seed: true, nStartupTrials: true, nEiCandidates: true, gamma: true, weights: true } as const),
  ...({ priorWeight: true, magicClip: true, endpoints: true, multivariate: true, group: true } as const),
  ...({ constantLiar: true, reevaluate: true } as const),
};

/** The first draws end with this many times `nStartupTrials` that finished or failed. */
const WITH_FAILED = 1.5;

type Resolved = Required<Omit<TpeSamplerOptions, "seed">>;

const optunaDefaults: Resolved = {
  preset: "optuna",
  nStartupTrials: 10,
  nEiCandidates: 24,
  gamma: (n) => Math.min(Math.ceil(0.1 * n), 25),
  weights: defaultWeights,
  priorWeight: 1,
  magicClip: true,
  endpoints: false,
  multivariate: true,
  group: false,
  constantLiar: true,
  reevaluate: 0,
};

const ownDefaults: Resolved = {
  ...optunaDefaults,
  preset: "default",
  gamma: goodTrials,
  priorWeight: 0.35,
  group: true,
};

function resolve(options: TpeSamplerOptions): Resolved {
  const preset = options.preset ?? "default";
  const known = Object.entries(options).filter(([, value]) => value !== undefined);
  const defaults = { default: ownDefaults, optuna: optunaDefaults }[preset];
  if (!defaults)
    throw new UsageError("invalid-sampler-option", `tpe: unknown preset "${String(preset)}"; known: default, optuna`);
  const resolved: Resolved = { ...defaults, ...Object.fromEntries(known) };
  requireCount("tpe", "nStartupTrials", resolved.nStartupTrials, 0);
  requireCount("tpe", "nEiCandidates", resolved.nEiCandidates, 1);
  const isWeight = (value: number): boolean => value >= 0 && value < Infinity;
  requireNumber("tpe", "priorWeight", resolved.priorWeight, isWeight, "be finite and not negative");
  requireCount("tpe", "reevaluate", resolved.reevaluate, 0);
  for (const name of ["magicClip", "endpoints", "multivariate", "group", "constantLiar"] as const)
    requireFlag("tpe", name, resolved[name]);
  for (const name of ["gamma", "weights"] as const) requireFunction("tpe", name, resolved[name]);
  if (resolved.reevaluate > 0 && preset === "optuna")
    throw new UsageError(
      "invalid-sampler-option",
      `tpe: reevaluate belongs to the default preset: leave one of them out`,
    );
  if (options.group === true && options.multivariate === false)
    throw new UsageError("invalid-sampler-option", "tpe: group needs multivariate");
  return resolved;
}

/**
 * The tree-structured Parzen estimator (Bergstra et al. 2011): draws candidates from a density of the good trials and
 * takes the one where it is largest against the density of the others. Complete and pruned trials count, pruned ones by
 * what they had reached. With several objectives the best ranks of dominance are good, spread by their hypervolume, and
 * pruned trials never; trials that miss constraints come behind those that meet them. Trials with the value NaN, and in
 * the default preset those that failed by an exception, by diverging, by their time or by their memory, are bad
 * evidence: never good, but among the others and the first draws. Other failed trials and those that don't fit the space
 * say nothing.
 * @example
 * await createStudy({ storage: "memory", space: { x: float(0, 1) }, sampler: new TpeSampler({ seed: 1 }) });
 */
export class TpeSampler implements Sampler {
  readonly name = "tpe";
  readonly usesPrior = true;
  readonly objectives = "several";
  declare readonly seed?: number;
  /** As they were given. */
  readonly options: TpeSamplerOptions;
  declare readonly repeats?: boolean;
  readonly #options: Resolved;
  /** With several objectives the prior counts as much as a good trial: a front has more places to be looked for. */
  readonly #severalOptions: Resolved;
  readonly #progress = new FrontProgress();
  readonly #encodings = new SpaceEncodings();

  /** @throws UsageError `invalid-sampler-option`, `unknown-option`. */
  constructor(options: TpeSamplerOptions = {}) {
    requireKnownKeys("TpeSampler", options, optionKeys);
    requireSeed("tpe", options.seed);
    this.options = Object.freeze({ ...options });
    this.#options = resolve(options);
    this.#severalOptions = { ...this.#options, priorWeight: options.priorWeight ?? 1 };
    if (options.seed !== undefined) this.seed = options.seed;
    if (this.#options.reevaluate > 0) this.repeats = true;
  }

  suggest(space: SearchSpace, history: History, rng: Rng): Params {
    return proposeFromPrior(space, history, rng) ?? this.#suggest(space, history, rng);
  }

  #suggest(space: SearchSpace, history: History, rng: Rng): Params {
    const encoding = this.#encodings.of(space);
    const { constantLiar, preset } = this.#options;
    const observations = observe(encoding, history, { running: constantLiar, failed: preset === "default" });
    const drawn: Record<string, ParamValue> = {};
    if (this.#isFirst(observations)) this.#drawFirst(encoding, observations, rng, drawn);
    else this.#propose(encoding, observations, history, rng, drawn);
    return inSpaceOrder(space, drawn);
  }

  /** Whether too little is known for a proposal. What fails tells less than what completes, but not nothing. */
  #isFirst(observations: Observations): boolean {
    const { nStartupTrials } = this.#options;
    const known = observations.all.length - observations.running.length;
    return finishedOf(observations) < nStartupTrials && known < WITH_FAILED * nStartupTrials;
  }

  #drawFirst(encoding: SpaceEncoding, observations: Observations, rng: Rng, drawn: Record<string, ParamValue>): void {
    const { preset, nStartupTrials } = this.#options;
    encoding.distributions.forEach((d, i) => {
      if (!isActive(d, drawn)) return;
      const values = observations.all.map((o) => o.values[i] as number);
      drawn[encoding.names[i] as string] =
        preset === "optuna" ? drawUniform(d, rng) : drawStratified(d, values, nStartupTrials, rng);
    });
  }

  #propose(
    encoding: SpaceEncoding,
    observations: Observations,
    history: History,
    rng: Rng,
    drawn: Record<string, ParamValue>,
  ): void {
    const several = (history.directions?.length ?? 1) > 1;
    const o = several ? this.#severalOptions : this.#options;
    const known = withoutNaN(observations);
    const own = o.preset === "default" ? this.#weigh(encoding, known, history, o) : null;
    const again = own && this.#repeated(own, history);
    if (again) {
      Object.assign(drawn, again);
      return;
    }
    const split = own?.split ?? splitLikeOptuna(known, history, o.gamma);
    const rule = { ...o, equalBelow: several };
    for (const block of blocksOf(encoding, o)) {
      settleSingles(encoding, drawn);
      const active = own && o.group && o.multivariate ? block : block.filter((i) => isActiveAt(encoding, i, drawn));
      if (active.length === 0) continue;
      if (own) proposeAdaptively(encoding, active, own, o, rng, drawn);
      else decode(encoding, active, proposeLikeOptuna(encoding, active, split, rule, o.nEiCandidates, rng), drawn);
    }
    settleSingles(encoding, drawn);
  }

  /** What the default preset makes of a history: by value, or as several objectives and missed constraints want it. */
  #weigh(encoding: SpaceEncoding, observations: Observations, history: History, rule: Resolved): Evidence {
    const { direction, directions = [direction] } = history;
    if (directions.length > 1) return weighSeveral(observations, directions, rule, this.#progress);
    const ranked = needsParetoSplit(history, observations)
      ? rankedByConstraints(observations, direction)
      : observations;
    return weighEvidence(encoding, ranked, direction, rule);
  }

  /** The parameters to run once more, where it is time for that. */
  #repeated({ noise, observations }: Evidence, { trials, direction }: History): Params | null {
    const { reevaluate } = this.#options;
    if (reevaluate === 0 || noise <= RECOGNISED || (trials.length + 1) % reevaluate !== 0) return null;
    return incumbentOf(observations.complete, direction);
  }
}

function splitLikeOptuna(observations: Observations, history: History, gamma: Resolved["gamma"]): Split {
  const { direction, directions = [direction] } = history;
  const n = finishedOf(observations);
  const uncapped = directions.length > 1 && gamma === optunaDefaults.gamma;
  const nBelow = Math.max(0, Math.floor(uncapped ? Math.ceil(0.1 * n) : gamma(n)));
  return needsParetoSplit(history, observations)
    ? splitByDominance(observations, directions, nBelow)
    : splitTrials(observations, direction, nBelow);
}

function isActiveAt(encoding: SpaceEncoding, index: number, drawn: Params): boolean {
  return isActive(encoding.distributions[index] as Distribution, drawn);
}

/** Parameters with a single value belong to no density. */
function settleSingles(encoding: SpaceEncoding, drawn: Record<string, ParamValue>): void {
  encoding.distributions.forEach((d, i) => {
    if (cardinality(d) === 1 && isActive(d, drawn)) drawn[encoding.names[i] as string] = valueAt(d, 0);
  });
}

function decode(
  encoding: SpaceEncoding,
  block: Block,
  values: ArrayLike<number>,
  drawn: Record<string, ParamValue>,
): void {
  block.forEach((i, c) => (drawn[encoding.names[i] as string] = decodeValue(encoding, i, values[c] as number)));
}
