/**
 * One-sided Mann-Whitney test that values of `a` tend to be lower than those of `b`: normal approximation with ties and
 * continuity correction, as SciPy's `mannwhitneyu(a, b, alternative="less", method="asymptotic")`.
 * @returns `p`, and `share` = P(a < b) + P(a = b) / 2.
 */
export function mannWhitneyLess(a, b) {
  const [n, m] = [a.length, b.length];
  const all = [...a.map((v) => [v, 0]), ...b.map((v) => [v, 1])].sort((x, y) => x[0] - y[0]);
  let rankSum = 0;
  let ties = 0;
  for (let i = 0; i < all.length;) {
    let j = i;
    while (j < all.length && all[j][0] === all[i][0]) j++;
    for (let k = i; k < j; k++) if (all[k][1] === 0) rankSum += (i + j + 1) / 2;
    ties += (j - i) ** 3 - (j - i);
    i = j;
  }
  const u = rankSum - (n * (n + 1)) / 2;
  const sd = Math.sqrt(((n * m) / 12) * (n + m + 1 - ties / ((n + m) * (n + m - 1))));
  const z = sd === 0 ? 0 : (u - (n * m) / 2 + 0.5) / sd;
  return { p: normalCdf(z), share: 1 - u / (n * m) };
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
