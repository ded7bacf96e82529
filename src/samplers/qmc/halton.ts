/** Halton points: a van der Corput sequence in a prime base for every coordinate. */
import type { Rng } from "../../core/index.js";
import { shuffle } from "../../core/index.js";

/** The first primes. */
export function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++)
    if (primes.every((p) => p * p > candidate || candidate % p !== 0)) primes.push(candidate);
  return primes;
}

/**
 * The digits of `n` in `base`, mirrored behind the point (van der Corput).
 * @param permutations one a digit that a number in [0, 1) resolves, or none
 */
export function radicalInverse(n: number, base: number, permutations?: readonly Int32Array[]): number {
  let sum = 0;
  let left = n;
  let digit = 0;
  for (let unit = 1 / base; 1 - unit < 1; unit /= base, digit++) {
    if (left === 0 && !permutations) break;
    const remainder = left % base;
    sum += (permutations?.[digit]?.[remainder] ?? remainder) * unit;
    left = Math.floor(left / base);
  }
  return Math.min(sum, 1 - Number.EPSILON);
}

/** A random permutation of the digits for each place that a number in [0, 1) resolves (Owen 2017, arXiv:1706.02808). */
export function digitPermutations(base: number, rng: Rng): Int32Array[] {
  const permutations: Int32Array[] = [];
  for (let unit = 1 / base; 1 - unit < 1; unit /= base)
    permutations.push(
      shuffle(
        Int32Array.from({ length: base }, (_, i) => i),
        rng,
      ),
    );
  return permutations;
}
