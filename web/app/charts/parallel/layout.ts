/** Parallel axes on a plane: where each stands, its marks, and what a place on the plane means. */
import { tickText } from "../../../../src/plots/number-text.js";
import { shortLabel } from "../../../../src/plots/chart-parts.js";
import { shareOf, valueAtShare } from "../../columns/axes.js";
import type { AxisScale } from "../../columns/axes.js";
import type { Range } from "../../filter/filter.js";

/** Around the lines, in pixels. */
const AREA = { left: 56, right: 64, top: 46, bottom: 20 };
/** Axes that are nearer to each other cannot be told apart: the plane scrolls. */
const LEAST_GAP = 84;

/** A mark on an axis. */
export interface AxisMark {
  readonly share: number;
  readonly text: string;
}

/** An axis in its place. */
export interface PlacedAxis {
  readonly scale: AxisScale;
  readonly x: number;
  readonly title: string;
  readonly marks: readonly AxisMark[];
}

/** Axes in their places. */
export interface ParallelLayout {
  readonly width: number;
  readonly height: number;
  /** Where shares of 1 and 0 lie. */
  readonly top: number;
  readonly bottom: number;
  readonly axes: readonly PlacedAxis[];
}

/** The next of 1, 2, 5, 10 times a power of ten that is at least so large. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10);
}

function linearMarks(scale: AxisScale, most: number): number[] {
  const { low, high, whole } = scale;
  if (!(high > low)) return [low];
  const step = Math.max(niceStep((high - low) / Math.max(1, most)), whole ? 1 : 0);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function logMarks(scale: AxisScale, most: number): number[] {
  const { low, high } = scale;
  if (!(high > low)) return [low];
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const every = Math.max(1, Math.ceil((to - from) / Math.max(1, most)));
  const factors = to - from <= 1 ? [1, 2, 3, 5] : to - from <= 3 && most >= 8 ? [1, 3] : [1];
  const marks: number[] = [];
  for (let power = from; power <= to; power += every)
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) marks.push(value);
    }
  return marks.length > 1 ? marks : [low, high];
}

/** The marks of an axis, at most about so many. */
export function marksOf(scale: AxisScale, most: number): AxisMark[] {
  const { choices, log } = scale;
  if (choices !== null) {
    const every = Math.max(1, Math.ceil(choices.length / Math.max(1, most * 2)));
    return choices.flatMap((choice, place) =>
      place % every === 0 ? [{ share: shareOf(scale, place), text: shortLabel(choice, 12) }] : [],
    );
  }
  const values = log ? logMarks(scale, most) : linearMarks(scale, most);
  return values.map((value) => ({ share: shareOf(scale, value), text: tickText(value) }));
}

/** Axes side by side over a width, wider where that is too narrow for them. */
export function parallelLayout(scales: readonly AxisScale[], width: number, height: number): ParallelLayout {
  const gaps = Math.max(1, scales.length - 1);
  const gap = Math.max(LEAST_GAP, (width - AREA.left - AREA.right) / gaps);
  const whole = scales.length < 2 ? width : AREA.left + AREA.right + gaps * gap;
  const [top, bottom] = [AREA.top, height - AREA.bottom];
  const characters = Math.max(8, Math.floor((2 * gap) / 7.2) - 2);
  return {
    ...{ width: Math.max(width, Math.round(whole)), height, top, bottom },
    axes: scales.map((scale, i) => ({
      scale,
      x: scales.length < 2 ? width / 2 : AREA.left + i * gap,
      title: shortLabel(scale.name, characters),
      marks: marksOf(scale, (bottom - top) / 36),
    })),
  };
}

/** The height of a share. */
export const yOf = ({ top, bottom }: Pick<ParallelLayout, "top" | "bottom">, share: number): number =>
  bottom - share * (bottom - top);

/** The share of a height, within the axis. */
export const shareAt = ({ top, bottom }: ParallelLayout, y: number): number =>
  Math.max(0, Math.min(1, (bottom - y) / (bottom - top)));

/** Keeps what a drag says, and no more digits than a screen shows. */
const digits = (value: number): number => Number(value.toPrecision(4));

/** What lies between two shares of an axis; null: nothing that narrows. */
export function rangeBetween(scale: AxisScale, a: number, b: number): Range | null {
  const [from, to] = [Math.min(a, b), Math.max(a, b)];
  const { choices, low, high, whole } = scale;
  if (choices !== null) {
    const step = 1 / Math.max(1, choices.length - 1);
    // Choices are broad: their place and what is around it.
    const chosen = choices.filter((_, place) => {
      const share = choices.length < 2 ? 0.5 : place * step;
      return share >= from - 1e-9 && share <= to + 1e-9;
    });
    return chosen.length === 0 || chosen.length === choices.length ? null : { choices: chosen };
  }
  const [first, last] = [valueAtShare(scale, from), valueAtShare(scale, to)];
  const lowEnd = from <= 0 ? null : whole ? Math.max(low, Math.ceil(first)) : digits(first);
  const highEnd = to >= 1 ? null : whole ? Math.min(high, Math.floor(last)) : digits(last);
  return lowEnd === null && highEnd === null ? null : { low: lowEnd, high: highEnd };
}

/** The shares that a range takes of an axis; null: all of it. */
export function sharesOfRange(scale: AxisScale, range: Range | undefined): readonly [number, number] | null {
  if (range === undefined) return null;
  if ("choices" in range) {
    const places = range.choices.map((choice) => scale.choices?.indexOf(choice) ?? -1).filter((place) => place >= 0);
    if (places.length === 0) return null;
    const half = 0.4 / Math.max(1, (scale.choices?.length ?? 1) - 1);
    return [shareOf(scale, Math.min(...places)) - half, shareOf(scale, Math.max(...places)) + half];
  }
  const within = (share: number): number => Math.max(0, Math.min(1, share));
  return [
    range.low === null ? 0 : within(shareOf(scale, range.low)),
    range.high === null ? 1 : within(shareOf(scale, range.high)),
  ];
}

/** Which axis a place is nearest to. */
export function nearestAxis({ axes }: ParallelLayout, x: number): number {
  let nearest = 0;
  axes.forEach((axis, i) => {
    if (Math.abs(axis.x - x) < Math.abs((axes[nearest] as PlacedAxis).x - x)) nearest = i;
  });
  return nearest;
}
