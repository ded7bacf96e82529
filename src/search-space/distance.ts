/** How far points of a space are apart. */
import type { Distribution, Params, ParamValue, SearchSpace } from "../core/index.js";
import type { UnitDimension } from "./unit-interval.js";
import { toUnit, unitDimension } from "./unit-interval.js";

/**
 * The squared Euclidean distance of two points with every range scaled to the unit interval; a choice that differs, and a
 * parameter that one of the two lacks, counts 1.
 */
export function distanceIn(space: SearchSpace): (a: Params, b: Params) => number {
  const dimensions = Object.entries(space).map(([name, d]) => [name, unitDimension(d), d] as const);
  return (a, b) => {
    let sum = 0;
    for (const [name, d, distribution] of dimensions) sum += squared(d, distribution, a[name], b[name]);
    return sum;
  };
}

function squared(d: UnitDimension, { type }: Distribution, a?: ParamValue, b?: ParamValue): number {
  if (a === b) return 0;
  if (type === "categorical" || typeof a !== "number" || typeof b !== "number") return 1;
  const difference = toUnit(d, a) - toUnit(d, b);
  return difference * difference;
}
