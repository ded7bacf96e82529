/** The bandwidths of the default TPE's densities, which follow the search's success. */
import { valueOf } from "../../core/index.js";
import type { Direction } from "../../core/index.js";
import type { Observation } from "./encoding.js";
import type { Point } from "./kernel-density.js";
import type { Observations } from "./split.js";
import type { UnitDimension } from "../../search-space/unit-interval.js";
/** Shares of a range, for all that follows. */
const FIRST_STEP = 0.2;
const LARGEST_STEP = 0.33;
const SMALLEST_STEP = 0.01;
const RATE = 0.15;
/** The share of new bests at which the step stays as it is. */
const BALANCE = 0.37;
const GROWTH = Math.exp(RATE * (1 - BALANCE));
const DECAY = Math.exp(-RATE * BALANCE);
const NARROWEST = 0.007;
const WIDEST = 0.5;
/** The exponent with which a dimension's own spread among the good trials counts. */
const SPREAD_POWER = 0.4;

/**
 * The step to take from good trials: it grows with every new best and shrinks with every trial that is none, pruned ones
 * included, as in the success rule of evolution strategies (Rechenberg 1973; Kern et al. 2004). It is replayed from the
 * records, so that it needs no state.
 * @param skipped how many trials were drawn before there was anything to learn from
 */
export function stepSize({ all }: Pick<Observations, "all">, direction: Direction, skipped: number): number {
  const sign = direction === "minimize" ? 1 : -1;
  let best = Infinity;
  let step = FIRST_STEP;
  let count = 0;
  for (let i = 0; i < all.length; i++) {
    const { trial } = all[i] as Observation;
    const value = trial.state === "complete" ? sign * (valueOf(trial) as number) : Infinity;
    if (Number.isNaN(value) || (trial.state !== "complete" && trial.state !== "pruned")) continue;
    const improved = value < best;
    if (improved) best = value;
    if (count++ < skipped) continue;
    step *= improved ? GROWTH : DECAY;
    if (step > LARGEST_STEP) step = LARGEST_STEP;
    if (step < SMALLEST_STEP) step = SMALLEST_STEP;
  }
  return step;
}

/**
 * A bandwidth for every numeric dimension: the step, larger where the good trials are spread out and smaller where they
 * agree, and never finer than a stepped parameter resolves. NaN for choices.
 */
export function bandwidthsAround(
  dimensions: readonly UnitDimension[],
  good: readonly Point[],
  weights: ArrayLike<number>,
  step: number,
  narrowest: number,
): Float64Array {
  const spreads = dimensions.map((d, i) => (d.choices > 0 ? NaN : Math.max(0.01, weightedSpread(good, weights, i))));
  const numeric = spreads.filter((s) => !Number.isNaN(s));
  const centre = Math.exp(numeric.reduce((sum, s) => sum + Math.log(s), 0) / Math.max(1, numeric.length));
  return Float64Array.from(dimensions, (d, i) => {
    if (d.choices > 0) return NaN;
    const relative = good.length < 3 ? 1 : ((spreads[i] as number) / centre) ** SPREAD_POWER;
    const resolved = d.step > 0 && !d.log ? (0.3 * d.step) / d.width : 0;
    return Math.min(WIDEST, Math.max(narrowest, resolved, step * relative));
  });
}

/** Below it more trials don't narrow a bandwidth; without the clip only underflow is kept off. */
export function narrowestBandwidth(magicClip: boolean): number {
  return magicClip ? NARROWEST : 1e-6;
}

function weightedSpread(points: readonly Point[], weights: ArrayLike<number>, dimension: number): number {
  let total = 0;
  let mean = 0;
  for (let k = 0; k < points.length; k++) {
    const u = (points[k] as Point)[dimension] as number;
    if (u !== u) continue;
    const weight = weights[k] as number;
    total += weight;
    mean += weight * u;
  }
  // a uniform distribution's, where nothing is known
  if (total === 0) return Math.sqrt(1 / 12);
  mean /= total;
  let square = 0;
  for (let k = 0; k < points.length; k++) {
    const u = (points[k] as Point)[dimension] as number;
    if (u === u) square += (weights[k] as number) * (u - mean) ** 2;
  }
  return Math.sqrt(square / total);
}
