/** The Gaussian process sampler: its options, and the course of one proposal. */
import type { History, KnownKeys, Params, ParamValue, Rng, SearchSpace } from "../../core/index.js";
import { cardinality, isActive, requireKnownKeys } from "../../core/index.js";
import { inSpaceOrder, valueAt } from "../../search-space/points.js";
import { fromUnit } from "../../search-space/unit-interval.js";
import { offThread, rehearse } from "../off-thread.js";
import { requireCount, requireFlag, requireSeed } from "../options.js";
import { proposeFromPrior } from "../prior.js";
import type { Sampler } from "../sampler.js";
import type { SpaceEncoding } from "../tpe/encoding.js";
import { decodeValue, SpaceEncodings } from "../tpe/encoding.js";
import type { Observations } from "../tpe/split.js";
import { observe } from "../tpe/split.js";
import { drawStratified } from "../tpe/startup.js";
import type { Coordinate } from "./coordinates.js";
import { coordinatesOf } from "./coordinates.js";
import { evidenceOf, problemOf } from "./evidence.js";
import type { GpProblem } from "./propose.js";
import { proposePoint } from "./propose.js";

/** The options of {@link GpSampler}. */
export interface GpSamplerOptions {
  /** Stands in for the study's seed in the sampler stream. @default the study's */
  readonly seed?: number;
  /** Trials that are drawn stratified over the space before the first proposal of the process. @default 10 */
  readonly nStartupTrials?: number;
  /**
   * Records that are modelled at most: with more, the better half of that number and others evenly over the history. Where
   * several objectives, constraints or failures need k processes each models the square root of k times fewer.
   * @default 200
   */
  readonly nModelled?: number;
  /** Whether proposals are computed in a worker thread; the result is the same. @default true */
  readonly offThread?: boolean;
}

const optionKeys: KnownKeys<GpSamplerOptions> = { seed: true, nStartupTrials: true, nModelled: true, offThread: true };

const MOST_MODELLED = 1000;

/** One compiles the half of what the first proposal needs; more take longer than they save. */
const REHEARSALS = 2;

/**
 * Bayesian optimisation with Gaussian processes (Matérn 5/2, a lengthscale a parameter), by the expected improvement: for
 * few trials (up to a few hundred) of few parameters (up to about ten) whose outcome changes smoothly. With several
 * objectives it is the expected improvement of the hypervolume. Constraints, and trials that failed by what their
 * parameters may have caused or have the value NaN, are modelled by processes of their own, by whose probability of
 * success a point is judged as well. Pruned trials count by what they reached. Once there are enough trials a proposal is
 * computed in a worker thread.
 * @example
 * await createStudy({ storage: "memory", space: { x: float(0, 1) }, sampler: new GpSampler({ seed: 1 }) });
 */
export class GpSampler implements Sampler {
  readonly name = "gp";
  readonly objectives = "several";
  readonly usesPrior = true;
  declare readonly seed?: number;
  /** As they were given. */
  readonly options: GpSamplerOptions;
  readonly #options: Required<Omit<GpSamplerOptions, "seed">>;
  readonly #encodings = new SpaceEncodings();
  /** Asks that were answered by draws. */
  #drawn = 0;
  #rehearsals = 0;

  /** @throws UsageError `invalid-sampler-option`, `unknown-option`. */
  constructor(options: GpSamplerOptions = {}) {
    requireKnownKeys("GpSampler", options, optionKeys);
    requireSeed("gp", options.seed);
    this.options = Object.freeze({ ...options });
    const { seed, nStartupTrials = 10, nModelled = 200, offThread: elsewhere = true } = options;
    requireCount("gp", "nStartupTrials", nStartupTrials, 0);
    requireCount("gp", "nModelled", nModelled, 10, MOST_MODELLED);
    requireFlag("gp", "offThread", elsewhere);
    this.#options = { nStartupTrials, nModelled, offThread: elsewhere };
    if (seed !== undefined) this.seed = seed;
  }

