/** Proposals near the best trials of another study: evidence that a sampler falls back on less and less often. */
import type { Distribution, History, Params, ParamValue, PriorTrial, Rng, SearchSpace } from "../core/index.js";
import { contains, createNormal } from "../core/index.js";
import { drawUniform } from "../search-space/draw-uniform.js";
import { buildParams, indexOf, sameValue, valueAt } from "../search-space/points.js";
import type { UnitDimension } from "../search-space/unit-interval.js";
import { fromUnit, toUnit, unitDimension } from "../search-space/unit-interval.js";

/** The share of the first proposals that come from the prior. */
const SHARE = 0.5;
/** After so many trials of the study's own that share has halved. */
const HALVED_AFTER = 10;
/** Within the first so many trials the prior's best parameters are tried as they are. */
const AS_THEY_ARE = 10;
/** How far from a prior trial is drawn, as a share of the range: at least, at most, and where a single trial says nothing. */
const [NARROWEST, WIDEST, UNKNOWN] = [0.02, 0.2, 0.1];
/** How often a categorical parameter is drawn anew. */
const ANOTHER_CHOICE = 0.15;

/**
 * How large a share of the proposals the prior makes when the study has `n` trials of its own: with 100 trials about 12
 * in all, so that a prior that misleads costs no more than those.
 */
export function shareOfPrior(n: number): number {
  return (SHARE * HALVED_AFTER) / (HALVED_AFTER + n);
}

/**
 * A proposal near one of the prior's trials (better ones more often), or first of all the best of them as it is; what they
 * lack is drawn uniformly.
 * @returns null without a prior, and when it is the sampler's turn: then nothing is known of the prior but what own
 * trials near it have shown
 */
export function proposeFromPrior(space: SearchSpace, history: History, rng: Rng): Params | null {
  const [best, ...others] = history.prior ?? [];
  if (!best) return null;
  const { trials } = history;
  const own = trials.reduce((n, { state }) => (state === "waiting" ? n : n + 1), 0);
  if (own < AS_THEY_ARE && !trials.some(({ params }) => agrees(space, params, best)))
    return buildParams(space, (name, distribution) => {
      const value = valueOf(best, name, distribution);
      return value === undefined ? drawUniform(distribution, rng) : value;
    });
  if (rng() >= shareOfPrior(own)) return null;
  const prior = [best, ...others];
  const chosen = prior[drawRank(prior.length, rng)] as PriorTrial;
  return buildParams(space, (name, distribution) => drawNear(prior, chosen, { name, distribution }, rng));
}

/** A prior trial's value of a parameter, where it has one that the parameter can take. */
function valueOf({ params }: PriorTrial, name: string, distribution: Distribution): ParamValue | undefined {
  const value = Object.hasOwn(params, name) ? (params[name] as ParamValue) : undefined;
  return value !== undefined && contains(distribution, value) ? value : undefined;
}

/** Whether a trial is what the prior's would be here, or the two have nothing in common. */
function agrees(space: SearchSpace, params: Params, prior: PriorTrial): boolean {
  return Object.entries(space).every(([name, distribution]) => {
    const value = valueOf(prior, name, distribution);
    return (
      value === undefined || !Object.hasOwn(params, name) || sameValue(distribution, params[name] as ParamValue, value)
    );
  });
}

/** A place in the ranking: the first of n weighs log(n + 1), the last next to nothing. */
function drawRank(n: number, rng: Rng): number {
  const weights = Array.from({ length: n }, (_, i) => Math.log((n + 1) / (i + 1)));
  let left = rng() * weights.reduce((sum, weight) => sum + weight, 0);
  for (let i = 0; i < n; i++) if ((left -= weights[i] as number) < 0) return i;
  return n - 1;
}

interface Parameter {
  readonly name: string;
  readonly distribution: Distribution;
}

function drawNear(
  prior: readonly PriorTrial[],
  chosen: PriorTrial,
  { name, distribution }: Parameter,
  rng: Rng,
): ParamValue {
  const value = valueOf(chosen, name, distribution);
  if (value === undefined) return drawUniform(distribution, rng);
  if (distribution.type === "categorical") return rng() < ANOTHER_CHOICE ? drawUniform(distribution, rng) : value;
  const d = unitDimension(distribution);
  const values = prior.flatMap((trial) => {
    const known = valueOf(trial, name, distribution);
    return typeof known === "number" ? [toUnit(d, known)] : [];
  });
  return nearby(d, distribution, toUnit(d, value as number), widthOf(values), rng);
}

/** Scott's rule in one dimension. */
function widthOf(values: readonly number[]): number {
  const n = values.length;
  if (n < 2) return UNKNOWN;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1);
  return Math.min(WIDEST, Math.max(NARROWEST, Math.sqrt(variance) * n ** -0.2));
}

/** A normal draw within the range; one that keeps falling outside stays at the centre. */
function nearby(d: UnitDimension, distribution: Distribution, centre: number, width: number, rng: Rng): ParamValue {
  const normal = createNormal(rng);
  for (let attempt = 0; attempt < 20; attempt++) {
    const unit = centre + width * normal();
    if (unit < 0 || unit > 1) continue;
    const value = fromUnit(d, unit);
    // Sums of steps are rounded: the grid's own number.
    const place = d.step > 0 ? indexOf(distribution, value) : -1;
    return place < 0 ? value : valueAt(distribution, place);
  }
  return fromUnit(d, centre);
}
