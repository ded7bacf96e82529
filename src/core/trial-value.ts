/** A trial's value out of the values of its epochs. */
import type { TrialValueRule } from "./study.js";
import type { Direction } from "./trial.js";
import { isBetter } from "./trial.js";

/** How many epochs `best-smoothed` averages over. */
export const SMOOTHING_EPOCHS = 3;

/** A trial's value out of its epochs: which epoch counts, from 0, and what it is worth. */
export interface ValueOfEpochs {
  readonly index: number;
  readonly value: number;
}

/**
 * The value of a trial by rule: `best` is the best epoch's, `last` the last one's; `best-smoothed` is the best mean of
 * an epoch and the two before it (of those there are), so that one lucky epoch does not decide. NaN is worse than
 * anything.
 * @param preferred whether, of two epochs with equal values, the later one counts; by default the first of equals does
 * @returns null without epochs
 */
export function valueOfEpochs(
  values: readonly number[],
  rule: TrialValueRule,
  direction: Direction,
  preferred: (later: number, earlier: number) => boolean = () => false,
): ValueOfEpochs | null {
  if (rule === "last") return values.length === 0 ? null : { index: values.length - 1, value: values.at(-1) as number };
  let best: ValueOfEpochs | null = null;
  values.forEach((own, index) => {
    const value = rule === "best" ? own : mean(values.slice(Math.max(0, index + 1 - SMOOTHING_EPOCHS), index + 1));
    const better = best === null || isBetter(value, best.value, direction);
    const equal = best !== null && !better && !isBetter(best.value, value, direction);
    if (best === null || better || (equal && preferred(index, best.index))) best = { index, value };
  });
  return best;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
