/** The CMA-ES sampler. */
import type { History, KnownKeys, Params, ParamValue, Rng, SearchSpace } from "../../core/index.js";
import { createNormal, requireKnownKeys, stringifyJson, UsageError } from "../../core/index.js";
import { inSpaceOrder } from "../../search-space/points.js";
import { requireCount, requireNumber, requireSeed } from "../options.js";
import { proposeFromPrior } from "../prior.js";
import type { Sampler } from "../sampler.js";
import { drawStratified } from "../tpe/startup.js";
import { TpeSampler } from "../tpe/tpe.js";
import type { Dimension, Division } from "./dimensions.js";
import { divide, unitPoint, valueAtUnit } from "./dimensions.js";
import { orthogonalTo } from "./orthogonal.js";
import { inFinishOrder, Replay } from "./replay.js";
import type { Restarts, Runs } from "./run.js";

export type { Restarts } from "./run.js";
import { defaultPopulation } from "./strategy.js";

/** The options of {@link CmaesSampler}. */
export interface CmaesSamplerOptions {
  /** Stands in for the study's seed in the sampler stream, and in where restarts begin. @default the study's */
  readonly seed?: number;
  /** Stratified random trials before the first generation, which starts between the better ones. @default 20 */
  readonly nStartupTrials?: number;
  /** The first standard deviation, as a share of each range. @default 0.15 */
  readonly sigma0?: number;
  /** Trials a generation. @default max(4, 3 + floor(2 ln n)), n being the number of parameters that CMA-ES moves */
  readonly populationSize?: number;
  /** What follows a run that has converged: a new one with twice the population (`ipop`), or nothing. @default "ipop" */
  readonly restarts?: Restarts;
  /**
   * Trials with a lower number come from another sampler or study: the first run starts from the distribution of the
   * best tenth of them, and no startup trials are drawn (warm-starting CMA-ES, Nomura et al. 2021). @default 0
   */
  readonly warmStart?: number;
}

const optionKeys: KnownKeys<CmaesSamplerOptions> = {
  ...({ seed: true, nStartupTrials: true, sigma0: true, populationSize: true } as const),
  ...({ restarts: true, warmStart: true } as const),
};

type Resolved = Required<Omit<CmaesSamplerOptions, "seed" | "populationSize">> &
  Pick<CmaesSamplerOptions, "populationSize">;

const defaults: Resolved = { nStartupTrials: 20, sigma0: 0.15, restarts: "ipop", warmStart: 0 };

function resolve({ seed: _own, ...options }: CmaesSamplerOptions): Resolved {
  const known = Object.entries(options).filter(([, value]) => value !== undefined);
  const resolved: Resolved = { ...defaults, ...Object.fromEntries(known) };
  requireCount("cmaes", "nStartupTrials", resolved.nStartupTrials, 0);
  requireCount("cmaes", "warmStart", resolved.warmStart, 0);
  if (resolved.populationSize !== undefined) requireCount("cmaes", "populationSize", resolved.populationSize, 3);
  const isShare = (value: number): boolean => value > 0 && value <= 1;
  requireNumber("cmaes", "sigma0", resolved.sigma0, isShare, "be above 0 and at most 1");
  if (!["ipop", "none"].includes(resolved.restarts))
    throw new UsageError(
      "invalid-sampler-option",
      `cmaes: unknown restarts "${String(resolved.restarts)}"; known: ipop, none`,
    );
  return resolved;
}

/** A draw outside of the ranges is repeated up to so often, then put onto their ends. */
const MOST_DRAWS = 100;
const KEPT_REPLAYS = 8;

interface Kept {
  readonly division: Division;
  readonly replay: Replay;
}

/**
 * CMA-ES (Hansen 2016) with active covariance update, margin for parameters with a grid (Hamano et al. 2022) and
 * restarts. It moves the numeric parameters without a condition, jointly; categoricals, parameters with conditions and
 * those that conditions look at are drawn by {@link TpeSampler} from the same history.
 *
 * Its state is replayed from the records in the order in which trials ended: each `populationSize` of them make a
 * generation, whoever proposed them, ranked as follows: complete ones by their value; pruned ones, those that came farther
 * first; infeasible ones by what they miss; last those that failed by what their parameters may have caused, or whose
 * value is NaN. Crashed workers, interruptions and trials that don't fit the space say nothing.
 * @example
 * await createStudy({ storage: "memory", space: { x: float(0, 1), y: float(0, 1) }, sampler: new CmaesSampler() });
 */
