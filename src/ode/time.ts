/** Times and spans of time: numbers that know how they move with the times asked for, so that gradients can reach those. */

/** `by[i]` is the derivative by the i-th time asked for; null: a constant, which is all of them where no gradient is wanted. */
export interface Time {
  readonly value: number;
  readonly by: Float64Array | null;
}

export const constant = (value: number): Time => ({ value, by: null });

/** The i-th of the times asked for. */
export function askedTime(times: Float64Array, i: number, moves: boolean): Time {
  const by = moves ? new Float64Array(times.length) : null;
  if (by) by[i] = 1;
  return { value: times[i] as number, by };
}

/** a + factor * b, with a value that was computed otherwise where one is given. */
export function plus(a: Time, factor: number, b: Time, value = a.value + factor * b.value): Time {
  if (!a.by && !b.by) return { value, by: null };
  const length = (a.by ?? b.by)?.length ?? 0;
  return { value, by: Float64Array.from({ length }, (_, i) => (a.by?.[i] ?? 0) + factor * (b.by?.[i] ?? 0)) };
}

/** The fraction of a step of size h from `start` that lies behind `at`. */
export function fraction(at: Time, start: Time, h: Time, end: number): Time {
  const value = (at.value - start.value) / (end - start.value);
  const moved = plus(plus(at, -1, start), -value, h);
  return { value, by: moved.by?.map((d) => d / h.value) ?? null };
}
