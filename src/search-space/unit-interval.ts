/** Parameters scaled to the unit interval, and back to their own units and grid. */
import type { Distribution } from "../core/index.js";

/**
 * One parameter on the unit interval: numeric ranges (log ranges in the logarithm, stepped ones with half a step on
 * either side) run from 0 to 1, so that bandwidths are shares of the range. A categorical stays the index of its choice.
 */
export interface UnitDimension {
  /** 0 for a numeric parameter. */
  readonly choices: number;
  readonly log: boolean;
  /** 0 for a continuous parameter. */
  readonly step: number;
  readonly low: number;
  readonly high: number;
  readonly from: number;
  readonly width: number;
}

export function unitDimension(distribution: Distribution): UnitDimension {
  if (distribution.type === "categorical")
    return { choices: distribution.choices.length, log: false, step: 0, low: 0, high: 0, from: 0, width: 1 };
  const { low, high, log } = distribution;
  const step = distribution.step ?? 0;
  const ends = [low - step / 2, high + step / 2].map((x) => (log ? Math.log(x) : x)) as [number, number];
  return { choices: 0, log, step, low, high, from: ends[0], width: ends[1] - ends[0] || 1 };
}

/** External units (or the index of a choice) to the unit interval; NaN stays NaN. */
export function toUnit(d: UnitDimension, value: number): number {
  if (d.choices > 0) return value;
  return ((d.log ? Math.log(value) : value) - d.from) / d.width;
}

/** The inverse of {@link toUnit}, on the parameter's grid and inside its range. */
export function fromUnit(d: UnitDimension, unit: number): number {
  return d.choices > 0 ? unit : externalValue(d, d.from + unit * d.width);
}

/** Internal units to a value of the parameter: on its grid and inside its range. */
export function externalValue(d: Pick<UnitDimension, "low" | "high" | "step" | "log">, t: number): number {
  const x = d.log ? Math.exp(t) : t;
  const onGrid = d.step === 0 ? x : d.low + Math.round((x - d.low) / d.step) * d.step;
  return Math.min(d.high, Math.max(d.low, onGrid));
}
