/** Several objectives and constraints as one number a trial, for the rule that knows one. */
import { lossesOf, nonDominated, violationOf } from "../../core/index.js";
import type { Direction, Losses, Rng, Trial } from "../../core/index.js";
import type { Observation } from "./encoding.js";
import type { Observations } from "./split.js";

/** How much the sum of the objectives counts beside the worst of them: points that another dominates come behind it. */
const AUGMENTED = 0.05;

/** Observations with one value each. */
export interface Scalarized {
  readonly direction: Direction;
  readonly observations: Observations;
}

/**
 * The observations with one value each: with several objectives the augmented Chebyshev
 * distance to the front's ideal point under weights drawn anew for each proposal (Knowles 2006), so that one proposal
 * goes for one part of the front and the next for another; infeasible trials come behind every feasible one, by how far
 * they miss their constraints. Pruned trials have reached no values: with several objectives they are among the others.
 */
export function scalarized(observations: Observations, directions: readonly Direction[], rng: Rng): Scalarized {
  const { complete } = observations;
  const violations = complete.map(({ trial }) => violationOf(trial));
  const losses = complete.map(({ trial }) => lossesOf(ownValues(trial), directions));
  const scale = scaleOf(losses.filter((_, i) => violations[i] === 0));
  const weights = directions.length > 1 ? drawWeights(directions.length, rng) : null;
  const own = losses.map((point) => (weights ? chebyshev(point, weights, scale) : (point[0] as number)));
  const feasible = own.filter((value, i) => violations[i] === 0 && Number.isFinite(value));
  const behind = feasible.reduce((a, b) => Math.max(a, b), 0) + 1;
  const values = own.map((value, i) => ((violations[i] as number) > 0 ? behind + (violations[i] as number) : value));
  const direction = weights ? "minimize" : (directions[0] as Direction);
  const sign = direction === "minimize" ? 1 : -1;
  const made = new Map(complete.map((o, i) => [o, withValue(o, sign * (values[i] as number))]));
  return {
    direction,
    observations: {
      ...observations,
      all: observations.all.map((o) => made.get(o) ?? o),
      complete: [...made.values()],
      pruned: weights ? [] : observations.pruned,
    },
  };
}

function ownValues({ values, value }: Trial): readonly number[] {
  return values ?? [value as number];
}

function withValue(observation: Observation, value: number): Observation {
  return { ...observation, trial: { ...observation.trial, value, values: [value] } };
}

interface Scale {
  readonly ideal: Losses;
  readonly range: Losses;
}

/** Where the front lies: its best value in each objective, and how far it goes from there. */
function scaleOf(losses: readonly Losses[]): Scale {
  const finite = losses.filter((point) => point.every(Number.isFinite));
  const size = losses[0]?.length ?? 0;
  const front = nonDominated(finite);
  const extent = (points: readonly Losses[], i: number): [number, number] => {
    const values = points.map((point) => point[i] as number);
    return [Math.min(...values), Math.max(...values)];
  };
  const ideal: number[] = [];
  const range: number[] = [];
  for (let i = 0; i < size; i++) {
    const [low, high] = extent(front, i);
    const [, worst] = extent(finite, i);
    ideal.push(Number.isFinite(low) ? low : 0);
    range.push(high > low ? high - low : worst > low ? worst - low : 1);
  }
  return { ideal, range };
}

/** Uniform over all weights that sum to 1. */
function drawWeights(size: number, rng: Rng): number[] {
  const parts = Array.from({ length: size }, () => -Math.log(1 - rng()));
  const total = parts.reduce((a, b) => a + b, 0);
  return parts.map((part) => part / total);
}

function chebyshev(point: Losses, weights: readonly number[], { ideal, range }: Scale): number {
  let [worst, sum] = [-Infinity, 0];
  for (let i = 0; i < point.length; i++) {
    const loss = point[i] as number;
    if (!Number.isFinite(loss)) return loss;
    const weighted = ((weights[i] as number) * (loss - (ideal[i] as number))) / (range[i] as number);
    worst = Math.max(worst, weighted);
    sum += weighted;
  }
  return worst + AUGMENTED * sum;
}
