/** Means over the parts of a cross-validated run. */
import type { EpochEvent, EpochOfPart, Metrics } from "../core/index.js";

/** A metric that some parts cannot score, as the life of a cell that does not end, is the mean of those that can. */
export function meanMetrics(parts: readonly Metrics[]): Metrics {
  const names = [...new Set(parts.flatMap((metrics) => Object.keys(metrics)))];
  return Object.fromEntries(
    names.map((name) => {
      const known = parts.map((metrics) => metrics[name]).filter((value) => value !== undefined);
      return [name, known.reduce((sum, value) => sum + value, 0) / known.length];
    }),
  );
}

/** An epoch of all parts: the means of their numbers; its time is that of all together. */
export function meanEpoch(parts: readonly EpochOfPart[]): EpochEvent {
  const numbers = parts.map(
    (event) => Object.fromEntries(Object.entries(event).filter(([name, v]) => typeof v === "number" && name !== "seed")) as Metrics,
  );
  const { epoch } = parts[0] as EpochOfPart;
  const seconds = parts.reduce((sum, event) => sum + event.seconds, 0);
  return { ...(meanMetrics(numbers) as unknown as EpochEvent), event: "epoch", epoch, seconds, parts };
}
