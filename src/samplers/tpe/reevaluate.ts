/** The incumbent of a noisy search, to be run once more. */
import type { Direction, Params } from "../../core/index.js";
import { valueOf } from "../../core/index.js";
import type { Encoded, Observation } from "./encoding.js";
import { signOf } from "./reached.js";
import { ascending, lowest } from "./split.js";

/** Points by their best value that are compared by the mean of all their values. */
const CANDIDATES = 50;

/**
 * The parameters whose complete trials have the best mean. One lucky trial is chosen until it has been repeated, and
 * then only where it deserves it.
 * @returns null where none is complete
 */
export function incumbentOf(complete: readonly Observation[], direction: Direction): Params | null {
  const value = ({ trial }: Observation): number => signOf(direction) * (valueOf(trial) as number);
  let best: { readonly observation: Observation; readonly mean: number } | null = null;
  for (const observation of lowest(complete, CANDIDATES, (a, b) => ascending(value(a), value(b)))) {
    const repeats = complete.filter(({ values }) => equalValues(values, observation.values));
    const mean = repeats.reduce((sum, o) => sum + value(o), 0) / repeats.length;
    if (best === null || mean < best.mean) best = { observation, mean };
  }
  return best?.observation.trial.params ?? null;
}

function equalValues(a: Encoded, b: Encoded): boolean {
  return a.every((x, i) => x === b[i] || (Number.isNaN(x) && Number.isNaN(b[i])));
}
