/** When a pruner with a warm-up and an interval checks. */

/**
 * Whether `step` is the first report since the last check was due, checks being due every `interval` steps from the
 * warm-up's end on (Optuna's `_is_first_in_interval_step`).
 */
export function isFirstInInterval(step: number, previous: number, warmup: number, interval: number): boolean {
  const checkpoint = Math.floor((step - warmup) / interval) * interval + warmup;
  return previous < checkpoint;
}

/** The reason not to judge a trial at this step; null when it is judged. */
export function betweenChecks(step: number, previous: number, warmup: number, interval: number): string | null {
  if (step < warmup) return `warm-up until step ${warmup}`;
  if (isFirstInInterval(step, previous, warmup, interval)) return null;
  return `between checks (every ${interval} steps from ${warmup})`;
}
