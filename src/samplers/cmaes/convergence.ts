/** Whether a run's valley is worth its last digits, or another one is looked for. */
import type { Evolution } from "./evolution.js";
import type { Rank } from "./ranking.js";
import { compareRanks } from "./ranking.js";
import { lengthOf } from "./vectors.js";

/** The rank correlation of distance and value from which a run has gone down one smooth valley. */
const SMOOTH = 0.985;

/**
 * Whether values rise with the distance from the distribution's mean, without the order being disturbed by valleys
 * beside: Spearman's correlation of ranks with distances, in the metric of C or plain ones, whichever fits better.
 */
export function looksSmooth(
  members: readonly { readonly point: Float64Array; readonly rank: Rank }[],
  evolution: Evolution,
): boolean {
  const byRank = [...members].sort((a, b) => compareRanks(a.rank, b.rank)).map(({ point }) => point);
  const plain = (x: Float64Array): number => lengthOf(x.map((v, i) => v - (evolution.mean[i] as number)));
  const inMetric = (x: Float64Array): number => lengthOf(evolution.whitened(x));
  return Math.max(correlation(byRank, plain), correlation(byRank, inMetric)) >= SMOOTH;
}

/** Spearman's correlation of the order of `items` with that of `measure`. */
function correlation(items: readonly Float64Array[], measure: (item: Float64Array) => number): number {
  const n = items.length;
  const measures = items.map(measure);
  const order = [...measures.keys()].sort((a, b) => (measures[a] as number) - (measures[b] as number));
  const squares = order.reduce((sum, place, rank) => sum + (place - rank) ** 2, 0);
  return 1 - (6 * squares) / (n * (n * n - 1));
}
