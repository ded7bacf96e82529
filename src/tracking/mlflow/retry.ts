/** How long to wait before a request is repeated, and when to give up. */
import { setTimeout as delay } from "node:timers/promises";
import { MlflowError } from "./request.js";
import type { RetryRule } from "./settings.js";

/** As long as MLflow's own client waits at most between two tries. */
const LONGEST_MS = 120_000;

/** @param failures how many there were in a row, from 1 */
export function waitMs(
  { factor, jitter }: RetryRule,
  failures: number,
  { retryAfterMs }: Pick<MlflowError, "retryAfterMs">,
  random: () => number = Math.random,
): number {
  const own = (factor * 2 ** (failures - 1) + jitter * random()) * 1000;
  return Math.max(Math.min(own, LONGEST_MS), retryAfterMs ?? 0);
}

/** Whether the same may succeed another time. */
export function isTransient(error: unknown): error is MlflowError {
  return error instanceof MlflowError && error.transient;
}

/** Whether a server wants to be left alone for longer than somebody waits at a terminal. */
function isLongAway({ retryAfterMs }: MlflowError): boolean {
  return retryAfterMs !== null && retryAfterMs > LONGEST_MS;
}

/**
 * Does something again as long as it fails for the moment, so many times; not where the server asks for a longer wait
 * than {@link LONGEST_MS}, which its error says.
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
      if (!isTransient(error) || failures > rule.retries || isLongAway(error)) throw error;
      await wait(waitMs(rule, failures, error), undefined, signal ? { signal } : {});
    }
}
