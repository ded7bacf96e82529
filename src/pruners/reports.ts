/** A trial's reports as pruners read them. */
import type { Direction, Trial } from "../core/index.js";

/**
 * A trial's reports by step, in order of reporting. A step reported twice keeps its first value, as Optuna's `report`
 * does.
 */
export function reportsByStep(trial: Pick<Trial, "intermediate">): Map<number, number> {
  const byStep = new Map<number, number>();
  for (const [step, value] of trial.intermediate) if (!byStep.has(step)) byStep.set(step, value);
  return byStep;
}

/** The largest step reported; undefined before the first report. Steps need not come in order. */
export function lastStep(steps: Iterable<number>): number | undefined {
  let last: number | undefined;
  for (const step of steps) if (last === undefined || step > last) last = step;
  return last;
}

/** The best of some values, NaN left out; NaN when nothing else is there. */
export function bestOf(values: Iterable<number>, direction: Direction): number {
  let best = NaN;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    if (Number.isNaN(best) || (direction === "minimize" ? value < best : value > best)) best = value;
  }
  return best;
}

function digitsBeforePoint(value: number): number {
  const size = Math.abs(value);
  return size >= 1 && size < 1e15 ? Math.floor(Math.log10(size)) + 1 : 1;
}

function shownWith(value: number, digits: number): string {
  return Number.isFinite(value)
    ? value.toPrecision(Math.min(100, Math.max(digits, digitsBeforePoint(value))))
    : `${value}`;
}

/** Two numbers in three significant digits, or as many more as it takes to tell them apart. */
export function shownApart(a: number, b: number): [string, string] {
  for (let digits = 3; ; digits++) {
    const shown: [string, string] = [shownWith(a, digits), shownWith(b, digits)];
    if (shown[0] !== shown[1] || Object.is(a, b) || a === b || digits >= 17) return shown;
  }
}
