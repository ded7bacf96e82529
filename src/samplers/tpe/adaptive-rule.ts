/** The proposal rule of the TPE sampler's default preset. */
import type { Distribution, ParamValue, Rng } from "../../core/index.js";
import { createNormal, isActive } from "../../core/index.js";
import { bandwidthsAround, narrowestBandwidth } from "./bandwidth.js";
import type { Block } from "./blocks.js";
import { centroidOf } from "./centroid.js";
import type { Encoded, Observation, SpaceEncoding } from "./encoding.js";
import { decodeValue } from "./encoding.js";
import type { Evidence } from "./evidence.js";
import type { Point } from "./kernel-density.js";
import { KernelDensity } from "./kernel-density.js";
import { logPenalty } from "./liar.js";
import { unitPoints } from "../numerics.js";
import type { WeightsRule } from "./parzen-estimator.js";
import type { UnitDimension } from "../../search-space/unit-interval.js";
import { fromUnit, toUnit } from "../../search-space/unit-interval.js";

export interface AdaptiveRule {
  readonly nEiCandidates: number;
  readonly weights: WeightsRule;
  readonly priorWeight: number;
  readonly magicClip: boolean;
}

/** More of the other trials than this add cost, not knowledge: the newest are where the search is. */
const MAX_OTHERS = 100;
/** The others' density is sharper than the good trials': it has to repel from points, not from regions. */
const OTHERS_BANDWIDTH = 0.5;
const OTHERS_NARROWEST = 0.015;
/** Trials under way are kept apart by this many bandwidths. */
const KEPT_APART = 1.2;
/** The good trials' mean weighs as many of them as there are numeric dimensions beyond three, times this, … */
const CENTROID_A_DIMENSION = 0.3;
const CENTROID_FROM = 3;
/** … and at most so many: single trials err in every one of many dimensions, and their mean in few. */
const CENTROID_AT_MOST = 5;
/** A mean of fewer is no better than they are. */
const CENTROID_OF = 3;

/**
 * Our proposal for one block, in drawing order. Like every TPE it draws candidates from the good trials' density and
 * takes the one with the largest ratio to the others'; what differs from Optuna's is explained in
 * docs/decisions/0007-tpe.md: few good trials weighted by rank, one bandwidth a dimension that follows the search's
 * success, the good trials' mean as one more kernel, a uniform prior with the same share in both densities, and one
 * density over a conditional space's tree.
 * @param drawn what is settled already; receives the block's active parameters
 */
export function proposeAdaptively(
  encoding: SpaceEncoding,
  block: Block,
  evidence: Evidence,
  rule: AdaptiveRule,
  rng: Rng,
  drawn: Record<string, ParamValue>,
): void {
  const isWhole = block.length === encoding.names.length;
  const dimensions = isWhole ? encoding.dimensions : block.map((i) => encoding.dimensions[i] as UnitDimension);
  const rowOf = ({ values }: Observation): Encoded =>
    isWhole ? values : Float64Array.from(block, (i) => values[i] as number);
  const pointsOf = (some: readonly Observation[]): Point[] => unitPoints(dimensions, some.map(rowOf));
  const good = pointsOf(evidence.split.below);
  const others = pointsOf(newest(evidence.split.above));
  const running = pointsOf(evidence.observations.running);
  const { below, above, bandwidths } = densities(dimensions, good, others, evidence, rule);
  const radii = bandwidths.map((h) => KEPT_APART * h);
  const normal = createNormal(rng);
  const isFinite = dimensions.every((d) => d.choices > 0 || d.step > 0);
  const seen = isFinite ? [...good, ...others, ...pointsOf(newest(evidence.observations.pruned))] : [];
  let best: Point | null = null;
  let bestScore = -Infinity;
  let bestIsNew = false;
  const candidates: Point[] = [];
  for (let s = 0; s < rule.nEiCandidates; s++)
    candidates.push(drawCandidate(encoding, block, dimensions, below, rng, normal, drawn));
  const asGood = below.logPdf(candidates);
  const asOthers = above.logPdf(candidates);
  for (let s = 0; s < candidates.length; s++) {
    const candidate = candidates[s] as Point;
    const score = (asGood[s] as number) - (asOthers[s] as number) + logPenalty(candidate, running, dimensions, radii);
    const isNew = !seen.some((p) => equalPoints(p, candidate));
    // a finite space's known points have nothing more to tell
    if (best && ((bestIsNew && !isNew) || (bestIsNew === isNew && !(score > bestScore)))) continue;
    [best, bestScore, bestIsNew] = [candidate, score, isNew];
  }
  settle(encoding, block, dimensions, best as Point, drawn);
}

