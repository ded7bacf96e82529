/** How much of this machine workers may take: processors and memory. */
import { availableParallelism, totalmem } from "node:os";

/**
 * The young generation's halves, MiB. V8 lets them grow to 16 over the first hundred trials; training gains nothing from
 * it, and what a worker holds should say something about its trials.
 */
export const SEMI_SPACE_MB = 4;

/** How many trials run at once when nothing is said. */
export function defaultSlots(): number {
  return Math.max(1, availableParallelism());
}

/** Memory that this process may use, bytes: the container's limit where there is one. */
export function usableMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}
