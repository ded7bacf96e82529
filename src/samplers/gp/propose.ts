/** One proposal of the Gaussian process: from plain numbers to a point, in whichever thread. */
import { createRng } from "../../core/index.js";
import type { Term } from "./acquisition.js";
import {
  acquisitionOf,
  logExpectedImprovement,
  logHypervolumeImprovement,
  logProbabilityBelow,
} from "./acquisition.js";
import { undominatedBoxes } from "./boxes.js";
import type { Coordinate } from "./coordinates.js";
import { categoricalOf } from "./coordinates.js";
import type { FitCost } from "./fit.js";
import type { Model, Sample } from "./model.js";
import { compressTail, fitModel, rowsOf } from "./model.js";
import { keyOfPoint, searchPoint } from "./search.js";

/** Everything that a proposal depends on, as plain data. */
export interface GpProblem {
  readonly coordinates: readonly Coordinate[];
  readonly seed: number;
  /** One an objective, all at the same points; lower is better. */
  readonly objectives: readonly Sample[];
  /** [n]: 1 for the points of `objectives` that are feasible, and to be improved on. */
  readonly counts: Uint8Array;
  /** Feasible where at most 0. */
  readonly constraints: readonly Sample[];
  /** 0 where a trial ended with numbers, 1 where it failed; null where none failed. */
  readonly failures: Sample | null;
  /** [q, D]: trials under way. */
  readonly pending: Float64Array;
  /** [k, D]: points of a finite space that are not to be proposed again while there are others. */
  readonly visited: Float64Array;
}

/** Bounds what an ask costs, whatever the number of rows: multiplications of the first look at the candidates. */
const LOOK = 8e6;

/** A finite space of no more points is looked at whole at every ask. */
const LOOKED_AT_WHOLE = 1500;

/** Where the process of failures (0 and 1) is above this a trial is taken to fail: nearer to what is known to work. */
const FAILING = 0.25;

/** The power of the probability of success: a failed trial takes as long as another, and tells less. */
const FAILURE_WEIGHT = 3;

/** Proposes a point: a value for every coordinate, whether it is active or not. */
export function proposePoint(problem: GpProblem): Float64Array {
  const { coordinates, objectives, constraints, failures, counts } = problem;
  const size = coordinates.length;
  const rng = createRng(problem.seed, "gp");
  const categorical = categoricalOf(coordinates);
  const samples = [...objectives, ...constraints, ...(failures ? [failures] : [])];
  const cost: FitCost = samples.length === 1 ? { coarse: 50, fine: 100 } : { coarse: 40, fine: 60 };
  const modelOf = (sample: Sample): Model => fitModel(sample, categorical, problem.pending, cost);
  const models = objectives.map(({ x, y }) => modelOf({ x, y: compressTail(y) }));
  const bounds = constraints.map((sample) => ({ model: modelOf(sample), threshold: 0, weight: 1 }));
  if (failures) bounds.push({ model: modelOf(failures), threshold: FAILING, weight: FAILURE_WEIGHT });
  const terms = bounds.map(({ model, threshold, weight }) =>
    logProbabilityBelow(model.posterior, model.standard(threshold), weight),
  );
  const believed = believedGood(bounds, problem.pending.length / size);
  if (counts.includes(1)) terms.push(improvement(models, counts, believed));
  const first = models[0] as Model;
  const n = first.posterior.rows.n;
  const isFinite = coordinates.every(({ size: values }) => values < Infinity);
  const affordable = LOOK / (samples.length * (n * n + 20 * n * size));
  return searchPoint(
    {
      coordinates,
      acquisition: acquisitionOf(terms),
      around: bestRows(models, counts, size),
      visited: new Set(rowsOf(problem.visited, size).map(keyOfPoint)),
      candidates: Math.round(Math.min(isFinite ? 512 : 1024, Math.max(200, affordable))),
      listed: LOOKED_AT_WHOLE,
      climbs: isFinite ? 4 : samples.length === 1 ? 8 : 5,
      evaluations: samples.length === 1 ? 40 : 25,
      lengthscales: first.posterior.params.weights.map((w) => 1 / Math.sqrt(w)),
    },
    rng,
  );
}

/** The places of the trials under way that are believed to meet every bound. */
function believedGood(bounds: readonly { model: Model; threshold: number }[], pending: number): number[] {
  const meets = (i: number) =>
    bounds.every(({ model: m, threshold }) => (m.believed[i] as number) <= m.standard(threshold));
  return Array.from({ length: pending }, (_, i) => i).filter(meets);
}

/**
 * The improvement on the best of what counts and of what is believed of trials under way: in one objective on the mean
 * there, which noise disturbs least.
 */
function improvement(models: readonly Model[], counts: Uint8Array, believed: readonly number[]): Term {
  const posteriors = models.map(({ posterior }) => posterior);
  const places = Array.from(counts.keys()).filter((i) => counts[i]);
  if (models.length > 1) {
    const points = [
      ...places.map((i) => models.map(({ y }) => y[i] as number)),
      ...believed.map((i) => models.map((model) => model.believed[i] as number)),
    ];
    return logHypervolumeImprovement(posteriors, undominatedBoxes(points, referenceOf(points)));
  }
  const { posterior, believed: means } = models[0] as Model;
  const rows = rowsOf(posterior.rows.x, posterior.params.weights.length);
  const best = Math.min(
    ...places.map((i) => posterior.at(rows[i] as Float64Array).mean),
    ...believed.map((i) => means[i] as number),
  );
  return logExpectedImprovement(posterior, best);
}

/** A tenth of the range behind the worst in each objective: behind that of the front alone its ends are not looked for. */
function referenceOf(points: readonly (readonly number[])[]): number[] {
  return (points[0] as readonly number[]).map((_, k) => {
    const values = points.map((p) => p[k] as number);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return high + 0.1 * (high - low || 1);
  });
}

/** The points with the lowest numbers, the sum of them where there are several objectives. */
function bestRows(models: readonly Model[], counts: Uint8Array, size: number): Float64Array[] {
  const { posterior, y } = models[0] as Model;
  const total = y.map((_, i) => models.reduce((sum, model) => sum + (model.y[i] as number), counts[i] ? 0 : 1e3));
  const order = Array.from(total.keys()).sort((a, b) => (total[a] as number) - (total[b] as number));
  return order.slice(0, 4).map((i) => posterior.rows.x.slice(i * size, (i + 1) * size));
}
