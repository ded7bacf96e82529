/** A uniform draw among the places of a list that are not taken. */
import type { Rng } from "../core/index.js";

/** One of `0 … size - 1` that is not in `taken`, each as likely; null where all are. */
export function freePlace(size: number, taken: Iterable<number>, rng: Rng): number | null {
  const numbers = Float64Array.from(new Set(taken)).sort();
  const free = size - numbers.length;
  if (free <= 0) return null;
  let place = Math.floor(rng() * free);
  // the place-th free one: each taken one before it moves it on by one
  for (const other of numbers) if (other <= place) place++;
  return place;
}
