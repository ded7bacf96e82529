/** The hypervolume of points with several objectives, exactly: a sweep in two dimensions, WFG's slices beyond. */
import { UsageError } from "./errors.js";
import type { Direction } from "./trial.js";

/** A point whose numbers are all the better the lower they are. */
export type Losses = readonly number[];

/** The values with their sign turned where more is better; NaN, worse than every number, becomes Infinity. */
export function lossesOf(values: readonly number[], directions: readonly Direction[]): number[] {
  return directions.map((direction, i) => {
    const value = values[i] as number;
    if (Number.isNaN(value)) return Infinity;
    return direction === "minimize" ? value : -value;
  });
}

/**
 * How much of the space of objectives the points dominate, up to a reference point: the larger, the better and the
 * wider spread they are. Points that are not better than the reference in every objective add nothing.
 * @param points one number an objective each; dominated and equal ones may be among them
 * @param reference as long as the points; worse than whatever shall count
 * @param directions one an objective. @default every one is minimized
 * @returns the product of the objectives' units; Infinity where a point or the reference is infinitely far
 * @throws UsageError `invalid-reference` for a reference of another length, or with NaN.
 * @example
 * hypervolume([[1, 3], [2, 1]], [4, 4]); // 7
 */
export function hypervolume(
  points: Iterable<readonly number[]>,
  reference: readonly number[],
  directions: readonly Direction[] = reference.map(() => "minimize" as const),
): number {
  if (reference.length !== directions.length || reference.length === 0 || reference.some(Number.isNaN))
    throw new UsageError(
      "invalid-reference",
      `reference point [${reference.join(", ")}]: expected one number for each of ${directions.length} objectives`,
    );
  const limit = lossesOf(reference, directions);
  return volumeOf(
    Array.from(points, (values) => lossesOf(values, directions)),
    limit,
  );
}

/** The hypervolume of losses; see {@link hypervolume}. */
export function volumeOf(losses: readonly Losses[], limit: Losses): number {
  const inside = losses.filter((point) => point.every((x, i) => x < (limit[i] as number)));
  if (inside.length === 0) return 0;
  const volume = sliced(nonDominated(inside), limit, limit.length);
  // Only infinities leave what is no number: theirs is infinite.
  return Number.isNaN(volume) ? Infinity : volume;
}

/** By how much a point enlarges the hypervolume of others. */
export function volumeAdded(point: Losses, others: readonly Losses[], limit: Losses): number {
  if (!point.every((x, i) => x < (limit[i] as number))) return 0;
  const own = boxOf(point, limit, limit.length);
  const added = own - volumeOf(limitedTo(point, others, limit.length), limit);
  return Number.isNaN(added) ? Infinity : Math.max(0, added);
}

/** What a point dominates in the first `size` objectives. */
function boxOf(point: Losses, limit: Losses, size: number): number {
  let volume = 1;
  for (let i = 0; i < size; i++) volume *= (limit[i] as number) - (point[i] as number);
  return volume;
}

/** The parts of others that lie within what `point` dominates, in the first `size` objectives. */
function limitedTo(point: Losses, others: readonly Losses[], size: number): number[][] {
  return others.map((other) => {
    const limited = new Array<number>(size);
    for (let i = 0; i < size; i++) limited[i] = Math.max(point[i] as number, other[i] as number);
    return limited;
  });
}

/**
 * The hypervolume in the first `size` objectives of points that don't dominate each other (While, Bradstreet, Barone
 * 2012). From the worst to the best in the last objective, each point adds its depth there times what it alone
 * dominates in the others: whatever of a later point lies within its box is as deep as it.
 */
function sliced(points: readonly Losses[], limit: Losses, size: number): number {
  if (size === 1) return (limit[0] as number) - Math.min(...points.map((point) => point[0] as number));
  if (size === 2) return swept(points, limit);
  const last = size - 1;
  const order = [...points].sort((a, b) => (b[last] as number) - (a[last] as number));
  let volume = 0;
  order.forEach((point, i) => {
    const later = limitedTo(point, order.slice(i + 1), last);
    const shared = later.length === 0 ? 0 : sliced(nonDominated(later), limit, last);
    volume += ((limit[last] as number) - (point[last] as number)) * (boxOf(point, limit, last) - shared);
  });
  return volume;
}

/** The area in two dimensions, a stripe a point. */
function swept(points: readonly Losses[], limit: Losses): number {
  let [area, height] = [0, limit[1] as number];
  for (const [x, y] of points as readonly [number, number][]) {
    if (!(y < height)) continue;
    area += ((limit[0] as number) - x) * (height - y);
    height = y;
  }
  return area;
}

/** Below 0 where `a` comes before `b` when points are sorted by their first objective, then by their second, … */
export function compareLosses(a: Losses, b: Losses): number {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** Whether `a` is nowhere worse than `b`. */
export function covers(a: Losses, b: Losses): boolean {
  for (let i = 0; i < a.length; i++) if ((a[i] as number) > (b[i] as number)) return false;
  return true;
}

/** The points that no other dominates, each once, in the order of {@link compareLosses}. */
export function nonDominated(losses: readonly Losses[]): Losses[] {
  const front: Losses[] = [];
  // Whoever covers a point stands before it, and so does one of the front that covers that one.
  for (const point of [...losses].sort(compareLosses)) {
    let covered = false;
    for (let i = front.length - 1; i >= 0 && !covered; i--) covered = covers(front[i] as Losses, point);
    if (!covered) front.push(point);
  }
  return front;
}
