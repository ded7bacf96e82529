/** The brute-force sampler: every point of a finite space once, in random order. */
import type { History, KnownKeys, Params, Rng, SearchSpace } from "../../core/index.js";
import { requireKnownKeys } from "../../core/index.js";
import { freePlace } from "../../search-space/free-place.js";
import { requireSeed } from "../options.js";
import type { Sampler } from "../sampler.js";
import type { PlaceIndex, Places } from "./place-index.js";
import { indexPlaces } from "./place-index.js";

/** The options of {@link BruteForceSampler}. */
export interface BruteForceSamplerOptions {
  /** Stands in for the study's seed in the sampler stream. @default the study's */
  readonly seed?: number;
}

const optionKeys: KnownKeys<BruteForceSamplerOptions> = { seed: true };

interface Layout {
  readonly points: PlaceIndex;
  /** The places of parameters that were looked up. */
  readonly known: WeakMap<Params, Places | "none">;
}

/**
 * Every point of a finite space once, each drawn uniformly from those that the history has in no state, so that a study
 * that stops early has seen a random sample. Points are counted, not laid out: the space may be of any size.
 * @example
 * await createStudy({ storage: "memory", space: { n: int(1, 9) }, sampler: new BruteForceSampler() });
 */
export class BruteForceSampler implements Sampler {
  readonly name = "brute-force";
  readonly objectives = "several";
  declare readonly seed?: number;
  /** As they were given. */
  readonly options: BruteForceSamplerOptions;
  readonly #layouts = new WeakMap<SearchSpace, Layout>();

  /** @throws UsageError `unknown-option`. */
  constructor(options: BruteForceSamplerOptions = {}) {
    requireKnownKeys("BruteForceSampler", options, optionKeys);
    requireSeed("brute-force", options.seed);
    this.options = Object.freeze({ ...options });
    if (options.seed !== undefined) this.seed = options.seed;
  }

  /** @throws UsageError `brute-force-needs-steps` for a continuous range, `brute-force-too-large`. */
  checkSpace(space: SearchSpace): void {
    this.#layoutOf(space);
  }

  /**
   * One of the points that are not in the history.
   * @returns null when all are.
   * @throws UsageError as {@link BruteForceSampler.checkSpace}.
   */
  suggest(space: SearchSpace, history: History, rng: Rng): Params | null {
    const { points, known } = this.#layoutOf(space);
    const taken: Places[] = [];
    for (const { params } of history.trials) {
      let places = known.get(params);
      if (places === undefined) {
        places = points.placesOf(params) ?? "none";
        if (Object.isFrozen(params)) known.set(params, places);
      }
      if (places !== "none") taken.push(places);
    }
    const places =
      points.size <= Number.MAX_SAFE_INTEGER ? freePlaces(points, taken, rng) : newPlaces(points, taken, rng);
    return places && points.at(places);
  }

  #layoutOf(space: SearchSpace): Layout {
    let layout = this.#layouts.get(space);
    if (!layout) {
      layout = { points: indexPlaces(space), known: new WeakMap() };
      if (Object.isFrozen(space)) this.#layouts.set(space, layout);
    }
    return layout;
  }
}

/** One of the places that are not taken, each as likely; null where all are. */
function freePlaces({ size, sizes }: PlaceIndex, taken: readonly Places[], rng: Rng): Places | null {
  const numbers = taken.map((places) => places.reduce((all, place, i) => all * (sizes[i] as number) + place, 0));
  let number = freePlace(size, numbers, rng);
  if (number === null) return null;
  const places = sizes.map(() => 0);
  for (let i = sizes.length - 1; i >= 0; i--) {
    const part = sizes[i] as number;
    places[i] = number % part;
    number = Math.floor(number / part);
  }
  return places;
}

/** Of more places than can be numbered, all but a vanishing share are free: drawn until it is one of these. */
function newPlaces({ sizes }: PlaceIndex, taken: readonly Places[], rng: Rng): Places {
  const keys = new Set(taken.map(String));
  for (;;) {
    const places = sizes.map((size) => Math.floor(rng() * size));
    if (!keys.has(String(places))) return places;
  }
}
