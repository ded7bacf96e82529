/** Uniform draws of a parameter's values. */
import type { Distribution, ParamValue, Rng } from "../core/index.js";
import { cardinality } from "../core/index.js";
import { valueAt } from "./points.js";

/** A value drawn uniformly (log ranges: uniformly in the logarithm, integers by the width of their cell). */
export function drawUniform(distribution: Distribution, rng: Rng): ParamValue {
  return valueAtQuantile(distribution, rng());
}

/** The value at quantile `u` in [0, 1) of a parameter's uniform distribution: in the logarithm on log ranges, by the width of their cell for integers. */
export function valueAtQuantile(distribution: Distribution, u: number): ParamValue {
  const n = cardinality(distribution);
  if (distribution.type === "categorical" || (n < Infinity && !distribution.log))
    return valueAt(distribution, Math.min(n - 1, Math.floor(u * n)));
  const { low, high } = distribution;
  const clip = (x: number): number => Math.min(high, Math.max(low, x));
  if (distribution.type === "int") {
    const [from, to] = [Math.log(low - 0.5), Math.log(high + 0.5)];
    return clip(Math.round(Math.exp(from + u * (to - from))));
  }
  if (!distribution.log) return clip(low + u * (high - low));
  return clip(Math.exp(Math.log(low) + u * (Math.log(high) - Math.log(low))));
}
