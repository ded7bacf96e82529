/** The points of a line without axes. */
import { finite } from "../api/numbers.js";
import type { WireNumber } from "../api/types.js";

/** Its size, in pixels. */
export const [WIDTH, HEIGHT] = [120, 28];

/** The points of a line through values, as `points` of SVG; places without a value are left out. */
export function sparkPoints(values: readonly (WireNumber | null)[]): string {
  const points = values.flatMap((value, at) => {
    const y = finite(value);
    return y === null ? [] : [[at, y] as const];
  });
  const heights = points.map(([, y]) => y);
  const [low, high] = [Math.min(...heights), Math.max(...heights)];
  const across = (WIDTH - 4) / Math.max(1, values.length - 1);
  const up = high > low ? (HEIGHT - 6) / (high - low) : 0;
  return points.map(([x, y]) => `${(2 + x * across).toFixed(1)},${(HEIGHT - 3 - (y - low) * up).toFixed(1)}`).join(" ");
}
