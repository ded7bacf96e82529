/** The NSGA-II sampler: its options, and how a child is made. */
import type { Distribution, History, KnownKeys, Params, ParamValue, Rng, SearchSpace } from "../../core/index.js";
import { isActive, requireKnownKeys, UsageError } from "../../core/index.js";
import { drawUniform } from "../../search-space/draw-uniform.js";
import { inSpaceOrder } from "../../search-space/points.js";
import { fromUnit, toUnit, unitDimension } from "../../search-space/unit-interval.js";
import { requireCount, requireNumber, requireSeed } from "../options.js";
import type { Sampler } from "../sampler.js";
import type { SpaceEncoding } from "../tpe/encoding.js";
import { decodeValue, SpaceEncodings } from "../tpe/encoding.js";
import type { Parent } from "./generations.js";
import { parentsOf } from "./generations.js";
import type { Crossing } from "./variation.js";
import { polynomialMutation, simulatedBinary, uniformCrossing } from "./variation.js";

/** The options of {@link NsgaIISampler}. */
export interface NsgaIISamplerOptions {
  /** Stands in for the study's seed in the sampler stream. @default the study's */
  readonly seed?: number;
  /** Complete trials a generation; at least 2. @default 50 */
  readonly populationSize?: number;
  /** How two parents' numbers become a child's; choices always come from the one or the other. @default "uniform" */
  readonly crossover?: "uniform" | "sbx";
  /** The probability that a child has two parents and not one. @default 0.9 */
  readonly crossoverProbability?: number;
  /** With uniform crossover and for choices: the probability of the second parent's value. @default 0.5 */
  readonly swappingProbability?: number;
  /** What a mutated number becomes: any value of its range, or one near it; a choice becomes any. @default "uniform" */
  readonly mutation?: "uniform" | "polynomial";
  /** The probability that a parameter is mutated. @default 1 / the number of active parameters */
  readonly mutationProbability?: number;
}

const optionKeys: KnownKeys<NsgaIISamplerOptions> = {
  ...({ seed: true, populationSize: true, crossover: true, crossoverProbability: true } as const),
  ...({ swappingProbability: true, mutation: true, mutationProbability: true } as const),
};

type Resolved = Required<Omit<NsgaIISamplerOptions, "seed" | "mutationProbability">> & {
  readonly mutationProbability: number | null;
};

const defaults: Resolved = {
  populationSize: 50,
  crossover: "uniform",
  crossoverProbability: 0.9,
  swappingProbability: 0.5,
  mutation: "uniform",
  mutationProbability: null,
};

/** The distribution indices with which simulated binary crossover and polynomial mutation are used most. */
const CROSSOVER_ETA = 20;
const MUTATION_ETA = 20;

function refuse(text: string): never {
  throw new UsageError("invalid-sampler-option", `nsga2: ${text}`);
}

function resolve(options: NsgaIISamplerOptions): Resolved {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const resolved: Resolved = { ...defaults, ...Object.fromEntries(given) };
  const { populationSize: size, crossover, mutation } = resolved;
  requireCount("nsga2", "populationSize", size, 2);
  const isShare = (value: number): boolean => value >= 0 && value <= 1;
  for (const name of ["crossoverProbability", "swappingProbability", "mutationProbability"] as const) {
    const value = resolved[name];
    if (value !== null) requireNumber("nsga2", name, value, isShare, "lie in [0, 1]");
  }
  if (!["uniform", "sbx"].includes(crossover)) refuse(`unknown crossover "${crossover}"; known: uniform, sbx`);
  if (!["uniform", "polynomial"].includes(mutation))
    refuse(`unknown mutation "${mutation}"; known: uniform, polynomial`);
  return resolved;
}

/** What a proposal is made with. */
interface Asked {
  readonly encoding: SpaceEncoding;
  readonly parents: readonly Parent[];
  readonly rng: Rng;
}

/**
 * NSGA-II (Deb et al. 2002): a generation of random trials, then children of those that survived, which are chosen by
 * rank of dominance and by the room around them; trials that miss constraints come behind those that meet them. A
 * trial belongs to the generation in which it finished, so that nothing is kept beside the records and any number of
 * trials may be under way. Failed and pruned ones are in no generation. It serves one objective as well.
 * @example
 * const sampler = new NsgaIISampler({ populationSize: 20 });
 * await createStudy({ storage: "memory", directions: ["minimize", "minimize"], space: { x: float(0, 1) }, sampler });
 */
