/** The quasi-Monte Carlo sampler: trial n is point n of a sequence that fills the space evenly. */
import type { History, KnownKeys, Params, SearchSpace } from "../../core/index.js";
import { cardinality, createRng, requireKnownKeys, UsageError } from "../../core/index.js";
import type { Distribution } from "../../core/index.js";
import { valueAtQuantile } from "../../search-space/draw-uniform.js";
import { drawOrder } from "../../search-space/parents-first.js";
import { buildParams } from "../../search-space/points.js";
import { requireFlag, requireSeed } from "../options.js";
import type { Sampler } from "../sampler.js";
import { digitPermutations, firstPrimes, radicalInverse } from "./halton.js";
import { scrambled, SOBOL_DIMENSIONS, sobolAt, sobolCoordinate } from "./sobol.js";

/** The options of {@link QmcSampler}. */
export interface QmcSamplerOptions {
  /** Stands in for the study's seed, which the scrambling follows. @default the study's */
  readonly seed?: number;
  /** The sequence. @default "sobol" */
  readonly sequence?: "sobol" | "halton";
  /** Randomise the sequence by the seed, keeping its evenness; without, every study has the same points. @default true */
  readonly scramble?: boolean;
}

const optionKeys: KnownKeys<QmcSamplerOptions> = { seed: true, sequence: true, scramble: true };

/** One coordinate of point n. */
type Coordinate = (n: number) => number;

const KEPT_SEQUENCES = 8;

/**
 * Low-discrepancy points: a Sobol' sequence with the direction numbers of Joe and Kuo (2008), or a Halton sequence. Trial
 * n gets point n, whatever became of the others; a parameter that is inactive leaves its coordinate unused, a categorical
 * takes equal parts of it. Every block of 2^k trials of a Sobol' sequence is spread evenly.
 * @example
 * await createStudy({ storage: "memory", space: { x: float(0, 1) }, sampler: new QmcSampler({ seed: 1 }) });
 */
export class QmcSampler implements Sampler {
  readonly name = "qmc";
  readonly objectives = "several";
  declare readonly seed?: number;
  /** As they were given. */
  readonly options: QmcSamplerOptions;
  readonly #sequence: "sobol" | "halton";
  readonly #scramble: boolean;
  readonly #kept = new Map<string, ReadonlyMap<string, Coordinate>>();

  /** @throws UsageError `invalid-sampler-option`, `unknown-option`. */
  constructor(options: QmcSamplerOptions = {}) {
    requireKnownKeys("QmcSampler", options, optionKeys);
    requireSeed("qmc", options.seed);
    this.options = Object.freeze({ ...options });
    const { seed, sequence = "sobol", scramble = true } = options;
    if (!["sobol", "halton"].includes(sequence))
      throw new UsageError(
        "invalid-sampler-option",
        `qmc: unknown sequence "${String(sequence)}"; known: sobol, halton`,
      );
    requireFlag("qmc", "scramble", scramble);
    this.#sequence = sequence;
    this.#scramble = scramble;
    if (seed !== undefined) this.seed = seed;
  }

  /** @throws UsageError `too-many-parameters` beyond the Sobol' sequence's coordinates. */
  checkSpace(space: SearchSpace): void {
    const count = coordinatesOf(space).length;
    if (this.#sequence === "sobol" && count > SOBOL_DIMENSIONS)
      throw new UsageError(
        "too-many-parameters",
        `qmc: a Sobol' sequence has at most ${SOBOL_DIMENSIONS} coordinates, the space has ${count}: take sequence halton`,
      );
  }

  /** @throws UsageError as {@link QmcSampler.checkSpace}. */
  suggest(space: SearchSpace, history: History): Params {
    const coordinates = this.#coordinates(space, this.seed ?? history.seed ?? 0);
    const { number: n = history.trials.length } = history;
    return buildParams(space, (name, d) => valueAtQuantile(d, coordinates.get(name)?.(n) ?? 0));
  }

  #coordinates(space: SearchSpace, seed: number): ReadonlyMap<string, Coordinate> {
    const names = coordinatesOf(space);
    const key = JSON.stringify([seed, names]);
    let coordinates = this.#kept.get(key);
    if (coordinates) return coordinates;
    this.checkSpace(space);
    const primes = this.#sequence === "halton" ? firstPrimes(names.length) : [];
    coordinates = new Map(
      names.map((name, i) => [
        name,
        primes.length > 0 ? this.#halton(primes[i] as number, seed, name) : this.#sobol(i, seed, name),
      ]),
    );
    this.#kept.set(key, coordinates);
    if (this.#kept.size > KEPT_SEQUENCES) this.#kept.delete(this.#kept.keys().next().value as string);
    return coordinates;
  }

  // The parameter's name is part of the stream: parameters drawn one by one do not follow each other.
  #sobol(index: number, seed: number, name: string): Coordinate {
    const plain = sobolCoordinate(index);
    const coordinate = this.#scramble ? scrambled(plain, createRng(seed, "qmc", name)) : plain;
    return (n) => sobolAt(coordinate, n);
  }

  #halton(base: number, seed: number, name: string): Coordinate {
    const permutations = this.#scramble ? digitPermutations(base, createRng(seed, "qmc", name)) : undefined;
    return (n) => radicalInverse(n, base, permutations);
  }
}

/** The parameters that have a coordinate: those with more than one value, parents first. */
function coordinatesOf(space: SearchSpace): string[] {
  return drawOrder(space).filter((name) => cardinality(space[name] as Distribution) > 1);
}
