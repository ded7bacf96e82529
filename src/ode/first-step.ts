/** The size of an adaptive method's first step, as torchdiffeq chooses it. */
import type { Evaluations } from "./evaluations.js";
import { constant, plus, type Time } from "./time.js";
import type { Tolerance, Vectors } from "./vectors.js";

/**
 * Hairer, Norsett, Wanner, Solving ODEs I, II.4.
 * @param order the power of the step's size with which the error estimate falls
 * @param direction 1, or -1 back in time
 * @returns a size above 0; NaN where the right-hand side is not finite
 */
export function firstStep<V>(
  ...[vectors, evaluations, tolerance, order, direction, t, y, slope]: [
    Vectors<V>,
    Evaluations<V>,
    Tolerance,
    number,
    number,
    Time,
    V,
    V,
  ]
): number {
  const d0 = vectors.norm(y, y, y, tolerance);
  const d1 = vectors.norm(slope, y, y, tolerance);
  const h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : (0.01 * d0) / d1;
  const span = constant(direction * h0);
  const trial = evaluations.at(plus(t, 1, span), vectors.combine(y, [slope], [1], span));
  const d2 = vectors.norm(vectors.combine(trial, [slope], [-1], constant(1)), y, y, tolerance) / h0;
  const h1 = d1 <= 1e-15 && d2 <= 1e-15 ? Math.max(1e-6, h0 * 1e-3) : (0.01 / Math.max(d1, d2)) ** (1 / order);
  return Math.min(100 * h0, h1);
}
