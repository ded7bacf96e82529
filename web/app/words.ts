/** What the page says in numbers: times, rates, values, counts. */
import { duration, shortNumber } from "../../src/core/numbers-in-words.js";
import { wireNumber } from "./api/numbers.js";
import type { Counts, Objective, WireNumber } from "./api/types.js";

export { duration, shortNumber };

/** A value as people compare them; `-` where there is none. */
export const valueWords = (value: WireNumber | null | undefined, digits = 4): string =>
  shortNumber(wireNumber(value), digits);

const grouped = new Intl.NumberFormat("en", { useGrouping: true });
/** `12,345`. */
export const countWords = (count: number): string => grouped.format(count);

/** `1 trial`, `12 trials`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${countWords(count)} ${count === 1 ? one : many}`;

/** `12 s ago`, `3 min ago`, `2 h ago`, `5 days ago`. */
export function agoWords(iso: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 90) return `${Math.round(seconds)} s ago`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

/** `3.4 / min`, `45 / s`. */
export function rateWords(perMinute: number | null): string {
  if (perMinute === null || !Number.isFinite(perMinute)) return "-";
  return perMinute >= 120 ? `${shortNumber(perMinute / 60, 3)} / s` : `${shortNumber(perMinute, 3)} / min`;
}

/** `val_rmse ↓`. */
export const objectiveWords = ({ metric, direction }: Objective): string =>
  `${metric} ${direction === "minimize" ? "↓" : "↑"}`;

/** The same for those who listen. */
export const objectiveSpoken = ({ metric, direction }: Objective): string => `${metric}, ${direction}d`;

/** How many trials there are. */
export const trialsOf = ({ waiting, running, complete, pruned, failed }: Counts): number =>
  waiting + running + complete + pruned + failed;
