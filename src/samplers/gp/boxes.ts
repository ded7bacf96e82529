/** The region that a Pareto front leaves undominated, cut into boxes. Lower is better in every objective. */

/** A box; `low` may be -Infinity. */
export interface Box {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/**
 * Disjoint boxes that make up what is below the reference point and dominated by no point of the front: slabs along the
 * last objective, each cut like a front of one objective less.
 * @param points whatever is dominated or not below the reference changes nothing
 */
export function undominatedBoxes(points: readonly (readonly number[])[], reference: readonly number[]): Box[] {
  const last = reference.length - 1;
  const inside = points.filter((p) => p.every((v, k) => v < (reference[k] as number)));
  const [top, rest] = [reference[last] as number, reference.slice(0, last)];
  if (last === 0) return [{ low: [-Infinity], high: [Math.min(top, ...inside.map((p) => p[0] as number))] }];
  const boxes: Box[] = [];
  const levels = [...new Set(inside.map((p) => p[last] as number))].sort((a, b) => a - b);
  [-Infinity, ...levels].forEach((from, i) => {
    const to = levels[i] ?? top;
    const below = inside.filter((p) => (p[last] as number) <= from).map((p) => p.slice(0, last));
    for (const { low, high } of undominatedBoxes(below, rest)) boxes.push({ low: [...low, from], high: [...high, to] });
  });
  return boxes;
}
