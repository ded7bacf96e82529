/**
 * Tests that values of one side tend to be lower than another's: Mann-Whitney's, and van Elteren's over several problems.
 */

/** U of `a` (pairs in which it is higher, ties half) with its mean and variance, ties counted. */
function rankSumOf(a, b) {
  const [n, m] = [a.length, b.length];
  const all = [...a.map((v) => [v, 0]), ...b.map((v) => [v, 1])].sort((x, y) =>
    x[0] < y[0] ? -1 : x[0] > y[0] ? 1 : 0,
  );
  let rankSum = 0;
  let ties = 0;
  for (let i = 0; i < all.length;) {
    let j = i;
    while (j < all.length && all[j][0] === all[i][0]) j++;
    for (let k = i; k < j; k++) if (all[k][1] === 0) rankSum += (i + j + 1) / 2;
    ties += (j - i) ** 3 - (j - i);
    i = j;
  }
  const variance = ((n * m) / 12) * (n + m + 1 - ties / ((n + m) * (n + m - 1)));
  return { u: rankSum - (n * (n + 1)) / 2, mean: (n * m) / 2, variance, pairs: n * m, size: n + m };
}

/**
 * One-sided Mann-Whitney test that values of `a` tend to be lower than those of `b`: normal approximation with ties and
 * continuity correction, as SciPy's `mannwhitneyu(a, b, alternative="less", method="asymptotic")`.
 * @returns `p`, and `share` = P(a < b) + P(a = b) / 2.
 */
export function mannWhitneyLess(a, b) {
  const { u, mean, variance, pairs } = rankSumOf(a, b);
  const z = variance === 0 ? 0 : (u - mean + 0.5) / Math.sqrt(variance);
  return { p: normalCdf(z), share: 1 - u / pairs };
}

/**
 * Van Elteren's test (1960), a Wilcoxon rank sum test over strata: each stratum's rank sum counts with the weight
 * 1 / (N + 1), N being its size; normal approximation with ties, without a continuity correction. With one stratum it is
 * Mann-Whitney's test without that correction.
 * @param strata of `{ a, b }`, values of the two sides on one problem
 * @returns one-sided `pLower` (a's values tend to be lower), `pHigher`, and `share`, the mean over strata of
 *   P(a < b) + P(a = b) / 2. Where all values are equal both are .5.
 */
export function vanElteren(strata) {
  let [off, variance, shares] = [0, 0, 0];
  for (const { a, b } of strata) {
    const r = rankSumOf(a, b);
    off += (r.u - r.mean) / (r.size + 1);
    variance += r.variance / (r.size + 1) ** 2;
    shares += 1 - r.u / r.pairs;
  }
  const z = variance === 0 ? 0 : off / Math.sqrt(variance);
  return { z, pLower: normalCdf(z), pHigher: normalCdf(-z), share: shares / strata.length };
}

/** Abramowitz and Stegun 7.1.26 is too coarse in the tails; this is the continued fraction of Mills' ratio and a series. */
function normalCdf(z) {
  if (z > 0) return 1 - normalCdf(-z);
  const x = -z;
  const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  if (x < 3) {
    let term = x;
    let sum = x;
    for (let k = 1; k < 200; k++) sum += term *= (x * x) / (2 * k + 1);
    return 0.5 - density * sum;
  }
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / (x + fraction);
  return density / (x + fraction);
}

export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)];
  return low + (at - Math.floor(at)) * (sorted[Math.ceil(at)] - low);
}

export const median = (values) => quantile(values, 0.5);
