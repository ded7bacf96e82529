/** Means over the parts of a cross-validated run. */
import type { EpochEvent, EpochOfPart, Metrics } from "../core/index.js";

/** What stands beside the numbers of a part's epoch. */
const notAveraged: ReadonlySet<string> = new Set(["epoch", "seconds", "seed"]);

const none: ReadonlySet<string> = new Set();

/**
 * The mean of each number of the parts. A metric that some of them cannot score, as the life of a cell that does not end,
 * is the mean of those that can.
 */
function means(parts: readonly object[], without: ReadonlySet<string>): Record<string, unknown> {
  const found = new Map<string, { sum: number; count: number }>();
  // Done at each epoch: a plain loop.
  for (const part of parts)
    for (const name in part) {
      const value = (part as Readonly<Record<string, unknown>>)[name];
      if (typeof value !== "number" || without.has(name)) continue;
      const known = found.get(name);
      if (known) {
        known.sum += value;
        known.count++;
      } else found.set(name, { sum: value, count: 1 });
    }
  const mean: Record<string, unknown> = {};
  for (const [name, { sum, count }] of found) mean[name] = sum / count;
  return mean;
}

/** The parts' metrics in the mean; see {@link means}. */
export function meanMetrics(parts: readonly Metrics[]): Metrics {
  return means(parts, none) as Metrics;
}

/** An epoch of all parts: the means of their numbers; its time is that of all together. */
export function meanEpoch(parts: readonly EpochOfPart[]): EpochEvent {
  const { epoch } = parts[0] as EpochOfPart;
  let seconds = 0;
  for (const part of parts) seconds += part.seconds;
  return Object.assign(means(parts, notAveraged), { event: "epoch", epoch, seconds, parts }) as unknown as EpochEvent;
}
