/** Quantiles of numbers. */

/**
 * The value below which a share of some numbers lies, interpolated between the nearest two (Hyndman and Fan's type 7,
 * the default of NumPy and R).
 * @param sorted ascending, finite
 * @param share from 0 to 1
 * @returns NaN of none
 * @example
 * quantile([1, 2, 3, 4], 0.25); // 1.75
 */
export function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const [low = NaN, high = low] = [sorted[below], sorted[below + 1]];
  return low + (place - below) * (high - low);
}
