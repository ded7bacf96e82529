/** The grid sampler: every point of a finite space, or so many drawn ones, each once or so many times. */
import type { History, KnownKeys, Params, Rng, SearchSpace } from "../core/index.js";
import { cardinality, requireKnownKeys, UsageError } from "../core/index.js";
import { requireCount } from "./options.js";
import type { Sampler } from "./sampler.js";
import { drawUniform } from "../search-space/draw-uniform.js";
import { freePlace } from "../search-space/free-place.js";
import type { PointIndex } from "../search-space/points.js";
import { buildParams, indexPoints, pointKey } from "../search-space/points.js";

/** The options of {@link GridSampler}. */
export interface GridSamplerOptions {
  /** How often each point is proposed: all of them once, then all of them again. @default 1 */
  readonly repeat?: number;
  /** Only so many points, drawn at random; ranges may then be continuous. @default all of them */
  readonly random?: number;
}

const optionKeys: KnownKeys<GridSamplerOptions> = { repeat: true, random: true };

/** A space's points. */
interface Layout {
  readonly space: SearchSpace;
  /** Null where a range is continuous. */
  readonly points: PointIndex | null;
  /** What was found of frozen parameters: a history of thousands is looked through for each trial. */
  readonly keys: WeakMap<Params, Key>;
}

/** A point's place in a finite space, its text in another one; -1 for what is no point. */
type Key = number | string;

const laidOut = new WeakMap<SearchSpace, Layout>();

/** A point, what tells it from others, and how many trials of the history are at it. */
interface KnownPoint {
  readonly params: Params;
  count: number;
}

/** How many continuous draws may fall on known points: a hit is a rounding's accident. */
const ATTEMPTS = 100;

/**
 * Every point of a finite space once, in a fixed order (the last parameter varies fastest), leaving out points that the
 * history has in any state. With `repeat` all points once, then all of them again, until each has so many trials; with
 * `random` so many points, drawn uniformly and each a different one, in place of all. Repeats of failed trials
 * (`retry_of`) are no trials of their own, and banned points are left out.
 * @example
 * await createStudy({ storage: "memory", space: { n: int(1, 9) }, sampler: new GridSampler() });
 */
export class GridSampler implements Sampler {
  readonly name = "grid";
  readonly objectives = "several";
  declare readonly repeats?: boolean;
  /** As they were given. */
  readonly options: GridSamplerOptions;
  readonly #repeat: number;
  readonly #random: number | null;

  /** @throws UsageError `unknown-option`, `invalid-sampler-option`. */
  constructor(options: GridSamplerOptions = {}) {
    requireKnownKeys("GridSampler", options, optionKeys);
    const { repeat = 1, random } = options;
    requireCount("grid", "repeat", repeat, 1);
    if (random !== undefined) requireCount("grid", "random", random, 1);
    this.options = Object.freeze({ ...options });
    this.#repeat = repeat;
    this.#random = random ?? null;
    if (repeat > 1) this.repeats = true;
  }

  /**
   * The number of points that are proposed: the grid's, or as many as are drawn of them.
   * @throws UsageError `grid-needs-steps` for a continuous range, unless points are drawn.
   */
  size(space: SearchSpace): number {
    return this.#sizeOf(this.#layoutOf(space));
  }

  /** @throws UsageError `grid-needs-steps` for a continuous range, unless points are drawn. */
  checkSpace(space: SearchSpace): void {
    this.size(space);
  }

