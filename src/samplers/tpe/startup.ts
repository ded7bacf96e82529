/** The stratified draws of the first trials. */
import type { Distribution, ParamValue, Rng } from "../../core/index.js";
import { drawUniform, valueAtQuantile } from "../../search-space/draw-uniform.js";
import { toUnit, unitDimension } from "../../search-space/unit-interval.js";

/**
 * A value for one of the first trials, stratified: the range is cut into as many parts as there are startup trials and
 * one of those that fewest trials have is drawn from (a Latin hypercube grown trial by trial; McKay et al. 1979).
 * @param known the values of all earlier trials that say something, finished or not, NaN where they lack the parameter
 */
export function drawStratified(
  distribution: Distribution,
  known: Iterable<number>,
  parts: number,
  rng: Rng,
): ParamValue {
  const d = unitDimension(distribution);
  const strata = d.choices > 0 ? d.choices : parts;
  if (strata < 2) return drawUniform(distribution, rng);
  const counts = new Int32Array(strata);
  for (const value of known) {
    if (Number.isNaN(value)) continue;
    const unit = d.choices > 0 ? value : toUnit(d, value) * strata;
    const at = Math.min(strata - 1, Math.max(0, Math.floor(unit)));
    counts[at] = (counts[at] as number) + 1;
  }
  const fewest = Math.min(...counts);
  const free = Array.from(counts.keys()).filter((s) => counts[s] === fewest);
  const stratum = free[Math.floor(rng() * free.length)] as number;
  return valueAtQuantile(distribution, (stratum + rng()) / strata);
}