export class CmaesSampler implements Sampler {
  readonly name = "cmaes";
  readonly usesPrior = true;
  declare readonly seed?: number;
  /** As they were given. */
  readonly options: CmaesSamplerOptions;
  readonly #options: Resolved;
  readonly #kept = new Map<string, Kept>();
  readonly #rest = new TpeSampler();

  /** @throws UsageError `invalid-sampler-option`, `unknown-option`. */
  constructor(options: CmaesSamplerOptions = {}) {
    requireKnownKeys("CmaesSampler", options, optionKeys);
    requireSeed("cmaes", options.seed);
    this.options = Object.freeze({ ...options });
    this.#options = resolve(options);
    if (options.seed !== undefined) this.seed = options.seed;
  }

  suggest(space: SearchSpace, history: History, rng: Rng): Params {
    return proposeFromPrior(space, history, rng) ?? this.#suggest(space, history, rng);
  }

  #suggest(space: SearchSpace, history: History, rng: Rng): Params {
    const { division, replay } = this.#replayed(space, history);
    const { dimensions, rest } = division;
    const drawn: Record<string, ParamValue> = {};
    if (replay.runs) drawNext(dimensions, replay.runs, history, rng, drawn);
    else this.#drawFirst(dimensions, history, rng, drawn);
    // of the whole space: of a part without continuous parameters it would only propose what was not tried yet
    const others = rest.length > 0 ? this.#rest.suggest(space, history, rng) : {};
    for (const name of rest) if (Object.hasOwn(others, name)) drawn[name] = others[name] as ParamValue;
    return inSpaceOrder(space, drawn);
  }

  #replayed(space: SearchSpace, history: History): Kept {
    const seed = this.seed ?? history.seed ?? 0;
    const key = stringifyJson([seed, history.direction, Object.entries(space)]);
    const ordered = inFinishOrder(history.trials);
    let kept = this.#kept.get(key);
    if (!kept?.replay.continues(ordered)) {
      const division = kept?.division ?? divide(space);
      kept = { division, replay: this.#replayOf(division, history, seed) };
      this.#kept.set(key, kept);
      if (this.#kept.size > KEPT_REPLAYS) this.#kept.delete(this.#kept.keys().next().value as string);
    }
    // without numeric parameters there is nothing to replay
    if (kept.division.dimensions.length > 0) kept.replay.advance(ordered);
    return kept;
  }

  #replayOf({ dimensions }: Division, { direction }: History, seed: number): Replay {
    const { populationSize = defaultPopulation(dimensions.length), ...options } = this.#options;
    return new Replay(dimensions, direction, { ...options, populationSize, seed });
  }

  #drawFirst(dimensions: readonly Dimension[], { trials }: History, rng: Rng, drawn: Record<string, ParamValue>): void {
    for (const { name, distribution } of dimensions) {
      const known = trials.map(({ params }) => (typeof params[name] === "number" ? params[name] : NaN));
      drawn[name] = drawStratified(distribution, known, this.#options.nStartupTrials, rng);
    }
  }
}

function drawNext(
  dimensions: readonly Dimension[],
  { evolution, margin, pending }: Runs,
  history: History,
  rng: Rng,
  drawn: Record<string, ParamValue>,
): void {
  const others = [...pending.map(({ point }) => point), ...runningPoints(dimensions, history)];
  const before = others.map((point) => evolution.whitened(point));
  const normal = createNormal(rng);
  let x: Float64Array = new Float64Array(dimensions.length);
  for (let i = 0; i < MOST_DRAWS; i++) {
    x = evolution.at(orthogonalTo(Float64Array.from(dimensions, normal), before));
    if (x.every((place, j) => (dimensions[j] as Dimension).cells > 0 || (place >= 0 && place <= 1))) break;
  }
  const places = margin ? margin.placeOf(x, evolution.mean) : x;
  dimensions.forEach((dimension, i) => (drawn[dimension.name] = valueAtUnit(dimension, places[i] as number)));
}

/** The places of the trials under way, by number. */
function runningPoints(dimensions: readonly Dimension[], { trials, running }: History): Float64Array[] {
  const records = running ?? trials.filter(({ state }) => state === "running");
  return [...records].sort((a, b) => a.number - b.number).flatMap(({ params }) => unitPoint(dimensions, params) ?? []);
}
