/** Means over the parts of a cross-validated run. */
import type { EpochEvent, EpochOfPart, Metrics } from "../core/index.js";

/** What stands beside the numbers of a part's epoch. */
const notAveraged: ReadonlySet<string> = new Set(["epoch", "seconds", "seed"]);

/**
 * The mean of each number of the parts. A metric that some of them cannot score, as the life of a cell that does not end,
 * is the mean of those that can.
 */
function means(parts: readonly object[]): Record<string, number> {
  const sums: Record<string, number> = {};
  const counts: Record<string, number> = {};
  // Done at each epoch: a plain loop.
  for (const part of parts)
    for (const name in part) {
      const value = (part as Readonly<Record<string, unknown>>)[name];
      if (typeof value !== "number") continue;
      sums[name] = (sums[name] ?? 0) + value;
      counts[name] = (counts[name] ?? 0) + 1;
    }
  for (const name in sums) sums[name] = (sums[name] as number) / (counts[name] as number);
  return sums;
}

/** The parts' metrics in the mean; see {@link means}. */
export function meanMetrics(parts: readonly Metrics[]): Metrics {
  return means(parts);
}

/** An epoch of all parts: the means of their numbers; its time is that of all together. */
export function meanEpoch(parts: readonly EpochOfPart[]): EpochEvent {
  const numbers = means(parts);
  for (const name of notAveraged) Reflect.deleteProperty(numbers, name);
  const { epoch } = parts[0] as EpochOfPart;
  const seconds = parts.reduce((sum, event) => sum + event.seconds, 0);
  return { ...(numbers as unknown as EpochEvent), event: "epoch", epoch, seconds, parts };
}
