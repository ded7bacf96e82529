/** The grid sampler: every point of a finite space once. */
import type { History, Params, Rng, SearchSpace } from "../core/index.js";
import { cardinality, requireKnownKeys, UsageError } from "../core/index.js";
import type { Sampler } from "./sampler.js";
import type { PointIndex } from "../search-space/points.js";
import { indexPoints } from "../search-space/points.js";

const laidOut = new WeakMap<SearchSpace, PointIndex>();

/**
 * Every point of a finite space once, in a fixed order (the last parameter varies fastest), leaving out points that the
 * history has in any state.
 * @example
 * await createStudy({ storage: "memory", space: { n: int(1, 9) }, sampler: new GridSampler() });
 */
export class GridSampler implements Sampler {
  readonly name = "grid";
  readonly objectives = "several";

  /** Takes no options. @throws UsageError `unknown-option`. */
  constructor(options: Readonly<Record<string, never>> = {}) {
    requireKnownKeys("GridSampler", options, {});
  }

  /**
   * The number of the grid's points.
   * @throws UsageError `grid-needs-steps` for a continuous range.
   */
  size(space: SearchSpace): number {
    return pointsOf(space).size;
  }

  /** @throws UsageError `grid-needs-steps` for a continuous range. */
  checkSpace(space: SearchSpace): void {
    pointsOf(space);
  }

  /**
   * The first point that is not in the history.
   * @returns null when all are.
   * @throws UsageError `grid-needs-steps` for a continuous range.
   */
  suggest(space: SearchSpace, history: History, _rng?: Rng): Params | null {
    const points = pointsOf(space);
    const taken = new Set(history.trials.map((t) => points.indexOf(t.params)));
    for (let i = 0; i < points.size; i++) if (!taken.has(i)) return points.at(i);
    return null;
  }
}

function pointsOf(space: SearchSpace): PointIndex {
  let points = laidOut.get(space);
  if (!points) {
    points = layOut(space);
    if (Object.isFrozen(space)) laidOut.set(space, points);
  }
  return points;
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
