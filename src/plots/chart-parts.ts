/** What charts of all kinds are put together from: axes, legends, tooltips, zoom, and short labels. */
import type { Distribution } from "../core/index.js";
import type { ChartOption } from "#echarts";

/** Pixels across, where nobody says otherwise. */
export const PLOT_WIDTH = 760;

/** A number as plots keep it: six digits are more than a picture shows, and files stay small. */
export const rounded = (value: number): number => Number(value.toPrecision(6));

/** What an axis shows. */
export interface AxisParts {
  readonly name?: string;
  readonly log?: boolean;
  /** How far its name is from it, in pixels. */
  readonly gap?: number;
  /** The axis' own ECharts settings, which come last. */
  readonly more?: ChartOption;
}

/** What all axes look like. */
const axisStyle = {
  nameTextStyle: { color: "@text" },
  axisLine: { show: true, onZero: false, lineStyle: { color: "@axis" } },
  axisTick: { lineStyle: { color: "@axis" } },
  axisLabel: { color: "@text", hideOverlap: true },
  splitLine: { lineStyle: { color: "@grid" } },
  nameLocation: "middle",
};

/** An axis of numbers; a name that is too long for it is cut, and whole in its tooltip. */
export function numberAxis({ name, log = false, gap = 30, more = {} }: AxisParts = {}): ChartOption {
  return {
    ...{ type: log ? "log" : "value", scale: true, ...axisStyle, nameGap: gap },
    ...(name === undefined ? {} : { name, tooltip: { show: true } }),
    ...more,
  };
}

/** An axis of names, one a place. */
export function nameAxis(names: readonly string[], { name, gap = 30, more = {} }: AxisParts = {}): ChartOption {
  return {
    ...{ type: "category", data: names, ...axisStyle, splitLine: { show: false }, nameGap: gap },
    ...(name === undefined ? {} : { name, tooltip: { show: true } }),
    ...more,
  };
}

/** A legend along the top. */
export function topLegend(data?: readonly (string | ChartOption)[], more: ChartOption = {}): ChartOption {
  return {
    ...{ type: "scroll", top: 6, left: 60, right: 20, itemWidth: 22, itemHeight: 10, itemGap: 14 },
    ...{ textStyle: { color: "@text" }, inactiveColor: "@faint", pageTextStyle: { color: "@text" } },
    ...{ pageIconColor: "@text", pageIconInactiveColor: "@faint" },
    ...(data ? { data } : {}),
    ...more,
  };
}

/** Zooming by wheel and dragging, over all axes of a direction. Nothing of it is seen. */
export function insideZoom(axes: { x?: readonly number[]; y?: readonly number[] }): ChartOption[] {
  return [
    ...(axes.x ? [{ type: "inside", xAxisIndex: axes.x, filterMode: "none" }] : []),
    ...(axes.y ? [{ type: "inside", yAxisIndex: axes.y, filterMode: "none", zoomOnMouseWheel: "shift" }] : []),
  ];
}

/**
 * A name of at most so many characters: without its group (`model.`) where that is enough, else its end, which tells more
 * than its beginning.
 */
export function shortLabel(name: string, most: number): string {
  const text = name.length > most ? (name.split(".").at(-1) as string) : name;
  const characters = Array.from(text);
  return characters.length <= most ? text : `…${characters.slice(1 - most).join("")}`;
}

/** ECharts finds no ticks among numbers at the end of what floats can say. */
const LEAST_ON_LOG = 1e-300;

/**
 * Whether a linear axis would hide positive values: they spread over orders of magnitude, or all but a few crowd at its lower
 * end.
 */
export function wantsLog(values: readonly number[], ratio = 100): boolean {
  const finite = Float64Array.from(values.filter(Number.isFinite)).sort();
  const [low, high] = [finite[0] ?? 0, finite.at(-1) ?? 0];
  if (finite.length < 2 || !(low >= LEAST_ON_LOG)) return false;
  const middle = finite[Math.floor(finite.length / 2)] as number;
  return high / low >= ratio || (high / low >= 10 && middle - low < 0.1 * (high - low));
}

/** The least and the greatest of some finite numbers. */
export function rangeOf(values: Iterable<number>): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** The next of 1, 2, 5, 10, … times a power of ten. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= step) ?? 10);
}

/** The ends of an axis for these values, so that panels share one: round numbers around them, where there are some. */
export function sharedRange(values: readonly number[], log: boolean): { min?: number; max?: number } {
  const [low, high] = rangeOf(values);
  const step = roundStep((high - low) / 4);
  const [min, max] = log
    ? [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high))]
    : [rounded(Math.floor(low / step) * step), rounded(Math.ceil(high / step) * step)];
  // A range that is tiny beside its values has no such numbers.
  return min <= low && high <= max && min < max && Number.isFinite(max - min) ? { min, max } : {};
}

/** Whether a parameter's axis is logarithmic. */
export function isLog(distribution: Distribution | undefined): boolean {
  return distribution !== undefined && distribution.type !== "categorical" && distribution.log;
}

/** Evenly taken items, the first and the last among them. */
export function evenly<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  if (most < 2) return items.slice(0, most);
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))] as T);
}

/** The places of the series of a name. */
export function indicesOf(series: readonly ChartOption[], wanted: string): number[] {
  return series.flatMap(({ name }, i) => (name === wanted ? [i] : []));
}