  /** How many more trials it would propose after those of a history, in whatever state they are. */
  remaining(space: SearchSpace, history: History): number {
    const layout = this.#layoutOf(space);
    const known = knownPoints(layout, history);
    const banned = bannedPoints(layout, history);
    let left = 0;
    for (const [key, { count }] of known) if (!banned.has(key)) left += Math.max(0, this.#repeat - count);
    const further = this.#random === null ? [...banned].filter((key) => !known.has(key)).length : 0;
    return left + this.#repeat * Math.max(0, this.#sizeOf(layout) - known.size - further);
  }

  /**
   * The first point with the fewest trials.
   * @returns null when each has as many as it is to have.
   * @throws UsageError `grid-needs-steps` for a continuous range, unless points are drawn.
   */
  suggest(space: SearchSpace, history: History, rng: Rng = Math.random): Params | null {
    const layout = this.#layoutOf(space);
    const known = knownPoints(layout, history);
    const banned = bannedPoints(layout, history);
    if (this.#random !== null) return this.#drawn(layout, known, banned, rng);
    const points = layout.points as PointIndex;
    for (let round = 1; round <= this.#repeat; round++)
      for (let i = 0; i < points.size; i++)
        if ((known.get(i)?.count ?? 0) < round && !banned.has(i)) return points.at(i);
    return null;
  }

  #drawn(layout: Layout, known: ReadonlyMap<Key, KnownPoint>, banned: ReadonlySet<Key>, rng: Rng): Params | null {
    if (known.size < this.#sizeOf(layout)) {
      const fresh = newPoint(layout, [...known.keys(), ...banned], rng);
      if (fresh) return fresh;
    }
    for (let round = 1; round <= this.#repeat; round++)
      for (const [key, { params, count }] of known) if (count < round && !banned.has(key)) return params;
    return null;
  }

  #sizeOf({ points }: Layout): number {
    return Math.min(this.#random ?? Infinity, points?.size ?? Infinity);
  }

  #layoutOf(space: SearchSpace): Layout {
    let layout = laidOut.get(space);
    if (!layout || (!layout.points && this.#random === null)) {
      const isContinuous = Object.values(space).some((d) => cardinality(d) === Infinity);
      const points = isContinuous && this.#random !== null ? null : layOut(space);
      layout = { space, points, keys: new WeakMap() };
      if (Object.isFrozen(space)) laidOut.set(space, layout);
    }
    return layout;
  }
}

/** The points of the space that the history has, in the order in which they came. */
function knownPoints(layout: Layout, { trials }: History): Map<Key, KnownPoint> {
  const known = new Map<Key, KnownPoint>();
  for (const { params, retry_of } of trials) {
    if (retry_of !== null) continue;
    const key = keyOf(layout, params);
    if (key === -1) continue;
    const point = known.get(key);
    if (point) point.count++;
    else known.set(key, { params, count: 1 });
  }
  return known;
}

function bannedPoints(layout: Layout, { banned = [] }: History): Set<Key> {
  return new Set(banned.map((params) => keyOf(layout, params)).filter((key) => key !== -1));
}

function keyOf({ space, points, keys }: Layout, params: Params): Key {
  let key = keys.get(params);
  if (key === undefined) {
    key = points ? points.indexOf(params) : (pointKey(space, params) ?? -1);
    if (Object.isFrozen(params)) keys.set(params, key);
  }
  return key;
}

/** A point that is none of `taken`, each as likely; null where a finite space has none. */
function newPoint(layout: Layout, taken: readonly Key[], rng: Rng): Params | null {
  const { space, points } = layout;
  if (points) {
    const place = freePlace(points.size, taken as readonly number[], rng);
    return place === null ? null : points.at(place);
  }
  const known = new Set(taken);
  const draw = (): Params => buildParams(space, (_name, distribution) => drawUniform(distribution, rng));
  let params = draw();
  for (let n = 0; n < ATTEMPTS && known.has(keyOf(layout, params)); n++) params = draw();
  return params;
}

function layOut(space: SearchSpace): PointIndex {
  const continuous = Object.entries(space).find(([, d]) => cardinality(d) === Infinity);
  if (continuous) {
    const [name, d] = continuous;
    const range = d.type === "categorical" ? "" : `[${d.low}, ${d.high}] `;
    throw new UsageError(
      "grid-needs-steps",
      `the grid sampler needs a step for "${name}": the range ${range}is continuous; give it a step or a list of choices`,
    );
  }
  const points = indexPoints(space);
  if (!points) throw new UsageError("grid-too-large", "the grid has too many conditional combinations to lay out");
  return points;
}
