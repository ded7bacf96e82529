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
import { fitKernel } from "./fit.js";
import { Posterior } from "./posterior.js";
import { keyOfPoint, searchPoint } from "./search.js";

/** Numbers observed at points. */
export interface Sample {
  /** [n, D] */
  readonly x: Float64Array;
  /** [n]: finite. */
  readonly y: Float64Array;
}

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

interface Model {
  readonly posterior: Posterior;
  /** Raw units to the model's. */
  readonly standard: (value: number) => number;
  readonly y: Float64Array;
}

/** Bounds what an ask costs, whatever the number of rows: multiplications of the first look at the candidates. */
const LOOK = 8e6;

/** Proposes a point: a value for every coordinate, whether it is active or not. */
export function proposePoint(problem: GpProblem): Float64Array {
  const { coordinates, objectives, constraints, failures, counts } = problem;
  const size = coordinates.length;
  const rng = createRng(problem.seed, "gp");
  const categorical = categoricalOf(coordinates);
  const samples = [...objectives, ...constraints, ...(failures ? [failures] : [])];
  const cost: FitCost = samples.length === 1 ? { coarse: 50, fine: 100 } : { coarse: 40, fine: 60 };
  const modelOf = (sample: Sample): Model => fitModel(sample, categorical, problem.pending, cost);
  const models = objectives.map(modelOf);
  const terms: Term[] = [];
  if (counts.includes(1)) terms.push(improvement(models, counts));
  for (const sample of constraints) {
    const { posterior, standard } = modelOf(sample);
    terms.push(logProbabilityBelow(posterior, standard(0)));
  }
  if (failures) {
    const { posterior, standard } = modelOf(failures);
    terms.push(logProbabilityBelow(posterior, standard(0.5)));
  }
  const first = models[0] as Model;
  const n = first.posterior.rows.n;
  return searchPoint(
    {
      coordinates,
      acquisition: acquisitionOf(terms),
      around: bestRows(models, counts, size),
      visited: new Set(rowsOf(problem.visited, size).map(keyOfPoint)),
      candidates: Math.round(Math.min(1024, Math.max(200, LOOK / (samples.length * (n * n + 20 * n * size))))),
      climbs: samples.length === 1 ? 8 : 5,
      evaluations: 40,
      lengthscales: first.posterior.params.weights.map((w) => 1 / Math.sqrt(w)),
    },
    rng,
  );
}

function rowsOf(x: Float64Array, size: number): Float64Array[] {
  return Array.from({ length: size === 0 ? 0 : x.length / size }, (_, i) => x.subarray(i * size, (i + 1) * size));
}

/** Fits a process; trials under way are believed to end as it expects (kriging believer; Ginsbourger et al. 2010). */
function fitModel(sample: Sample, categorical: Uint8Array, pending: Float64Array, cost: FitCost): Model {
  const size = categorical.length;
  const n = sample.y.length;
  const { y, standard } = standardise(sample.y);
  const rows = { n, x: sample.x, categorical };
  const params = fitKernel(rows, y, cost);
  const posterior = new Posterior(rows, y, params);
  if (pending.length === 0) return { posterior, standard, y };
  const believed = rowsOf(pending, size).map((point) => posterior.at(point).mean);
  const x = Float64Array.from([...sample.x, ...pending]);
  const all = { n: n + believed.length, x, categorical };
  return { posterior: new Posterior(all, Float64Array.from([...y, ...believed]), posterior.params), standard, y };
}

/** Mean 0 and variance 1. */
function standardise(values: Float64Array): { y: Float64Array; standard: (value: number) => number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  const deviation = Math.sqrt(variance) || 1;
  const standard = (value: number): number => (value - mean) / deviation;
  return { y: values.map(standard), standard };
}

/** The improvement on the best of what counts: in one objective on the mean there, which noise disturbs least. */
function improvement(models: readonly Model[], counts: Uint8Array): Term {
  const posteriors = models.map(({ posterior }) => posterior);
  const places = Array.from(counts.keys()).filter((i) => counts[i]);
  if (models.length > 1) {
    const points = places.map((i) => models.map(({ y }) => y[i] as number));
    return logHypervolumeImprovement(posteriors, undominatedBoxes(points, referenceOf(points)));
  }
  const posterior = posteriors[0] as Posterior;
  const size = posterior.params.weights.length;
  const means = places.map((i) => posterior.at(posterior.rows.x.subarray(i * size, (i + 1) * size)).mean);
  return logExpectedImprovement(posterior, Math.min(...means));
}

/** A tenth of the range behind the worst of the points. */
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
