/** One Gaussian process of a proposal: numbers standardised, hyperparameters fitted, trials under way believed. */
import type { FitCost } from "./fit.js";
import { fitKernel } from "./fit.js";
import { Posterior } from "./posterior.js";

/** Numbers observed at points. */
export interface Sample {
  /** [n, D] */
  readonly x: Float64Array;
  /** [n]: finite. */
  readonly y: Float64Array;
}

/** A fitted process. */
export interface Model {
  readonly posterior: Posterior;
  /** Raw units to the process's. */
  readonly standard: (value: number) => number;
  /** [n]: what was observed, in the process's units. */
  readonly y: Float64Array;
  /** [q]: what trials under way are believed to come to. */
  readonly believed: readonly number[];
}

/** The rows of a matrix. */
export function rowsOf(x: Float64Array, size: number): Float64Array[] {
  return Array.from({ length: x.length / size }, (_, i) => x.subarray(i * size, (i + 1) * size));
}

/** Fits a process; trials under way are believed to end as it expects (kriging believer; Ginsbourger et al. 2010). */
export function fitModel(sample: Sample, categorical: Uint8Array, pending: Float64Array, cost: FitCost): Model {
  const n = sample.y.length;
  const { y, standard } = standardise(sample.y);
  const rows = { n, x: sample.x, categorical };
  const params = fitKernel(rows, y, cost);
  const posterior = new Posterior(rows, y, params);
  if (pending.length === 0) return { posterior, standard, y, believed: [] };
  const believed = rowsOf(pending, categorical.length).map((point) => posterior.at(point).mean);
  const all = { n: n + believed.length, x: Float64Array.from([...sample.x, ...pending]), categorical };
  const conditioned = new Posterior(all, Float64Array.from([...y, ...believed]), posterior.params);
  return { posterior: conditioned, standard, y, believed };
}

/** How many times as far behind the median as the best is before it values are left as they are. */
const TAIL = 1.5;

/**
 * Values far behind the median in the logarithm: how bad the bad ones are matters little, and a process would bend for
 * them. Smooth, increasing, and the better half as it is.
 * @param values lower is better
 */
export function compressTail(values: Float64Array): Float64Array {
  const sorted = Float64Array.from(values).sort();
  const median = sorted[Math.floor((values.length - 1) / 2)] as number;
  const width = median - (sorted[0] as number);
  if (!(width > 0)) return values;
  const from = median + TAIL * width;
  return values.map((v) => (v <= from ? v : from + width * Math.log1p((v - from) / width)));
}

/** Mean 0 and variance 1. */
function standardise(values: Float64Array): { y: Float64Array; standard: (value: number) => number } {
  // Squares of very large values would not be numbers.
  const unit = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0) || 1;
  const scaled = values.map((v) => v / unit);
  const mean = scaled.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = scaled.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  const deviation = Math.sqrt(variance) || 1;
  const standard = (value: number): number => (value / unit - mean) / deviation;
  return { y: values.map(standard), standard };
}
