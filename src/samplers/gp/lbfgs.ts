/** Minimisation within bounds by limited-memory quasi-Newton steps (L-BFGS, projected onto the bounds). */

/** A function's value at `x`; writes its gradient. Infinity where it has none. */
export type Differentiable = (x: Float64Array, gradient: Float64Array) => number;

/** The options of {@link minimize}. */
export interface MinimizeOptions {
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
  /** Evaluations at most. */
  readonly evaluations: number;
  /** Ends where no coordinate of the projected gradient is larger. */
  readonly tolerance: number;
}

/** Where a minimisation ended. */
export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  readonly evaluations: number;
}

const MEMORY = 8;

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly inverse: number;
}

/** Minimises `f` from `start`. The result is never worse than the start; what it costs is bounded by `evaluations`. */
export function minimize(f: Differentiable, start: Float64Array, options: MinimizeOptions): Minimum {
  const n = start.length;
  const { low, high, evaluations, tolerance } = options;
  let x: Float64Array = Float64Array.from(start, (v, i) => clip(v, low[i] as number, high[i] as number));
  let gradient: Float64Array = new Float64Array(n);
  let value = f(x, gradient);
  let used = 1;
  const pairs: Pair[] = [];
  const isFree = (i: number): boolean => {
    const [at, slope] = [x[i] as number, gradient[i] as number];
    return !((at <= (low[i] as number) && slope > 0) || (at >= (high[i] as number) && slope < 0));
  };
  while (used < evaluations && Number.isFinite(value)) {
    const free = Uint8Array.from(x, (_, i) => (isFree(i) ? 1 : 0));
    if (gradient.every((g, i) => !free[i] || Math.abs(g) <= tolerance)) break;
    const direction = descent(gradient, free, pairs);
    const moved = search({ f, x, value, gradient, direction, low, high, left: evaluations - used });
    used += moved.used;
    if (!moved.found) {
      if (pairs.length === 0) break;
      // The curvature of another place may have misled it: once more along the gradient.
      pairs.length = 0;
      continue;
    }
    remember(pairs, x, moved.x, gradient, moved.gradient);
    const gain = value - moved.value;
    ({ x, value, gradient } = moved);
    if (gain <= 1e-10 * (1 + Math.abs(value))) break;
  }
  return { x, value, evaluations: used };
}

function clip(v: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, v));
}

function remember(
  pairs: Pair[],
  from: Float64Array,
  to: Float64Array,
  before: Float64Array,
  after: Float64Array,
): void {
  const step = to.map((v, i) => v - (from[i] as number));
  const change = after.map((g, i) => g - (before[i] as number));
  const curvature = inner(step, change);
  if (!(curvature > 1e-10 * inner(change, change))) return;
  pairs.push({ step, change, inverse: 1 / curvature });
  if (pairs.length > MEMORY) pairs.shift();
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** The two-loop recursion on the free coordinates; along the gradient, at most 1 long, without a memory. */
function descent(gradient: Float64Array, free: Uint8Array, pairs: readonly Pair[]): Float64Array {
  const q = gradient.map((g, i) => (free[i] ? g : 0));
  const last = pairs.at(-1);
  if (!last) {
    const longest = Math.max(...q.map(Math.abs));
    return q.map((g) => -g / Math.max(1, longest));
  }
  const along = new Float64Array(pairs.length);
  for (let p = pairs.length - 1; p >= 0; p--) {
    const { step, change, inverse } = pairs[p] as Pair;
    along[p] = inverse * inner(step, q);
    for (let i = 0; i < q.length; i++) q[i] = (q[i] as number) - (along[p] as number) * (change[i] as number);
  }
  const first = 1 / (last.inverse * inner(last.change, last.change));
  for (let i = 0; i < q.length; i++) q[i] = (q[i] as number) * first;
  pairs.forEach(({ step, change, inverse }, p) => {
    const back = (along[p] as number) - inverse * inner(change, q);
    for (let i = 0; i < q.length; i++) q[i] = (q[i] as number) + back * (step[i] as number);
  });
  const direction = q.map((v, i) => (free[i] ? -v : 0));
  if (inner(direction, gradient) < 0) return direction;
  return gradient.map((g, i) => (free[i] ? -g : 0));
}

interface Search {
  readonly f: Differentiable;
  readonly x: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
  readonly direction: Float64Array;
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
  readonly left: number;
}

interface Moved {
  readonly found: boolean;
  readonly x: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
  readonly used: number;
}

/** Steps back along the projected direction until Armijo's condition holds, by the parabola through what is known. */
function search({ f, x, value, gradient, direction, low, high, left }: Search): Moved {
  let size = 1;
  for (let used = 1; used <= Math.min(left, 20); used++) {
    const next = x.map((v, i) => clip(v + size * (direction[i] as number), low[i] as number, high[i] as number));
    const nextGradient = new Float64Array(x.length);
    const nextValue = f(next, nextGradient);
    const slope = inner(
      gradient,
      next.map((v, i) => v - (x[i] as number)),
    );
    if (nextValue <= value + 1e-4 * slope && slope < 0)
      return { found: true, x: next, value: nextValue, gradient: nextGradient, used };
    const parabola = slope < 0 ? -slope / (2 * (nextValue - value - slope)) : 0.5;
    size *= Number.isFinite(parabola) ? clip(parabola, 0.1, 0.5) : 0.1;
  }
  return { found: false, x, value, gradient, used: Math.min(left, 20) };
}
