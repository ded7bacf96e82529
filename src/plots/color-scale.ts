/** Colours for numbers: a scale in the corner, what is best standing out. */
import type { Direction, Trial } from "../core/index.js";
import type { ChartOption } from "#echarts";
import { rangeOf, rounded } from "./chart-parts.js";
import { scaleText } from "./number-text.js";
import { scaleColors } from "./theme.js";

/** A colour scale along the top right corner. */
function colorScale(more: ChartOption & { readonly min: number; readonly max: number }): ChartOption {
  const { min, max } = more;
  return {
    ...{ type: "continuous", orient: "horizontal", top: 2, right: 16, itemWidth: 10, itemHeight: 120 },
    ...{ textStyle: { color: "@text" }, textGap: 6, calculable: false, hoverLink: false },
    inRange: { color: scaleColors },
    ...more,
    // One value has no range, and no place on a scale.
    max: max > min ? max : min + (Math.abs(min) || 1),
  };
}

/** A scale from the first to the last trial, over series whose third dimension is the number. */
export function trialNumberColors(
  points: readonly { readonly trial: Trial }[],
  seriesIndex: readonly number[],
): ChartOption {
  const [min, max] = rangeOf(points.map(({ trial }) => trial.number));
  return colorScale({ min, max, dimension: 2, text: [`trial ${max}`, `trial ${min}`], seriesIndex });
}

/** How much of the worse end of values shares one colour: a few far off would leave the others none. */
const CLIPPED = 0.1;

/**
 * A scale over values. The worst tenth shares the colour of its end, which is said there.
 * @param more which series and dimension
 */
export function valueColors(values: readonly number[], direction: Direction | null, more: ChartOption): ChartOption {
  const sorted = Float64Array.from(values).sort();
  const worseIsHigh = direction !== "maximize";
  const at = Math.round((worseIsHigh ? 1 - CLIPPED : CLIPPED) * (sorted.length - 1));
  const [min, max] = worseIsHigh
    ? [sorted[0] as number, sorted[at] as number]
    : [sorted[at] as number, sorted[sorted.length - 1] as number];
  const clipped = worseIsHigh ? max < (sorted.at(-1) as number) : min > (sorted[0] as number);
  const [low, high] = [rounded(min), rounded(max)].map((end) => scaleText(end)) as [string, string];
  return colorScale({
    ...{
      min,
      max,
      text: [clipped && worseIsHigh ? `\u2265 ${high}` : high, clipped && !worseIsHigh ? `\u2264 ${low}` : low],
    },
    inRange: { color: worseIsHigh ? [...scaleColors].reverse() : scaleColors },
    outOfRange: { color: [scaleColors[0]] },
    ...more,
  });
}
