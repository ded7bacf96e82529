/** The points of a space: built, compared, numbered. */
import type { Distribution, NumericDistribution, Params, ParamValue, SearchSpace } from "../core/index.js";
import { cardinality, contains, isActive } from "../core/index.js";
import { drawOrder, parentsOf } from "./parents-first.js";

/**
 * Draws every active parameter with `draw`, parents first; the result is in the order of the space.
 * @example
 * const rng = createRng(1);
 * buildParams({ x: float(0, 1), n: int(1, 9) }, (_name, distribution) => valueAtQuantile(distribution, rng()));
 */
export function buildParams(
  space: SearchSpace,
  draw: (name: string, distribution: Distribution) => ParamValue,
): Params {
  const drawn: Record<string, ParamValue> = {};
  for (const name of drawOrder(space)) {
    const distribution = space[name] as Distribution;
    if (isActive(distribution, drawn)) drawn[name] = draw(name, distribution);
  }
  return inSpaceOrder(space, drawn);
}

/** The same parameters in the order of the space. */
export function inSpaceOrder(space: SearchSpace, params: Params): Params {
  const ordered: Record<string, ParamValue> = {};
  for (const name of Object.keys(space)) if (Object.hasOwn(params, name)) ordered[name] = params[name] as ParamValue;
  return ordered;
}

/** The parameters of the space that are active under `params` and present in it. */
export function activeParams(space: SearchSpace, params: Params): Params {
  const active: Record<string, ParamValue> = {};
  for (const name of drawOrder(space))
    if (Object.hasOwn(params, name) && isActive(space[name] as Distribution, active))
      active[name] = params[name] as ParamValue;
  return inSpaceOrder(space, active);
}

/** A discrete parameter's value by its place: 0 … cardinality - 1. */
export function valueAt(distribution: Distribution, index: number): ParamValue {
  if (distribution.type === "categorical") return distribution.choices[index] as ParamValue;
  return gridValue(distribution, index);
}

function gridValue({ low, high, step }: NumericDistribution, index: number): number {
  return Math.min(high, low + index * (step ?? 0));
}

/** The place of a discrete parameter's value; -1 for one that it cannot take. */
export function indexOf(distribution: Distribution, value: ParamValue): number {
  if (distribution.type === "categorical") return distribution.choices.indexOf(value);
  if (!contains(distribution, value)) return -1;
  return distribution.step === null ? 0 : Math.round(((value as number) - distribution.low) / distribution.step);
}

/** Two values of a stepped float are the same up to this part of a step: sums of steps are rounded. */
const ROUNDING = 1e-6;

/** Whether two values of a parameter are the same point (stepped floats up to rounding). */
export function sameValue(distribution: Distribution, a: ParamValue, b: ParamValue): boolean {
  if (a === b) return true;
  if (distribution.type !== "float" || distribution.step === null) return false;
  if (typeof a !== "number" || typeof b !== "number") return false;
  return Math.abs(a - b) < ROUNDING * distribution.step;
}

/** Whether two parameter sets are the same point: the same active parameters with the same values. */
export function samePoint(space: SearchSpace, a: Params, b: Params): boolean {
  for (const name of drawOrder(space)) {
    const distribution = space[name] as Distribution;
    // both were found equal in all that the condition looks at, so one of them decides for both
    if (!isActive(distribution, a)) continue;
    if (!Object.hasOwn(a, name) || !Object.hasOwn(b, name)) return false;
    if (!sameValue(distribution, a[name] as ParamValue, b[name] as ParamValue)) return false;
  }
  return true;
}

/** A stepped float's value as the number of its step, in a list of its own; any other value as it is. */
function keyOfValue(distribution: Distribution, value: ParamValue): ParamValue | readonly [number] {
  if (distribution.type !== "float" || distribution.step === null || typeof value !== "number") return value;
  const place = Math.round((value - distribution.low) / distribution.step);
  return Math.abs(value - gridValue(distribution, place)) < (ROUNDING / 2) * distribution.step ? [place] : value;
}

/**
 * A text that two parameter sets share when they are {@link samePoint the same point}: what is looked up instead of
 * compared. Null for what is no point of the space: an active parameter is missing or no finite value.
 */