  /** At once while the first trials are drawn, then a promise. */
  suggest(space: SearchSpace, history: History, rng: Rng): Params | Promise<Params> {
    const prepared = this.#prepare(space, history, rng);
    if ("params" in prepared) {
      if (this.#options.offThread) this.#rehearse(prepared.soon);
      return prepared.params;
    }
    const { problem, paramsOf } = prepared;
    if (!this.#options.offThread) return paramsOf(proposePoint(problem));
    return offThread("gp", problem).then(paramsOf);
  }

  /** The same, computed in this thread. */
  suggestAtOnce(space: SearchSpace, history: History, rng: Rng): Params {
    const prepared = this.#prepare(space, history, rng);
    return "params" in prepared ? prepared.params : prepared.paramsOf(proposePoint(prepared.problem));
  }

  /**
   * Before the first proposal the thread is started and its code compiled by two that nobody waits for, of the trials so
   * far. Not at the first ask: a process that asks once would be charged for nothing.
   */
  #rehearse(soon: (() => GpProblem) | undefined): void {
    this.#drawn++;
    if (!soon || this.#drawn < 2 || this.#rehearsals >= REHEARSALS) return;
    this.#rehearsals++;
    rehearse("gp", soon());
  }

  #prepare(space: SearchSpace, history: History, rng: Rng): Drawn | Prepared {
    const near = proposeFromPrior(space, history, rng);
    if (near) return { params: near };
    const { nStartupTrials, nModelled } = this.#options;
    const encoding = this.#encodings.of(space);
    const observations = observe(encoding, history, { running: true, failed: true });
    const evidence = evidenceOf(observations, history);
    const known = evidence.scored.length + evidence.failed.length;
    const varies = encoding.distributions.some((d) => cardinality(d) > 1);
    const coordinates = coordinatesOf(encoding.names, encoding.distributions);
    const problem = (seed: number): GpProblem =>
      problemOf({ coordinates, evidence, running: evidence.running, most: nModelled, seed });
    if (evidence.scored.length < 2 || known < nStartupTrials || !varies) {
      const params = drawFirst(space, encoding, observations, nStartupTrials, rng);
      const isSoon = varies && evidence.scored.length >= 2 && known >= nStartupTrials / 2;
      return isSoon ? { params, soon: () => problem(0) } : { params };
    }
    const seed = Math.floor(rng() * 2 ** 53);
    return { problem: problem(seed), paramsOf: (point) => decode(space, encoding, coordinates, point) };
  }
}

interface Drawn {
  readonly params: Params;
  /** What the process would be asked now, where it soon will be. */
  readonly soon?: () => GpProblem;
}

interface Prepared {
  readonly problem: GpProblem;
  readonly paramsOf: (point: Float64Array) => Params;
}

function drawFirst(
  space: SearchSpace,
  encoding: SpaceEncoding,
  { all }: Observations,
  parts: number,
  rng: Rng,
): Params {
  const drawn: Record<string, ParamValue> = {};
  encoding.distributions.forEach((d, i) => {
    if (!isActive(d, drawn)) return;
    const values = all.map((o) => o.values[i] as number);
    drawn[encoding.names[i] as string] = drawStratified(d, values, Math.max(parts, 10), rng);
  });
  return inSpaceOrder(space, drawn);
}

function decode(
  space: SearchSpace,
  encoding: SpaceEncoding,
  coordinates: readonly Coordinate[],
  point: Float64Array,
): Params {
  const drawn: Record<string, ParamValue> = {};
  encoding.distributions.forEach((d, i) => {
    if (!isActive(d, drawn)) return;
    const { unit, size } = coordinates[i] as Coordinate;
    const value = fromUnit(unit, point[i] as number);
    drawn[encoding.names[i] as string] = size === 1 ? valueAt(d, 0) : decodeValue(encoding, i, value);
  });
  return inSpaceOrder(space, drawn);
}
