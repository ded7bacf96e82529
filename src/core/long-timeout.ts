/** Timers for any length of time: one of Node's own beyond 24.8 days fires at once. */

/** The longest that a timer of Node's can wait, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Calls `wake` once after `ms` milliseconds, which may be Infinity.
 * @param unref whether the process may end before
 * @returns what calls it off
 */
export function longTimeout(wake: () => void, ms: number, unref = false): () => void {
  let timer: NodeJS.Timeout;
  const wait = (left: number): void => {
    const now = Math.min(left, LONGEST_MS);
    timer = setTimeout(() => {
      if (left > now) wait(left - now);
      else wake();
    }, now);
    if (unref) timer.unref();
  };
  wait(ms);
  return () => {
    clearTimeout(timer);
  };
}
