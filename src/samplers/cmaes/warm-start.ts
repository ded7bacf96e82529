/** Where a run starts that can look back at trials of another origin. */
import type { Start } from "./evolution.js";
import { symmetricEigen } from "./symmetric-eigen.js";

/** The best share of the trials, and the spread that each of them stands for, in shares of the range. */
const BEST_SHARE = 0.1;
const OWN_SPREAD = 0.1;

/**
 * The promising distribution of warm-starting CMA-ES (Nomura et al. 2021, arXiv:2012.06932): the mean and the covariance
 * of the best tenth of the trials, plus a little of its own around each.
 * @param ranked points on the unit cube, best first; at least one
 * @param count how many of them. @default a tenth of all, at least 1
 */
export function promisingStart(
  ranked: readonly Float64Array[],
  count: number = Math.max(1, Math.floor(BEST_SHARE * ranked.length)),
): Required<Start> {
  const best = ranked.slice(0, count);
  const n = (best[0] as Float64Array).length;
  const mean = new Float64Array(n);
  for (const x of best) for (let i = 0; i < n; i++) mean[i] = (mean[i] as number) + (x[i] as number) / best.length;
  const covariance = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (const x of best) sum += ((x[i] as number) - (mean[i] as number)) * ((x[j] as number) - (mean[j] as number));
      covariance[i * n + j] = sum / best.length + (i === j ? OWN_SPREAD ** 2 : 0);
    }
  // sigma is the geometric mean of the spreads, C has determinant 1
  const logDeterminant = symmetricEigen(covariance, n).values.reduce((sum, v) => sum + Math.log(v), 0);
  const sigma = Math.exp(logDeterminant / 2 / n);
  return { mean, sigma, covariance: covariance.map((v) => v / sigma ** 2) };
}
