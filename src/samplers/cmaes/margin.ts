/** CMA-ES with margin: no cell of a grid beside the mean's becomes too unlikely to be drawn. */
import { ndtr, ndtriExp } from "../tpe/normal.js";
import type { Dimension } from "./dimensions.js";
import { borderAbove, cellAt } from "./dimensions.js";
import type { Evolution } from "./evolution.js";

/**
 * The diagonal matrix A of Hamano et al. (2022, arXiv:2205.13482), which widens a gridded coordinate between the
 * distribution, whose draws the update sees, and the value that is run.
 */
export class Margin {
  /** [n]; 1 in continuous coordinates. */
  readonly widths: Float64Array;
  readonly #dimensions: readonly Dimension[];
  readonly #least: number;

  /** @param least the probability below which neither side of the mean's cell falls. @default 1 / (n lambda) */
  constructor(dimensions: readonly Dimension[], least: number) {
    this.#dimensions = dimensions;
    this.#least = least;
    this.widths = new Float64Array(dimensions.length).fill(1);
  }

  /** The place of a draw whose value is run. */
  placeOf(x: Float64Array, mean: Float64Array): Float64Array {
    const { widths } = this;
    return x.map((v, i) =>
      widths[i] === 1 ? v : (v - (mean[i] as number)) * (widths[i] as number) + (mean[i] as number),
    );
  }

  /** Corrects the mean and A after an update (the paper's section 4). */
  correct({ mean, sigma, covariance }: Evolution): void {
    const n = mean.length;
    this.#dimensions.forEach((dimension, i) => {
      if (dimension.cells < 2) return;
      const spread = sigma * Math.sqrt(covariance[i * n + i] as number);
      this.#correctAt(dimension, i, mean, spread);
    });
  }

  #correctAt(dimension: Dimension, i: number, mean: Float64Array, spread: number): void {
    const { widths } = this;
    const least = this.#least;
    const m = mean[i] as number;
    const cell = cellAt(dimension, m);
    const low = borderAbove(dimension, Math.max(0, cell - 1));
    const high = borderAbove(dimension, Math.min(cell, dimension.cells - 2));
    const scale = spread * (widths[i] as number);
    const below = ndtr((low - m) / scale);
    const above = 1 - ndtr((high - m) / scale);
    if (Math.max(below, above) > 0.5) {
      if (Math.min(below, above) < least) mean[i] = high + Math.sign(m - high) * scale * upperQuantile(least);
      return;
    }
    const between = 1 - (below + above);
    const [atLeastBelow, atLeastAbove] = [Math.max(below, least / 2), Math.max(above, least / 2)];
    const excess = 1 - atLeastBelow - atLeastAbove - between;
    const room = atLeastBelow + between + atLeastAbove - (3 * least) / 2;
    const sided = (p: number): number => clip(p + (excess * (p - least / 2)) / room, 1e-10, 0.5 - 1e-10);
    const [left, right] = [upperQuantile(sided(atLeastBelow)), upperQuantile(sided(atLeastAbove))];
    widths[i] = (high - low) / ((left + right) * spread);
    mean[i] = (low * right + high * left) / (left + right);
  }
}

/** Where a standard normal's upper tail has mass p: the root of the chi-squared quantile of 1 - 2 p. */
function upperQuantile(p: number): number {
  return -ndtriExp(Math.log(p));
}

function clip(x: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, x));
}