function densities(
  dimensions: readonly UnitDimension[],
  good: readonly Point[],
  others: readonly Point[],
  { split, noise, step, several = false }: Evidence,
  rule: AdaptiveRule,
): { below: KernelDensity; above: KernelDensity; bandwidths: Float64Array } {
  const goodWeights = rankWeights(split.ranking, several ? 1 : noise);
  const otherWeights = rule.weights(others.length);
  const prior = good.length === 0 ? 1 : rule.priorWeight;
  const share = good.length === 0 ? 1 : prior / good.length;
  const narrowest = narrowestBandwidth(rule.magicClip);
  const around = bandwidthsAround(dimensions, good, goodWeights, step, narrowest);
  // of choices: what a kernel gives to each beside its own
  const isChoice = dimensions.map(({ choices }) => choices > 0);
  const wide = around.map((h, i) => (isChoice[i] ? 1 / (good.length + 1) : h));
  const sharp = around.map((h, i) =>
    isChoice[i] ? 1 / (others.length + 1) : Math.max(OTHERS_BANDWIDTH * h, OTHERS_NARROWEST),
  );
  const total = otherWeights.reduce((a, b) => a + b, 0);
  const centroid = centroidOf(dimensions, good, goodWeights);
  const numeric = dimensions.filter((d, i) => d.choices === 0 && !Number.isNaN(centroid[i])).length;
  const wanted = Math.min(CENTROID_AT_MOST, CENTROID_A_DIMENSION * (numeric - CENTROID_FROM));
  // Between the ends of a front nothing is good for being in the middle.
  const ofCentroid = several || good.length < CENTROID_OF ? 0 : Math.max(0, wanted);
  const [points, weights] =
    ofCentroid === 0
      ? [good, goodWeights]
      : [
          [...good, centroid],
          [...goodWeights, ofCentroid],
        ];
  return {
    below: new KernelDensity(dimensions, points, weights, prior, wide),
    above: new KernelDensity(dimensions, others, otherWeights, share * total, sharp),
    bandwidths: wide,
  };
}

/** The newest trials, and every one under way, by number. */
function newest(others: readonly Observation[]): readonly Observation[] {
  if (others.length <= MAX_OTHERS) return others;
  const kept: Observation[] = [];
  for (let i = others.length - 1; i >= 0; i--) {
    const observation = others[i] as Observation;
    if (kept.length < MAX_OTHERS || observation.trial.state === "running") kept.push(observation);
  }
  return kept.reverse();
}

/**
 * Logarithmic weights by rank with mean 1, as for the recombination of evolution strategies (Hansen 2016, eq. 49); in
 * noise, where ranks are luck, equal ones.
 */
function rankWeights(ranking: readonly number[], noise: number): Float64Array {
  const n = ranking.length;
  const weights = new Float64Array(n);
  ranking.forEach((place, rank) => (weights[place] = Math.log(n + 1) - Math.log(rank + 1)));
  const mean = weights.reduce((a, b) => a + b, 0) / n;
  return weights.map((w) => (1 - noise) * (w / mean) + noise);
}

/** One draw, parents before what depends on them; NaN for inactive parameters. */
function drawCandidate(
  encoding: SpaceEncoding,
  block: Block,
  dimensions: readonly UnitDimension[],
  density: KernelDensity,
  rng: Rng,
  normal: () => number,
  drawn: Readonly<Record<string, ParamValue>>,
): Point {
  const { conditional } = encoding;
  const known = conditional ? { ...drawn } : {};
  const kernel = density.drawKernel(rng);
  const point = new Float64Array(block.length).fill(NaN);
  block.forEach((i, c) => {
    if (conditional && !isActive(encoding.distributions[i] as Distribution, known)) return;
    const d = dimensions[c] as UnitDimension;
    // judged where it will be run: on the parameter's grid
    const value = fromUnit(d, density.drawCoordinate(kernel, c, rng, normal));
    point[c] = toUnit(d, value);
    if (conditional) known[encoding.names[i] as string] = decodeValue(encoding, i, value);
  });
  return point;
}

function settle(
  encoding: SpaceEncoding,
  block: Block,
  dimensions: readonly UnitDimension[],
  point: Point,
  drawn: Record<string, ParamValue>,
): void {
  block.forEach((i, c) => {
    const u = point[c] as number;
    if (!Number.isNaN(u))
      drawn[encoding.names[i] as string] = decodeValue(encoding, i, fromUnit(dimensions[c] as UnitDimension, u));
  });
}

function equalPoints(a: Encoded, b: Encoded): boolean {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    if (Number.isNaN(x) && Number.isNaN(y)) continue;
    if (!(Math.abs(x - y) < 1e-12)) return false;
  }
  return true;
}