export class NsgaIISampler implements Sampler {
  readonly name = "nsga2";
  readonly objectives = "several";
  declare readonly seed?: number;
  /** As they were given. */
  readonly options: NsgaIISamplerOptions;
  readonly #options: Resolved;
  readonly #cross: Crossing;
  readonly #encodings = new SpaceEncodings();

  /** @throws UsageError `invalid-sampler-option`, `unknown-option`. */
  constructor(options: NsgaIISamplerOptions = {}) {
    requireKnownKeys("NsgaIISampler", options, optionKeys);
    requireSeed("nsga2", options.seed);
    this.options = Object.freeze({ ...options });
    this.#options = resolve(options);
    const { crossover, swappingProbability } = this.#options;
    this.#cross = crossover === "sbx" ? simulatedBinary(CROSSOVER_ETA) : uniformCrossing(swappingProbability);
    if (options.seed !== undefined) this.seed = options.seed;
  }

  suggest(space: SearchSpace, history: History, rng: Rng): Params {
    const encoding = this.#encodings.of(space);
    const directions = history.directions ?? [history.direction];
    const parents = parentsOf(encoding, history.trials, directions, this.#options.populationSize) ?? [];
    return inSpaceOrder(space, this.#childOf({ encoding, parents, rng }));
  }

  /** A child's values, a parent parameter before those that hang on it; without parents a random draw. */
  #childOf({ encoding, parents, rng }: Asked): Record<string, ParamValue> {
    const { crossoverProbability, mutationProbability } = this.#options;
    const pair = parents.length === 0 ? [] : drawParents(parents, rng() < crossoverProbability ? 2 : 1, rng);
    const child: Record<string, ParamValue> = {};
    const expected = pair[0]?.values.reduce((n, value) => (Number.isNaN(value) ? n : n + 1), 0) ?? 0;
    const rate = mutationProbability ?? 1 / Math.max(1, expected);
    encoding.distributions.forEach((d, i) => {
      if (!isActive(d, child)) return;
      const known = pair.map(({ values }) => values[i] as number).filter((value) => !Number.isNaN(value));
      child[encoding.names[i] as string] =
        known.length === 0 ? drawUniform(d, rng) : decodeValue(encoding, i, this.#valueOf(d, known, rate, rng));
    });
    return child;
  }

  /** One parameter of a child, of what its parents have of it: external units, or the index of a choice. */
  #valueOf(distribution: Distribution, known: readonly number[], rate: number, rng: Rng): number {
    const d = unitDimension(distribution);
    const [a, b] = known as [number, number?];
    const mutates = rng() < rate;
    if (d.choices > 0) {
      if (mutates) return Math.floor(rng() * d.choices);
      return b === undefined || rng() >= this.#options.swappingProbability ? a : b;
    }
    if (mutates && this.#options.mutation === "uniform") return drawUniform(distribution, rng) as number;
    const crossed = b === undefined ? a : this.#crossed(d, a, b, rng);
    if (!mutates) return crossed;
    return fromUnit(d, polynomialMutation(toUnit(d, crossed), MUTATION_ETA, rng));
  }

  #crossed(d: ReturnType<typeof unitDimension>, a: number, b: number, rng: Rng): number {
    const crossed = this.#cross(toUnit(d, a), toUnit(d, b), rng);
    // A parent's own number is handed on as it is, not as rounding leaves it.
    if (crossed === toUnit(d, a)) return a;
    return crossed === toUnit(d, b) ? b : fromUnit(d, crossed);
  }
}

/** Parents by tournaments of two: the better rank wins, then the more room; the second is another than the first. */
function drawParents(parents: readonly Parent[], count: number, rng: Rng): readonly Parent[] {
  const drawn: Parent[] = [];
  while (drawn.length < count && drawn.length < parents.length) {
    const left = parents.filter((parent) => !drawn.includes(parent));
    const draw = (): Parent => left[Math.floor(rng() * left.length)] as Parent;
    const [a, b] = [draw(), draw()];
    drawn.push(a.rank < b.rank || (a.rank === b.rank && a.room >= b.room) ? a : b);
  }
  return drawn;
}
