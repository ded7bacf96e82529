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

/** What is to be had of memory, bytes. */
export interface MemoryFacts {
  /** The machine's, or the container's limit where there is one. */
  readonly total: number;
  /** What nobody uses now; null where the system does not say. */
  readonly available: number | null;
  /** What this process holds already. */
  readonly own: number;
}

function memoryFacts(): MemoryFacts {
  const limit = process.constrainedMemory();
  const total = limit > 0 && limit < totalmem() ? limit : totalmem();
  // Node 20.13; macOS counts what it could take back at once as used.
  const { availableMemory } = process as { availableMemory?: () => number };
  const available = process.platform === "darwin" || !availableMemory ? null : availableMemory.call(process);
  return { total, available, own: process.memoryUsage.rss() };
}

/** A share of this stays with the machine, whoever needs it. */
const SHARE = 0.8;

/** What trials are left in any case, MiB a slot: what is in use now may be free in a minute. */
const LEAST_MB = 512;

/**
 * Memory at which trials are ended when nothing is said, MiB for all slots together: 80 % of the machine's, but no more
 * than is free when the first of them starts, nor less than 512 MiB a slot.
 */
export function memoryLimitMb(slots: number, { total, available, own }: MemoryFacts = memoryFacts()): number {
  const free = available === null ? Infinity : own + SHARE * available;
  return Math.min(SHARE * total, Math.max(free, slots * LEAST_MB * 2 ** 20)) / 2 ** 20;
}