export function pointKey(space: SearchSpace, params: Params): string | null {
  const active: Record<string, ParamValue> = {};
  const values: unknown[] = [];
  for (const name of drawOrder(space)) {
    const distribution = space[name] as Distribution;
    if (!isActive(distribution, active)) continue;
    if (!Object.hasOwn(params, name)) return null;
    const value = params[name] as ParamValue;
    if (typeof value === "number" && !Number.isFinite(value)) return null;
    active[name] = value;
    values.push(keyOfValue(distribution, value));
  }
  return JSON.stringify(values);
}

/**
 * A finite space's points in a fixed order: those of one assignment of the parameters that conditions look at stand
 * together as a block, the last parameter varying fastest.
 */
export interface PointIndex {
  /** The number of points. */
  readonly size: number;
  /** The point at a place. */
  at(index: number): Params;
  /** The place of a point; -1 when it is none of the space. */
  indexOf(params: Params): number;
}

interface Block {
  readonly start: number;
  readonly size: number;
  readonly fixed: Params;
  /** Active parameters that nothing depends on. */
  readonly free: readonly string[];
}

/** More blocks than this are not laid out. */
const MAX_BLOCKS = 100_000;

/**
 * Numbers the points of a space.
 * @returns null when the space has a continuous parameter, or too many conditional combinations to lay out.
 */
export function indexPoints(space: SearchSpace): PointIndex | null {
  if (Object.values(space).some((d) => cardinality(d) === Infinity)) return null;
  const order = drawOrder(space);
  const parents = new Set(Object.values(space).flatMap(parentsOf));
  const deciding = order.filter((name) => parents.has(name));
  const free = order.filter((name) => !parents.has(name));
  const blocks: Block[] = [];
  let total = 0;
  const layOut = (depth: number, fixed: Record<string, ParamValue>): boolean => {
    const name = deciding[depth];
    if (name === undefined) {
      if (blocks.length >= MAX_BLOCKS) return false;
      const active = free.filter((f) => isActive(space[f] as Distribution, fixed));
      const size = active.reduce((n, f) => n * cardinality(space[f] as Distribution), 1);
      blocks.push({ start: total, size, fixed: { ...fixed }, free: active });
      total += size;
      return true;
    }
    const distribution = space[name] as Distribution;
    if (!isActive(distribution, fixed)) return layOut(depth + 1, fixed);
    for (let i = 0; i < cardinality(distribution); i++)
      if (!layOut(depth + 1, { ...fixed, [name]: valueAt(distribution, i) })) return false;
    return true;
  };
  return layOut(0, {}) ? pointIndex(space, blocks, deciding, total) : null;
}

function pointIndex(space: SearchSpace, blocks: Block[], deciding: string[], size: number): PointIndex {
  const key = (params: Params): string =>
    JSON.stringify(
      deciding.map((n) => (Object.hasOwn(params, n) ? indexOf(space[n] as Distribution, params[n] as ParamValue) : -1)),
    );
  const byKey = new Map(blocks.map((b) => [key(b.fixed), b]));
  return {
    size,
    at: (index) => {
      const block = blockAt(blocks, index);
      const point: Record<string, ParamValue> = { ...block.fixed };
      let left = index - block.start;
      for (const name of [...block.free].reverse()) {
        const n = cardinality(space[name] as Distribution);
        point[name] = valueAt(space[name] as Distribution, left % n);
        left = Math.floor(left / n);
      }
      return inSpaceOrder(space, point);
    },
    indexOf: (params) => {
      const active = activeParams(space, params);
      const block = byKey.get(key(active));
      if (!block) return -1;
      let place = 0;
      for (const name of block.free) {
        const d = space[name] as Distribution;
        const i = Object.hasOwn(active, name) ? indexOf(d, active[name] as ParamValue) : -1;
        if (i < 0) return -1;
        place = place * cardinality(d) + i;
      }
      return block.start + place;
    },
  };
}

function blockAt(blocks: readonly Block[], index: number): Block {
  let low = 0;
  let high = blocks.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((blocks[middle] as Block).start <= index) low = middle;
    else high = middle - 1;
  }
  return blocks[low] as Block;
}
