/** What the default TPE makes of a history: how noisy it is, which trials are good, and how far to step from them. */
import type { Direction, Distribution } from "../../core/index.js";
import { valueOf } from "../../core/index.js";
import { unitDimension, toUnit } from "../../search-space/unit-interval.js";
import type { UnitDimension } from "../../search-space/unit-interval.js";
import { stepSize } from "./bandwidth.js";
import type { Observation, SpaceEncoding } from "./encoding.js";
import type { Point } from "./kernel-density.js";
import { noisiness } from "./noise.js";
import { signOf } from "./reached.js";
import { smoothedValues } from "./smoothing.js";
import type { Score } from "./split-by-reach.js";
import { splitByReach } from "./split-by-reach.js";
import type { Observations, Split } from "./split.js";
import { ascending, finishedOf, lowest } from "./split.js";

/** The trials that one ask knows, shared by its blocks. */
export interface Evidence {
  readonly observations: Observations;
  readonly split: Split;
  /** From 0, smooth, to 1. */
  readonly noise: number;
  /** In shares of a range. */
  readonly step: number;
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
  encoding: SpaceEncoding,
  observations: Observations,
  direction: Direction,
  rule: EvidenceRule,
): Evidence {
  const { complete } = observations;
  const dimensions = encoding.distributions.map((d: Distribution) => unitDimension(d));
  const noise = noiseOf(dimensions, complete.slice(rule.nStartupTrials));
  const n = finishedOf(observations);
  const inNoise = rule.gamma === goodTrials ? Math.min(Math.ceil(SHARE_IN_NOISE * n), MOST) : 0;
  const smooth = Math.max(0, Math.floor(rule.gamma(n)));
  const nBelow = Math.round(smooth + noise * Math.max(0, inNoise - smooth));
  const score = noise > RECOGNISED ? scoreByNeighbours(dimensions, complete, direction) : undefined;
  return {
    observations,
    split: splitByReach(observations, direction, nBelow, score),
    noise,
    step: Math.max(noise * STEP_IN_NOISE, stepSize(observations, direction, rule.nStartupTrials)),
  };
}

/** How noisy the values of these trials are, of which none was one of the first draws. */
export function noiseOf(dimensions: readonly UnitDimension[], proposals: readonly Observation[]): number {
  const recent = proposals.slice(-NEWEST);
  return noisiness(
    dimensions,
    recent.map((o) => pointOf(dimensions, o)),
    recent.map(({ trial }) => valueOf(trial) as number),
  );
}

function scoreByNeighbours(
  dimensions: readonly UnitDimension[],
  complete: readonly Observation[],
  direction: Direction,
): Score {
  const value = ({ trial }: Observation): number => signOf(direction) * (valueOf(trial) as number);
  const best = lowest(complete, BEST, (a, b) => ascending(value(a), value(b)));
  const candidates = [...new Set([...best, ...complete.slice(-NEWEST)])];
  const points = candidates.map((o) => pointOf(dimensions, o));
  const smoothed = smoothedValues(dimensions, points, candidates.map(value));
  const scores = new Map(candidates.map((o, i) => [o, smoothed[i] as number]));
  return (o) => scores.get(o) ?? Infinity;
}

function pointOf(dimensions: readonly UnitDimension[], { values }: Observation): Point {
  return Float64Array.from(dimensions, (d, i) => toUnit(d, values[i] as number));
}
