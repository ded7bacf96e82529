// What neighbouring trials tell of one another's values: how noisy they are, and their means.
import { exp } from "./normal";
import { at, put, squaredDistance } from "./rows";

// @ts-ignore: decorator
@inline function index(base: usize, i: i32): i32 { return load<i32>(base + (<usize>i << 2)); }
// @ts-ignore: decorator
@inline function setIndex(base: usize, i: i32, value: i32): void { store<i32>(base + (<usize>i << 2), value); }

/** Sorts numbers in place (Shell 1959): there are few. */
function sort(values: usize, n: i32): void {
  for (let gap = n >> 1; gap > 0; gap = gap == 2 ? 1 : <i32>(<f64>gap / 2.2)) {
    for (let i = gap; i < n; i++) {
      const value = at(values, i);
      let j = i;
      for (; j >= gap && at(values, j - gap) > value; j -= gap) put(values, j, at(values, j - gap));
      put(values, j, value);
    }
  }
}

/** The lower median; sorts the values. NaN of none. */
function median(values: usize, n: i32): f64 {
  if (n == 0) return NaN;
  sort(values, n);
  return at(values, (n - 1) >> 1);
}

/** Whether pair p comes before pair q: by distance, equals in their order. */
// @ts-ignore: decorator
@inline function before(distances: usize, p: i32, q: i32): bool {
  const x = at(distances, p), y = at(distances, q);
  return x < y || (x == y && p < q);
}

/**
 * The ratio that says how noisy values are (see ../noise.ts): NaN where nothing can be told.
 * @param points [n, D]
 * @param room for 3.5 P + 3 n numbers, with P = n (n - 1) / 2 pairs, at least n
 */
export function noiseRatio(points: usize, values: usize, n: i32, D: i32, choices: usize, room: usize): f64 {
  const most = (n * (n - 1)) >> 1;
  const distances = room, differences = distances + (<usize>most << 3), some = differences + (<usize>most << 3);
  const nearest = some + (<usize>max(most, n) << 3), medians = nearest + (<usize>n << 4);
  const order = medians + (<usize>n << 3);
  let pair = 0, pairs = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const difference = Math.abs(at(values, i) - at(values, j));
      put(distances, pair, squaredDistance(points + (<usize>(i * D) << 3), points + (<usize>(j * D) << 3), D, choices));
      put(differences, pair, difference);
      // infinities of one sign say nothing
      if (difference == difference) setIndex(order, pairs++, pair);
      pair++;
    }
  }
  for (let gap = pairs >> 1; gap > 0; gap = gap == 2 ? 1 : <i32>(<f64>gap / 2.2)) {
    for (let i = gap; i < pairs; i++) {
      const own = index(order, i);
      let j = i;
      for (; j >= gap && before(distances, own, index(order, j - gap)); j -= gap) setIndex(order, j, index(order, j - gap));
      setIndex(order, j, own);
    }
  }
  const quarter = pairs / 4;
  for (let k = 0; k < quarter; k++) put(some, k, at(differences, index(order, k)));
  const near = median(some, quarter);
  for (let k = 0; k < quarter; k++) put(some, k, at(differences, index(order, pairs - 1 - k)));
  const far = median(some, quarter);
  let closest = 0, counted = 0;
  for (let i = 0; i < n; i++) {
    let own = 0, first = -1, second = -1;
    for (let j = 0; j < n; j++) {
      if (j == i) continue;
      const p = j < i ? ((i * (i - 1)) >> 1) + j : ((j * (j - 1)) >> 1) + i;
      const difference = at(differences, p);
      if (difference != difference) continue;
      put(some, own++, difference);
      if (first < 0 || before(distances, p, first)) second = first, first = p;
      else if (second < 0 || before(distances, p, second)) second = p;
    }
    if (own == 0) continue;
    put(nearest, closest++, at(differences, first));
    if (second >= 0) put(nearest, closest++, at(differences, second));
    put(medians, counted++, median(some, own));
  }
  return Math.sqrt(((near / far) * median(nearest, closest)) / median(medians, counted));
}

/**
 * The means of `values` over neighbours, by a Gaussian of the distance.
 * @param points [n, D]
 * @param weights [n], written
 * @param sums [n], written: the means
 */
export function smooth(points: usize, values: usize, n: i32, D: i32, choices: usize, scale: f64, weights: usize, sums: usize): void {
  for (let i = 0; i < n; i++) {
    put(weights, i, 1);
    put(sums, i, at(values, i));
  }
  for (let i = 0; i < n; i++) {
    const own = at(values, i);
    for (let j = 0; j < i; j++) {
      const distance = squaredDistance(points + (<usize>(i * D) << 3), points + (<usize>(j * D) << 3), D, choices);
      const weight = exp(scale * distance);
      put(weights, i, at(weights, i) + weight);
      put(weights, j, at(weights, j) + weight);
      put(sums, i, at(sums, i) + weight * at(values, j));
      put(sums, j, at(sums, j) + weight * own);
    }
  }
  for (let i = 0; i < n; i++) put(sums, i, at(sums, i) / at(weights, i));
}
