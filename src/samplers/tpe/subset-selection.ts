/** Which points of a front to keep: the subset of a size with a large hypervolume, chosen one after another. */
import { compareLosses, volumeAdded, volumeOf } from "../../core/index.js";
import type { Losses } from "../../core/index.js";

/** What keeps a reference point off the axes, as in Optuna. */
const NOT_ZERO = 1e-12;

/** Optuna's reference point: a tenth of the worst value's size beyond the worst in each objective. */
export function limitOf(losses: readonly Losses[]): number[] {
  return (losses[0] ?? []).map((_, i) => {
    const worst = losses.reduce((max, point) => Math.max(max, point[i] as number), -Infinity);
    const limit = Math.max(1.1 * worst, 0.9 * worst);
    return limit === 0 ? NOT_ZERO : limit;
  });
}

/**
 * The places of `size` points, chosen greedily by what each adds to the hypervolume of those before it (Guerreiro,
 * Fonseca and Paquete 2016): as Optuna 5.0.0 chooses, equals included. Repeated points come after all others.
 */
export function selectSubset(losses: readonly Losses[], size: number, limit: Losses): number[] {
  const places = Array.from(losses.keys());
  if (size >= losses.length) return places;
  const order = places.sort((a, b) => compareLosses(losses[a] as Losses, losses[b] as Losses) || a - b);
  const isRepeated = (i: number, k: number): boolean =>
    k > 0 && compareLosses(losses[order[k - 1] as number] as Losses, losses[i] as Losses) === 0;
  const unique = order.filter((i, k) => !isRepeated(i, k));
  if (unique.length < size) {
    const chosen = new Set(unique);
    const repeated = Array.from(losses.keys()).filter((i) => !chosen.has(i));
    return [...unique, ...repeated.slice(0, size - unique.length)];
  }
  if (!limit.every(Number.isFinite)) return unique.slice(0, size);
  if (unique.length === size) return unique;
  const points = unique.map((i) => losses[i] as Losses);
  const chosen = limit.length === 2 ? sweepGreedily(points, size, limit) : addGreedily(points, size, limit);
  return chosen.map((k) => unique[k] as number);
}

/** The first largest; NaN, which infinities leave, counts as larger than all, as in NumPy. */
function largest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 0; i < values.length; i++) {
    const [x, y] = [values[i] as number, values[best] as number];
    if (Number.isNaN(y)) break;
    if (x > y || Number.isNaN(x)) best = i;
  }
  return best;
}

/** Two objectives, points by the first: what a point adds is a rectangle, which each choice beside it cuts. */
function sweepGreedily(points: readonly Losses[], size: number, limit: Losses): number[] {
  const left = points.map(([x, y], place) => ({
    place,
    x: x as number,
    y: y as number,
    right: limit[0],
    top: limit[1],
  }));
  const chosen: number[] = [];
  while (chosen.length < size) {
    const added = left.map(({ x, y, right, top }) => ((right as number) - x) * ((top as number) - y));
    const at = largest(added);
    const [{ place, x, y }] = left.splice(at, 1) as [(typeof left)[number]];
    chosen.push(place);
    left.forEach((other, i) => {
      if (i < at) other.right = Math.min(x, other.right as number);
      else other.top = Math.min(y, other.top as number);
    });
  }
  return chosen;
}

/** What a point adds only falls as others are chosen: it is computed anew only where it may still be the largest. */
function addGreedily(points: readonly Losses[], size: number, limit: Losses): number[] {
  const added = Float64Array.from(points, (point) => volumeOf([point], limit));
  const chosen: number[] = [];
  const isChosen = new Uint8Array(points.length);
  let volume = 0;
  while (chosen.length < size) {
    const left = Array.from(points.keys()).filter((i) => isChosen[i] === 0);
    if (chosen.length > 0) updateAdded(points, left, { added, chosen, volume, limit });
    const next = left[largest(left.map((i) => added[i] as number))] as number;
    volume += added[next] as number;
    chosen.push(next);
    isChosen[next] = 1;
  }
  return chosen;
}

interface Chosen {
  readonly added: Float64Array;
  readonly chosen: readonly number[];
  readonly volume: number;
  readonly limit: Losses;
}

function updateAdded(
  points: readonly Losses[],
  left: readonly number[],
  { added, chosen, volume, limit }: Chosen,
): void {
  if (volume === Infinity) {
    for (const i of left) added[i] = Infinity;
    return;
  }
  const others = chosen.map((i) => points[i] as Losses);
  let most = 0;
  for (const i of [...left].sort((a, b) => (added[b] as number) - (added[a] as number))) {
    if ((added[i] as number) < most) continue;
    added[i] = volumeAdded(points[i] as Losses, others, limit);
    most = Math.max(most, added[i]);
  }
}
