/** A space as the coordinates that a Gaussian process sees: plain data, so that it can be posted to a thread. */
import type { Condition, Distribution, ParamValue, Rng } from "../../core/index.js";
import { cardinality } from "../../core/index.js";
import type { UnitDimension } from "../../search-space/unit-interval.js";
import { fromUnit, toUnit, unitDimension } from "../../search-space/unit-interval.js";

/** One parameter. Parents stand before what depends on them. */
export interface Coordinate {
  readonly unit: UnitDimension;
  /** The number of values; Infinity for a continuous one. */
  readonly size: number;
  /** It is active where each parent has one of the values (external numbers, indices of choices). */
  readonly when: readonly ParentValues[];
}

interface ParentValues {
  /** The parent's place; -1 where the space has none of that name. */
  readonly parent: number;
  readonly values: readonly number[];
}

/**
 * A point that has a value for every coordinate, active or not, on the grids of stepped ones: what a search moves.
 * {@link gate} makes of it what the process sees.
 */
export type FullPoint = Float64Array;

/** The coordinates of parameters in an order in which parents come first. */
export function coordinatesOf(names: readonly string[], distributions: readonly Distribution[]): Coordinate[] {
  return distributions.map((d) => ({
    unit: unitDimension(d),
    size: cardinality(d),
    when: Object.entries(d.when ?? {}).map(([name, wanted]) => parentValues(name, wanted, names, distributions)),
  }));
}

function parentValues(
  name: string,
  wanted: Condition[string],
  names: readonly string[],
  distributions: readonly Distribution[],
): ParentValues {
  const parent = names.indexOf(name);
  const d = distributions[parent];
  const list = (Array.isArray(wanted) ? wanted : [wanted]) as readonly ParamValue[];
  if (!d) return { parent: -1, values: [] };
  return { parent, values: list.map((v) => (d.type === "categorical" ? d.choices.indexOf(v) : Number(v))) };
}

/** [D]: 1 for categorical coordinates. */
export function categoricalOf(coordinates: readonly Coordinate[]): Uint8Array {
  return Uint8Array.from(coordinates, ({ unit }) => (unit.choices > 0 ? 1 : 0));
}

/** What stands for the value of an inactive parameter: the middle of a range, a choice of its own. */
function absent({ unit }: Coordinate): number {
  return unit.choices > 0 ? -1 : 0.5;
}

/**
 * A trial's values (external numbers and indices of choices, NaN where inactive) as the process sees them. Inactive
 * parameters stand at the same place in all trials; those of different branches are told apart by what the branches
 * hang on.
 */
export function toCoordinates(coordinates: readonly Coordinate[], values: ArrayLike<number>): Float64Array {
  return Float64Array.from(coordinates, (c, i) => {
    const value = values[i] as number;
    if (Number.isNaN(value)) return absent(c);
    return c.size === 1 && c.unit.choices === 0 ? 0.5 : toUnit(c.unit, value);
  });
}

/** Which coordinates of a point are active. */
export function activeAt(coordinates: readonly Coordinate[], point: FullPoint): Uint8Array {
  const active = new Uint8Array(point.length);
  coordinates.forEach(({ when }, i) => {
    active[i] = when.every(({ parent, values }) => {
      if (!active[parent]) return false;
      return values.includes(fromUnit((coordinates[parent] as Coordinate).unit, point[parent] as number));
    })
      ? 1
      : 0;
  });
  return active;
}

/** The point as the process sees it: the place of absent ones in inactive coordinates. */
export function gate(coordinates: readonly Coordinate[], point: FullPoint, active: Uint8Array): Float64Array {
  return point.map((v, i) => (active[i] ? v : absent(coordinates[i] as Coordinate)));
}

/** The nearest value of a coordinate that its parameter can have. */
export function snap({ unit, size }: Coordinate, value: number): number {
  if (unit.choices > 0) return Math.min(unit.choices - 1, Math.max(0, Math.round(value)));
  if (size === 1) return 0.5;
  if (unit.step === 0) return Math.min(1, Math.max(0, value));
  return toUnit(unit, fromUnit(unit, value));
}

/** A value drawn uniformly. */
export function drawCoordinate(coordinate: Coordinate, rng: Rng): number {
  const { choices } = coordinate.unit;
  return choices > 0 ? Math.min(choices - 1, Math.floor(rng() * choices)) : snap(coordinate, rng());
}

/** All values of a discrete coordinate, in order. */
export function valuesOf({ unit, size }: Coordinate): number[] {
  if (unit.choices > 0) return Array.from({ length: unit.choices }, (_, i) => i);
  if (size === 1) return [0.5];
  return Array.from({ length: size }, (_, i) => toUnit(unit, Math.min(unit.high, unit.low + i * unit.step)));
}

/** The values `steps` places below and above one of a stepped range. */
export function neighboursOf({ unit }: Coordinate, value: number, steps: number): number[] {
  const external = fromUnit(unit, value);
  return [external - steps * unit.step, external + steps * unit.step]
    .filter((v) => v >= unit.low - unit.step / 4 && v <= unit.high + unit.step / 4)
    .map((v) => toUnit(unit, v));
}

/**
 * All points of a finite space, the last coordinate varying fastest; null where there are more than `most`. Points that
 * differ in inactive coordinates alone stand for the same one.
 */
export function allPoints(coordinates: readonly Coordinate[], most: number): FullPoint[] | null {
  if (coordinates.reduce((product, { size }) => product * size, 1) > most) return null;
  let points: number[][] = [[]];
  for (const values of coordinates.map(valuesOf)) points = points.flatMap((start) => values.map((v) => [...start, v]));
  return points.map((point) => Float64Array.from(point));
}
