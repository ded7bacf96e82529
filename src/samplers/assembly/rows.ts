// Rows of numbers in memory: parameters' values as points of the unit cube, and the distance between two points.
import { log } from "./normal";

// @ts-ignore: decorator
@inline export function at(base: usize, index: i32): f64 { return load<f64>(base + (<usize>index << 3)); }
// @ts-ignore: decorator
@inline export function put(base: usize, index: i32, value: f64): void { store<f64>(base + (<usize>index << 3), value); }

/**
 * The square of the distance of two points in the unit cube; another choice, or a parameter that only one of the two has,
 * counts as a whole range.
 * @param choices [D], 0 for numbers
 */
export function squaredDistance(a: usize, b: usize, D: i32, choices: usize): f64 {
  let sum: f64 = 0;
  const toB = b - a, toChoices = choices - a, end = a + (<usize>D << 3);
  for (; a < end; a += 8) {
    const difference = load<f64>(a) - load<f64>(a + toB);
    if (difference == difference && load<f64>(a + toChoices) == 0) {
      sum += difference * difference;
      continue;
    }
    const x = load<f64>(a), y = load<f64>(a + toB);
    if (x != y && (x == x || y == y)) sum += 1;
  }
  return sum;
}

/**
 * Values in the parameters' own units become points of the unit cube, in place; NaN stays NaN.
 * @param rows [n, D]
 * @param scales [4, D]: choices, 0 for numbers; not 0 for logarithmic ranges; where they start, and their widths
 */
export function toUnit(rows: usize, n: i32, D: i32, scales: usize): void {
  for (let i = 0; i < D; i++) {
    if (at(scales, i) > 0) continue;
    const isLog = at(scales, D + i) != 0, start = at(scales, 2 * D + i), width = at(scales, 3 * D + i);
    for (let k = i; k < n * D; k += D) {
      const value = at(rows, k);
      put(rows, k, ((isLog ? log(value) : value) - start) / width);
    }
  }
}
