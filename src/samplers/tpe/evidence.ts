/** What the default TPE makes of a history: how noisy it is, which trials are good, and how far to step from them. */
import type { Direction } from "../../core/index.js";
import type { UnitDimension } from "../../search-space/unit-interval.js";
import { stepSize } from "./bandwidth.js";
import type { Observation, SpaceEncoding } from "./encoding.js";
import { LOOKED_AT, noisiness } from "./noise.js";
import { unitPoints } from "../numerics.js";
import { lossesOf } from "./reached.js";
import { smoothedValues } from "./smoothing.js";
import { splitByReach } from "./split-by-reach.js";
import type { Observations, Split } from "./split.js";
import { finishedOf, lowestPlaces } from "./split.js";

/** The trials that one ask knows, shared by its blocks. */
export interface Evidence {
  readonly observations: Observations;
  readonly split: Split;
  /** From 0, smooth, to 1. */
  readonly noise: number;
  /** In shares of a range. */
  readonly step: number;
  /** Several objectives: good trials count alike, and their mean for nothing. @default false */
  readonly several?: boolean;
}

/** What of the sampler's options decides. */
export interface EvidenceRule {
  readonly nStartupTrials: number;
  readonly gamma: (n: number) => number;
}

/** Noise from which on trials are judged by their neighbours too. */
export const RECOGNISED = 0.3;
/** Good trials of n where values are noise, … */
const SHARE_IN_NOISE = 0.1;
const MOST = 25;
/** … and the least step there: a best value in noise is no reason to look closer. */
const STEP_IN_NOISE = 0.05;
/** Trials that may be good in noise: the newest, and the best by their own values. */
const NEWEST = 100;
const BEST = 50;

/** The number of good trials among n where values are smooth. */
export function goodTrials(n: number): number {
  return Math.min(Math.ceil(0.5 * Math.sqrt(n)), MOST);
}

export function weighEvidence(
  { dimensions }: SpaceEncoding,
  observations: Observations,
  direction: Direction,
  rule: EvidenceRule,
): Evidence {
  const { complete } = observations;
  const losses = lossesOf(complete, direction);
  const noise = noiseOf(dimensions, complete, losses, rule.nStartupTrials);
  const n = finishedOf(observations);
  const inNoise = rule.gamma === goodTrials ? Math.min(Math.ceil(SHARE_IN_NOISE * n), MOST) : 0;
  const smooth = Math.max(0, Math.floor(rule.gamma(n)));
  const nBelow = Math.round(smooth + noise * Math.max(0, inNoise - smooth));
  const scores = noise > RECOGNISED ? scoresByNeighbours(dimensions, complete, losses) : losses;
  return {
    observations,
    split: splitByReach(observations, direction, nBelow, scores),
    noise,
    step: Math.max(noise * STEP_IN_NOISE, stepSize(observations, direction, rule.nStartupTrials)),
  };
}

/** How noisy the values of trials are, the first draws left out. */
function noiseOf(
  dimensions: readonly UnitDimension[],
  complete: readonly Observation[],
  losses: Float64Array,
  skipped: number,
): number {
  const from = Math.max(skipped, complete.length - LOOKED_AT);
  const recent = complete.slice(from).map(({ values }) => values);
  return noisiness(dimensions, unitPoints(dimensions, recent), losses.subarray(from));
}

/** The scores of those that may be good in noise; the others are behind. */
function scoresByNeighbours(
  dimensions: readonly UnitDimension[],
  complete: readonly Observation[],
  losses: Float64Array,
): Float64Array {
  const n = complete.length;
  const places = lowestPlaces(losses, BEST);
  const isBest = new Uint8Array(n);
  for (const place of places) isBest[place] = 1;
  for (let i = Math.max(0, n - NEWEST); i < n; i++) if (isBest[i] === 0) places.push(i);
  const rows = places.map((place) => (complete[place] as Observation).values);
  const own = places.map((place) => losses[place] as number);
  const smoothed = smoothedValues(dimensions, unitPoints(dimensions, rows), own);
  const scores = new Float64Array(n).fill(Infinity);
  for (let k = 0; k < places.length; k++) scores[places[k] as number] = smoothed[k] as number;
  return scores;
}
