/** The points of a finite space by place, without laying them out: independent parts multiply. */
import type { Distribution, Params, SearchSpace } from "../../core/index.js";
import { cardinality, UsageError } from "../../core/index.js";
import { parentsOf } from "../../search-space/parents-first.js";
import type { PointIndex } from "../../search-space/points.js";
import { indexPoints, inSpaceOrder } from "../../search-space/points.js";

/** A point's places in the parts of its space. */
export type Places = readonly number[];

/** A finite space as a product of parts that no condition connects. */
export interface PlaceIndex {
  /** How many points there are; rounded beyond 2^53. */
  readonly size: number;
  /** The sizes of the parts. */
  readonly sizes: readonly number[];
  at(places: Places): Params;
  /** null for what is no point of the space. */
  placesOf(params: Params): Places | null;
}

/**
 * Counts a space's points. Parameters that conditions connect are counted together, so that the cost is that of the
 * largest tree and not that of all trees' combinations.
 * @throws UsageError `brute-force-needs-steps` for a continuous range, `brute-force-too-large` for one tree with more
 * than 100,000 combinations of what its conditions look at.
 */
export function indexPlaces(space: SearchSpace): PlaceIndex {
  requireFinite(space);
  const parts = connectedParts(space).map((names) => {
    const part = indexPoints(Object.fromEntries(names.map((name) => [name, space[name] as Distribution])));
    if (part) return part;
    throw new UsageError(
      "brute-force-too-large",
      `the brute-force sampler cannot lay out the combinations of ${names.join(", ")}: more than 100000 of them decide conditions`,
    );
  });
  const sizes = parts.map(({ size }) => size);
  return {
    size: sizes.reduce((a, b) => a * b, 1),
    sizes,
    at: (places) =>
      inSpaceOrder(space, Object.assign({}, ...places.map((place, i) => (parts[i] as PointIndex).at(place))) as Params),
    placesOf: (params) => {
      const places = parts.map((part) => part.indexOf(params));
      return places.includes(-1) ? null : places;
    },
  };
}

function requireFinite(space: SearchSpace): void {
  const continuous = Object.entries(space).find(([, d]) => cardinality(d) === Infinity);
  if (!continuous) return;
  const [name, d] = continuous;
  const range = d.type === "categorical" ? "" : `[${d.low}, ${d.high}] `;
  throw new UsageError(
    "brute-force-needs-steps",
    `the brute-force sampler needs a step for "${name}": the range ${range}is continuous; give it a step or a list of choices`,
  );
}

/** The names of the parameters that conditions connect, in the order of the space. */
function connectedParts(space: SearchSpace): string[][] {
  const names = Object.keys(space);
  const part = new Map(names.map((name) => [name, name]));
  const headOf = (name: string): string => {
    const next = part.get(name) as string;
    return next === name ? name : headOf(next);
  };
  for (const name of names)
    for (const parent of parentsOf(space[name] as Distribution))
      if (part.has(parent)) part.set(headOf(parent), headOf(name));
  const parts = new Map<string, string[]>();
  for (const name of names) {
    const head = headOf(name);
    const members = parts.get(head);
    if (members) members.push(name);
    else parts.set(head, [name]);
  }
  return [...parts.values()];
}
