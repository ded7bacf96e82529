/** Phases of charge and discharge curves, and what is measured over them. */
import { medianSorted, quantileSorted } from "simple-statistics";
import type { Curve } from "./nasa-cell.js";

/** A curve's samples from `first` to `last`, both included. */
export interface Phase {
  readonly curve: Curve;
  readonly first: number;
  readonly last: number;
}

/** A phase of fewer samples says nothing. */
const MIN_SAMPLES = 3;
/** The share by which a phase's current may be off its level. */
const BAND = 0.1;

/** A sorted copy. As an array of numbers it would be copied once more: what reads it only counts and indexes. */
function sorted(values: Float64Array): number[] {
  return values.slice().sort() as unknown as number[];
}

function phase(curve: Curve, first: number, last: number): Phase | null {
  return last - first + 1 < MIN_SAMPLES ? null : { curve, first, last };
}

/** A: the magnitude of a phase's current, its median. */
export function levelOfCurrent({ curve, first, last }: Phase): number {
  return medianSorted(sorted(curve.current.subarray(first, last + 1).map(Math.abs)));
}

/** The 95th percentile of the positive values: the level that a current holds, whatever spikes there are. */
function typicalPeak(amps: Float64Array): number {
  const positive = amps.filter((value) => value > 0);
  return positive.length === 0 ? NaN : quantileSorted(sorted(positive), 0.95);
}

/**
 * A discharge under load: from the first to the last sample of at least half the load current (so a pulsed load is one
 * phase). Before it the cell rests, after it its voltage recovers.
 */
export function loadPhase(curve: Curve): Phase | null {
  const level = typicalPeak(curve.current.map((amps) => -amps));
  const isLoaded = (amps: number): boolean => -amps >= level / 2;
  const first = curve.current.findIndex(isLoaded);
  if (first < 0) return null;
  return phase(curve, first, curve.current.findLastIndex(isLoaded));
}

/**
 * The constant-current phase of a charge: the longest run of samples within 10 % of the charging current (the 95th
 * percentile of the positive ones). The constant-voltage phase that follows draws less.
 */
export function constantCurrentPhase(curve: Curve): Phase | null {
  const level = typicalPeak(curve.current);
  let best = { first: 0, last: -1 };
  let first = 0;
  for (let i = 0; i <= curve.current.length; i++) {
    const amps = curve.current[i] ?? NaN;
    if (Math.abs(amps - level) <= BAND * level) continue;
    if (i - 1 - first > best.last - best.first) best = { first, last: i - 1 };
    first = i + 1;
  }
  return phase(curve, best.first, best.last);
}

/** s */
export function duration({ curve, first, last }: Phase): number {
  return (curve.time[last] as number) - (curve.time[first] as number);
}

/** The integral over time by the trapezium rule, in the integrand's unit times s; `value` gives it at a sample. */
export function integral({ curve, first, last }: Phase, value: (sample: number) => number): number {
  let sum = 0;
  let before = value(first);
  for (let i = first + 1; i <= last; i++) {
    const now = value(i);
    sum += ((before + now) / 2) * ((curve.time[i] as number) - (curve.time[i - 1] as number));
    before = now;
  }
  return sum;
}

export interface Summary {
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
  /** Of the least-squares line, in the quantity's unit per hour. */
  readonly slope: number;
}

/**
 * Time-weighted summary of a quantity over a phase: the same whatever the sampling rate, which changes within these
 * files.
 */
export function summary(of: Phase, values: Float64Array): Summary {
  const { curve, first, last } = of;
  const { time } = curve;
  const span = duration(of);
  const mean = integral(of, (i) => values[i] as number) / span;
  const middle = integral(of, (i) => time[i] as number) / span;
  // Three integrals in one pass, each summed as `integral` does.
  let [spread, covariance, clockSpread] = [0, 0, 0];
  let [x, t] = [(values[first] as number) - mean, (time[first] as number) - middle];
  for (let i = first + 1; i <= last; i++) {
    const [x0, t0] = [x, t];
    x = (values[i] as number) - mean;
    t = (time[i] as number) - middle;
    const step = (time[i] as number) - (time[i - 1] as number);
    spread += ((x0 ** 2 + x ** 2) / 2) * step;
    covariance += ((x0 * t0 + x * t) / 2) * step;
    clockSpread += ((t0 ** 2 + t ** 2) / 2) * step;
  }
  spread /= span;
  const part = values.subarray(first, last + 1);
  const [min, max] = [part.reduce((a, b) => Math.min(a, b)), part.reduce((a, b) => Math.max(a, b))];
  return { mean, std: Math.sqrt(spread), min, max, slope: (covariance / clockSpread) * 3600 };
}

/** A sensor's offset: a level missed by less counts as reached at the phase's end. */
const LEVEL_TOLERANCE_V = 0.02;

/**
 * The times (s since the phase's start) at which the voltage first passes each level, upwards or downwards; linear
 * between samples. 0 for a level that it starts beyond; NaN for one it never reaches.
 */
export function crossingTimes(of: Phase, levels: readonly number[], direction: "up" | "down"): number[] {
  const { curve, first, last } = of;
  const sign = direction === "up" ? 1 : -1;
  const height = (i: number): number => sign * (curve.voltage[i] as number);
  const start = curve.time[first] as number;
  let reached = -Infinity;
  for (let i = first; i <= last; i++) reached = Math.max(reached, height(i));
  return levels.map((volts) => {
    const level = sign * volts;
    if (height(first) >= level) return 0;
    for (let i = first + 1; i <= last; i++) {
      if (height(i) < level) continue;
      const share = (level - height(i - 1)) / (height(i) - height(i - 1));
      const before = curve.time[i - 1] as number;
      return before + share * ((curve.time[i] as number) - before) - start;
    }
    return level - reached <= LEVEL_TOLERANCE_V ? duration(of) : NaN;
  });
}
