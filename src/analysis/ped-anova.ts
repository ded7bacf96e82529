/** PED-ANOVA: how far the best trials' parameters lie from those of all trials (Watanabe, Bansal and Hutter 2023). */
import type { Direction } from "../core/index.js";
import { cardinality } from "../core/index.js";
import type { PedAnovaOptions } from "./importance-methods.js";
import type { MethodResult } from "./importance-result.js";
import type { ImportanceSample, Regime, SampledParameter } from "./importance-sample.js";
import { countOnGrid, densityOnGrid } from "./scott-parzen.js";

/** Keeps densities off 0, as in Optuna. */
const LEAST_DENSITY = 1e-12;
/** A density from fewer trials says nothing. */
const LEAST_TRIALS = 2;
/** Fewer top trials than this make the importances unstable (Optuna's documentation). */
const STEADY_TOP = 5;

/** Which of the used trials are compared: the region, and its top. */
interface Compared {
  readonly isTop: Uint8Array;
  readonly inRegion: Uint8Array;
  readonly top: number;
  readonly region: number;
}

/**
 * The Pearson divergence of the top trials' density from the region's, parameter by parameter. A parameter that not all
 * trials have is compared among those that have it, and weighed by how many they are at the top and in the region
 * (Kato et al. 2026, theorem 4.2), as Optuna 5.0.0 does.
 */
export function pedAnova(sample: ImportanceSample, options: PedAnovaOptions): MethodResult {
  const { values, direction, parameters } = sample;
  const nothing = values.length < LEAST_TRIALS;
  const inRegion = nothing ? new Uint8Array(values.length) : best(values, direction, options.region_quantile);
  const isTop = nothing ? new Uint8Array(values.length) : best(values, direction, options.target_quantile);
  const compared: Compared = { isTop, inRegion, top: count(isTop), region: count(inRegion) };
  return {
    parameters: parameters.map((parameter) => importanceOf(parameter, values.length, compared, options)),
    interactions: null,
    top: compared.top,
    notes: notesOn(sample, compared, options),
  };
}

function count(flags: Uint8Array): number {
  return flags.reduce((sum, flag) => sum + flag, 0);
}

/** Those that are as good as the one at the quantile, equals included. */
function best(values: Float64Array, direction: Direction, quantile: number): Uint8Array {
  if (quantile === 1) return new Uint8Array(values.length).fill(1);
  const losses = direction === "minimize" ? values : values.map((value) => -value);
  const limit = losses.toSorted()[Math.ceil(quantile * losses.length) - 1] as number;
  return Uint8Array.from(losses, (loss) => (loss <= limit ? 1 : 0));
}

function importanceOf(
  { name, regimes }: SampledParameter,
  used: number,
  compared: Compared,
  options: PedAnovaOptions,
): MethodResult["parameters"][number] {
  const trials = regimes.reduce((sum, { rows }) => sum + rows.length, 0);
  const all = regimes.map((regime) => divergenceIn(regime, compared, options));
  const importance = all.reduce((sum, { scaled }) => sum + scaled, 0);
  const within = trials < used && all.length === 1 ? (all[0]?.within ?? null) : null;
  return { name, importance, spread: null, trials, within };
}

/** The divergence among the trials of one regime, by itself and as a part of the whole. */
function divergenceIn(
  { distribution, rows, values }: Regime,
  { isTop, inRegion, top, region }: Compared,
  options: PedAnovaOptions,
): { readonly scaled: number; readonly within: number | null } {
  const inside = values.filter((_, i) => inRegion[rows[i] as number] === 1);
  const above = values.filter((_, i) => isTop[rows[i] as number] === 1);
  if (inside.length < LEAST_TRIALS) return { scaled: 0, within: null };
  if (above.length === 0 || cardinality(distribution) === 1) return { scaled: 0, within: 0 };
  const density = densityOnGrid(distribution, countOnGrid(distribution, above));
  const reference = options.evaluate_on_local
    ? densityOnGrid(distribution, countOnGrid(distribution, inside)).map((x) => x + LEAST_DENSITY)
    : new Float64Array(density.length).fill(1 / density.length);
  const divergence = density.reduce((sum, x, i) => {
    const expected = reference[i] as number;
    return sum + expected * ((x + LEAST_DENSITY) / expected - 1) ** 2;
  }, 0);
  const own = (above.length / inside.length) ** 2 * divergence;
  const [amongTop, amongRegion] = [above.length / top, inside.length / region];
  return { scaled: (amongTop ** 2 / amongRegion) * (top / region) ** 2 * divergence, within: own };
}

function notesOn({ values, parameters }: ImportanceSample, { top, region }: Compared, options: PedAnovaOptions) {
  const notes: string[] = [];
  if (values.length < LEAST_TRIALS || values.every((value) => value === values[0])) return notes;
  if (top === region)
    notes.push(
      "The top trials are all of those they are compared with (many values are equal): every importance is 0.",
    );
  else if (top < STEADY_TOP)
    notes.push(
      `Only ${top} of ${region} trials are the top ones: with fewer than ${STEADY_TOP} the importances are unsteady.`,
    );
  if (options.region_quantile < 1 && !options.evaluate_on_local)
    notes.push(
      "region_quantile changes how the top is weighed and not what it is compared with: evaluate_on_local is off.",
    );
  const few = parameters.filter(({ regimes }) => regimes.some(({ rows }) => rows.length < LEAST_TRIALS));
  if (few.length > 0) notes.push(`Fewer than ${LEAST_TRIALS} trials have ${few.map(({ name }) => name).join(", ")}.`);
  return notes;
}
