/** The parameters that CMA-ES moves, on the unit interval, and the cells of those with a grid. */
import type { Distribution, Params, ParamValue, SearchSpace } from "../../core/index.js";
import { cardinality, contains } from "../../core/index.js";
import { drawOrder, parentsOf } from "../../search-space/parents-first.js";
import type { UnitDimension } from "../../search-space/unit-interval.js";
import { fromUnit, toUnit, unitDimension } from "../../search-space/unit-interval.js";

/** A numeric parameter; log ranges in the logarithm, stepped ones with half a step on either side. */
export interface Dimension {
  readonly name: string;
  readonly distribution: Distribution;
  readonly unit: UnitDimension;
  /** The number of values of one with a grid; 0 for a continuous one. */
  readonly cells: number;
}

/** A space in two parts. */
export interface Division {
  /** Moved by CMA-ES, jointly. */
  readonly dimensions: readonly Dimension[];
  /** Drawn by another rule: categoricals, parameters with conditions, and what these conditions look at. */
  readonly rest: readonly string[];
}

/** Divides a space. Parameters with a single value belong to the rest. */
export function divide(space: SearchSpace): Division {
  const parents = new Set(Object.values(space).flatMap(parentsOf));
  const dimensions: Dimension[] = [];
  const rest: string[] = [];
  for (const name of drawOrder(space)) {
    const distribution = space[name] as Distribution;
    const own = distribution.type === "categorical" || distribution.when || parents.has(name);
    if (own || cardinality(distribution) === 1) rest.push(name);
    else {
      const n = cardinality(distribution);
      dimensions.push({ name, distribution, unit: unitDimension(distribution), cells: n === Infinity ? 0 : n });
    }
  }
  return { dimensions, rest };
}

/** A trial's place on the unit cube; null where it lacks a parameter or has one outside its range. */
export function unitPoint(dimensions: readonly Dimension[], params: Params): Float64Array | null {
  const point = new Float64Array(dimensions.length);
  for (let i = 0; i < dimensions.length; i++) {
    const { name, distribution, unit } = dimensions[i] as Dimension;
    const value = params[name];
    if (typeof value !== "number" || !contains(distribution, value)) return null;
    point[i] = toUnit(unit, value);
  }
  return point;
}

/** The parameter's value at a place: clipped to its range, on its grid. */
export function valueAtUnit({ unit }: Dimension, place: number): ParamValue {
  return fromUnit(unit, place);
}

/** Which cell of its grid a place lies in: 0 … cells - 1. */
export function cellAt({ unit }: Dimension, place: number): number {
  return Math.round((fromUnit(unit, place) - unit.low) / unit.step);
}

/** The border between cell `cell` and the next one, on the unit interval. */
export function borderAbove({ unit }: Dimension, cell: number): number {
  return toUnit(unit, unit.low + (cell + 0.5) * unit.step);
}
