// The log density of a Parzen estimator on the unit cube.
import { exp, log, LOG_SQRT_2PI, ndtr } from "./normal";
import { at, put } from "./rows";

/** Beyond so many bandwidths a kernel's mass outside the interval is nothing. */
const INSIDE: f64 = 6;
const NEGLIGIBLE: f64 = -36;

/**
 * @param points [K, D], NaN where a point lacks a parameter: its kernel is uniform there
 * @param weights [K], summing to 1
 * @param bandwidths [D], of choices the weight that a kernel gives to each beside its own
 * @param choices [D], 0 for numbers
 * @param candidates [S, D], NaN for what does not count
 * @param room for (2 + S) K numbers
 * @param out [S]
 */
export function logDensities(
  points: usize, weights: usize, K: i32, bandwidths: usize, choices: usize, D: i32,
  candidates: usize, S: i32, room: usize, out: usize,
): void {
  const inverse = room, constant = inverse + (<usize>K << 3), terms = constant + (<usize>K << 3);
  for (let k = 0; k < K; k++) put(terms, k, log(at(weights, k)));
  for (let s = 1; s < S; s++) memory.copy(terms + (<usize>(s * K) << 3), terms, <usize>K << 3);
  for (let i = 0; i < D; i++) {
    const h = at(bandwidths, i), count = at(choices, i);
    if (count > 0) {
      const own = log((1 + h) / (1 + h * count)), other = log(h / (1 + h * count)), any = -log(count);
      for (let s = 0; s < S; s++) {
        const x = at(candidates, s * D + i);
        if (x != x) continue;
        for (let k = 0; k < K; k++) {
          const u = at(points, k * D + i);
          const term = u != u ? any : u == x ? own : other;
          put(terms, s * K + k, at(terms, s * K + k) + term);
        }
      }
      continue;
    }
    for (let k = 0; k < K; k++) {
      const u = at(points, k * D + i);
      let one: f64 = 0, peak: f64 = 0;
      if (u == u) {
        const left = u / h, right = (1 - u) / h;
        const mass: f64 = left > INSIDE && right > INSIDE ? 1 : ndtr(right) - ndtr(-left);
        one = 1 / h;
        peak = -log(h * mass) - LOG_SQRT_2PI;
      }
      put(inverse, k, one);
      put(constant, k, peak);
    }
    for (let s = 0; s < S; s++) {
      const x = at(candidates, s * D + i);
      if (x != x) continue;
      for (let k = 0; k < K; k++) {
        const u = at(points, k * D + i), one = at(inverse, k);
        const z = one == 0 ? 0 : (x - u) * one;
        put(terms, s * K + k, at(terms, s * K + k) + at(constant, k) - 0.5 * z * z);
      }
    }
  }
  for (let s = 0; s < S; s++) {
    const row = terms + (<usize>(s * K) << 3);
    let high: f64 = -Infinity;
    for (let k = 0; k < K; k++) if (at(row, k) > high) high = at(row, k);
    let sum: f64 = 0;
    for (let k = 0; k < K; k++) {
      const e = at(row, k) - high;
      if (e > NEGLIGIBLE) sum += exp(e);
    }
    put(out, s, high + log(sum));
  }
}
