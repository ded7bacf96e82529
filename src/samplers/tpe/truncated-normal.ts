/** The truncated normal distribution on scalars. */
import { LOG_SQRT_2PI, logNdtr, ndtr, ndtriExp } from "./normal.js";

/** log(exp(p) - exp(q)) for q <= p. */
export function logDifference(p: number, q: number): number {
  return q === -Infinity ? p : p + Math.log(-Math.expm1(q - p));
}

/** log(exp(p) + exp(q)). */
function logSum(p: number, q: number): number {
  const high = Math.max(p, q);
  return high === -Infinity ? -Infinity : high + Math.log1p(Math.exp(Math.min(p, q) - high));
}

/**
 * The logarithm of a standard normal's mass between `a` and `b`, stable in both tails: the right tail is mirrored,
 * because only the left one is resolved.
 * @returns -Infinity where `a` equals `b`.
 */
export function logMass(a: number, b: number): number {
  if (a >= b) return a === b ? -Infinity : NaN;
  if (b <= 0) return logDifference(logNdtr(b), logNdtr(a));
  if (a > 0) return logDifference(logNdtr(-a), logNdtr(-b));
  return Math.log1p(-ndtr(a) - ndtr(-b));
}

/**
 * The logarithm of a truncated normal's density at `x`.
 * @param a the lower bound, standardised as in SciPy: `(low - loc) / scale`
 * @param b the upper bound, standardised
 * @returns -Infinity outside the bounds; NaN where they are equal.
 */
export function logPdf(x: number, a: number, b: number, loc = 0, scale = 1): number {
  if (a === b) return NaN;
  const z = (x - loc) / scale;
  if (z < a || z > b) return -Infinity;
  return -0.5 * z * z - LOG_SQRT_2PI - logMass(a, b) - Math.log(scale);
}

/**
 * The quantile function of a standard normal truncated to `[a, b]`. Works in whichever tail resolves the answer.
 * @returns NaN where `a` equals `b` or `q` is outside [0, 1].
 */
export function ppf(q: number, a: number, b: number): number {
  if (!(q >= 0 && q <= 1) || !(a < b)) return NaN;
  if (q === 0) return a;
  if (q === 1) return b;
  const mass = logMass(a, b);
  if (a < 0) {
    const logCdf = logSum(logNdtr(a), Math.log(q) + mass);
    if (logCdf < -Math.LN2 || b < 0) return clip(ndtriExp(logCdf), a, b);
  }
  return clip(-ndtriExp(logSum(logNdtr(-b), Math.log1p(-q) + mass)), a, b);
}

function clip(x: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, x));
}

/** Truncated normal distributions on scalars, `a` and `b` standardised as in SciPy's `truncnorm`. */
export const truncatedNormal = {
  /** The logarithm of the density at x, of a normal with mean `loc` and standard deviation `scale` cut at a and b. */
  logPdf,
  /** The quantile of q in [0, 1], standardised. */
  ppf,
  /** The logarithm of the standard normal's mass between a and b. */
  logMass,
} as const;
