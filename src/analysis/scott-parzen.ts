/** One parameter's density on a grid: a Parzen estimator with Scott's bandwidth (Scott 1992), as PED-ANOVA takes it. */
import { ndtr } from "../core/normal.js";
import type { CategoricalDistribution, Distribution, NumericDistribution } from "../core/index.js";

/** What a prior that is spread over the whole range weighs, in trials. */
const PRIOR_WEIGHT = 1;
/** Points of a continuous range at most. */
const MOST_POINTS = 50;
/** 1.64 standard deviations (90 %) reach half a point: narrower kernels would only be rounded. */
const LEAST_SIGMA = 0.5 / 1.64;

/** How many of the values lie at each point of the parameter's grid. */
export function countOnGrid(distribution: Distribution, values: Iterable<number>): Float64Array {
  if (distribution.type === "categorical") {
    const counts = new Float64Array(distribution.choices.length);
    for (const index of values) counts[index] = (counts[index] as number) + 1;
    return counts;
  }
  const points = pointsOf(distribution);
  const counts = new Float64Array(points);
  const scale = distribution.log ? Math.log : (x: number): number => x;
  const low = scale(distribution.low);
  const step = (scale(distribution.high) - low) / (points - 1);
  for (const value of values) {
    // The middle between two points belongs to the lower one.
    const index = Math.min(points - 1, Math.max(0, Math.ceil((scale(value) - low) / step - 0.5)));
    counts[index] = (counts[index] as number) + 1;
  }
  return counts;
}

/** A continuous range has 50 points, a stepped one as many as it has values; whole numbers in the logarithm some per doubling. */
function pointsOf({ type, low, high, log, step }: NumericDistribution): number {
  if (type === "int" && log) return Math.min(Math.ceil(Math.log(high - low + 1) / Math.log(2)) + 1, MOST_POINTS);
  return step === null ? MOST_POINTS : Math.min(Math.round((high - low) / step) + 1, MOST_POINTS);
}

/** The density at each point of the grid, from the counts there. Sums to 1. */
export function densityOnGrid(distribution: Distribution, counts: Float64Array): Float64Array {
  return distribution.type === "categorical" ? choiceDensity(distribution, counts) : gridDensity(counts);
}

/** A kernel a choice that occurs and one for the prior; each shares the prior's weight among all choices. */
function choiceDensity({ choices }: CategoricalDistribution, counts: Float64Array): Float64Array {
  const occurring = counts.reduce((n, count) => n + (count > 0 ? 1 : 0), 0);
  const total = counts.reduce((sum, count) => sum + count, 0) + PRIOR_WEIGHT;
  const share = PRIOR_WEIGHT / (occurring + 1);
  const norm = 1 + share * choices.length;
  const even = (((total - PRIOR_WEIGHT) * share) / norm + PRIOR_WEIGHT / choices.length) / total;
  return counts.map((count) => even + count / norm / total);
}

/** Normal kernels on the grid's points, each cut off at the grid's ends, and a flat one in the middle for the prior. */
function gridDensity(counts: Float64Array): Float64Array {
  const high = counts.length - 1;
  const sigma = bandwidth(counts);
  const total = counts.reduce((sum, count) => sum + count, 0) + PRIOR_WEIGHT;
  const density = new Float64Array(counts.length);
  addKernel(density, high / 2, high + 1, PRIOR_WEIGHT / total);
  counts.forEach((count, mu) => {
    if (count > 0) addKernel(density, mu, sigma, count / total);
  });
  return density;
}

/** Adds a normal kernel's mass around each point, of the whole that lies on the grid. */
function addKernel(density: Float64Array, mu: number, sigma: number, weight: number): void {
  const edge = (point: number): number => (point - 0.5 - mu) / sigma;
  const accepted = mass(edge(0), edge(density.length));
  for (let point = 0; point < density.length; point++)
    density[point] = (density[point] as number) + (weight * mass(edge(point), edge(point + 1))) / accepted;
}

/** Of a standard normal between two places; in the right tail by its mirror image, where nothing cancels. */
function mass(a: number, b: number): number {
  return a > 0 ? ndtr(-a) - ndtr(-b) : ndtr(b) - ndtr(a);
}

/** Scott's rule on the weighted points, by the smaller of standard deviation and interquartile range. */
function bandwidth(counts: Float64Array): number {
  const points: number[] = [];
  const upTo: number[] = [];
  let [n, sum] = [0, 0];
  counts.forEach((count, point) => {
    if (count === 0) return;
    points.push(point);
    upTo.push((n += count));
    sum += count * point;
  });
  const mean = sum / n;
  const squares = counts.reduce((total, count, point) => total + count * (point - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / Math.max(1, n - 1));
  const first = upTo.findIndex((count) => count >= Math.floor(n / 4));
  const third = upTo.findIndex((count) => count > Math.floor((n * 3) / 4));
  const quartiles = (points[third === -1 ? points.length - 1 : third] as number) - (points[first] as number);
  return Math.max(1.059 * Math.min(quartiles / 1.34, deviation) * n ** -0.2, LEAST_SIGMA);
}
