/** How two parents' values become a child's: crossover and mutation, on the unit interval of each parameter. */
import type { Rng } from "../../core/index.js";

/** A child's number between or beside two parents', all in [0, 1]. */
export type Crossing = (a: number, b: number, rng: Rng) => number;

/** Each parameter from the one or the other parent (Syswerda 1989), the second with this probability. */
export function uniformCrossing(swapping: number): Crossing {
  return (a, b, rng) => (rng() >= swapping ? a : b);
}

/**
 * Simulated binary crossover (Deb and Agrawal 1995) of half of the parameters, the others coming from one parent; its
 * distribution is cut so that no child leaves the interval (Deb and Goyal 1996).
 * @param eta the larger, the nearer are children to their parents
 */
export function simulatedBinary(eta: number): Crossing {
  return (a, b, rng) => {
    const [low, high] = a < b ? [a, b] : [b, a];
    const [first, second] = rng() < 0.5 ? [true, rng() < 0.5] : [false, rng() < 0.5];
    if (!first || high - low < 1e-14) return second ? a : b;
    // towards 0 of the lower parent, or towards 1 of the higher
    const room = second ? low : 1 - high;
    const alpha = 2 - (1 + (2 * room) / (high - low)) ** -(eta + 1);
    const u = rng();
    const spread = u <= 1 / alpha ? (u * alpha) ** (1 / (eta + 1)) : (1 / (2 - u * alpha)) ** (1 / (eta + 1));
    const middle = (low + high) / 2;
    const half = (spread * (high - low)) / 2;
    return Math.min(1, Math.max(0, second ? middle - half : middle + half));
  };
}

/**
 * Polynomial mutation (Deb et al. 2002): mostly a small change, and never out of the interval.
 * @param eta the larger, the smaller are changes
 */
export function polynomialMutation(x: number, eta: number, rng: Rng): number {
  const u = rng();
  const power = eta + 1;
  const shift =
    u <= 0.5
      ? (2 * u + (1 - 2 * u) * (1 - x) ** power) ** (1 / power) - 1
      : 1 - (2 * (1 - u) + (2 * u - 1) * x ** power) ** (1 / power);
  return Math.min(1, Math.max(0, x + shift));
}
