/** How long to wait before a request is repeated, and when to give up. */
import { setTimeout as delay } from "node:timers/promises";
import { MlflowError } from "./request.js";
import type { RetryRule } from "./settings.js";

/** @param failures how many there were in a row, from 1 */
export function waitMs(
  { factor, jitter }: RetryRule,
  failures: number,
  { retryAfterMs }: Pick<MlflowError, "retryAfterMs">,
  random: () => number = Math.random,
): number {
  const own = (factor * 2 ** (failures - 1) + jitter * random()) * 1000;
  return Math.max(own, retryAfterMs ?? 0);
}

/** Whether the same may succeed another time. */
export function isTransient(error: unknown): error is MlflowError {
  return error instanceof MlflowError && error.transient;
}

/**
 * Does something again as long as it fails for the moment, so many times.
 * @param wait stands in for the clock in tests
 */
export async function withRetries<T>(
  rule: RetryRule,
  work: () => Promise<T>,
  { signal, wait = delay }: { signal?: AbortSignal | undefined; wait?: typeof delay } = {},
): Promise<T> {
  for (let failures = 1; ; failures++)
    try {
      return await work();
    } catch (error) {
      if (!isTransient(error) || failures > rule.retries) throw error;
      await wait(waitMs(rule, failures, error), undefined, signal ? { signal } : {});
    }
}
