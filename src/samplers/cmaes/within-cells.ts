/** Where within the cells of its grid a trial was drawn: what its record does not hold is drawn anew. */
import type { Rng } from "../../core/index.js";
import { truncatedNormal } from "../tpe/truncated-normal.js";
import type { Dimension } from "./dimensions.js";
import { borderAbove, cellAt } from "./dimensions.js";
import type { Evolution } from "./evolution.js";
import type { Margin } from "./margin.js";

/**
 * A draw of the distribution given the cells that a trial's value lies in, one gridded coordinate after another, each
 * given all others. With every trial at the middle of its cell, a coordinate whose trials all share one would shrink as
 * if it had been searched; with draws it keeps the spread that it has.
 * @param point gridded coordinates at the middle of their cell
 */
export function drawWithinCells(
  point: Float64Array,
  dimensions: readonly Dimension[],
  { mean, sigma, precision }: Evolution,
  { widths }: Margin,
  rng: Rng,
): Float64Array {
  const n = point.length;
  // the margin widened the draw before its cell was chosen
  const undone = (place: number, i: number): number => {
    const m = mean[i] as number;
    return m + (place - m) / (widths[i] as number);
  };
  const x = point.map((place, i) => ((dimensions[i] as Dimension).cells > 0 ? undone(place, i) : place));
  dimensions.forEach((dimension, i) => {
    if (dimension.cells === 0) return;
    let pull = 0;
    for (let j = 0; j < n; j++)
      if (j !== i) pull += (precision[i * n + j] as number) * ((x[j] as number) - (mean[j] as number));
    const own = precision[i * n + i] as number;
    const centre = (mean[i] as number) - pull / own;
    const spread = sigma / Math.sqrt(own);
    const cell = cellAt(dimension, point[i] as number);
    const low = cell === 0 ? -Infinity : undone(borderAbove(dimension, cell - 1), i);
    const high = cell === dimension.cells - 1 ? Infinity : undone(borderAbove(dimension, cell), i);
    x[i] = centre + spread * within((low - centre) / spread, (high - centre) / spread, rng());
  });
  return x;
}

/** A quantile between two standardised borders; the nearer one where the distribution has no mass there to speak of. */
function within(a: number, b: number, quantile: number): number {
  const z = truncatedNormal.ppf(quantile, a, b);
  if (Number.isFinite(z)) return z;
  return Math.abs(a) < Math.abs(b) ? a : b;
}
