/** How good a trial is beside the others of its generation. */
import { isFeasible, valueOf, violationOf } from "../../core/index.js";
import type { Direction, Trial } from "../../core/index.js";
import { mayBeCaused } from "../tpe/split.js";

/** Compared number by number: lower is better. */
export type Rank = readonly [tier: number, first: number, second: number];

/**
 * The rank of a finished trial: complete ones by their value; behind them pruned ones, those that came farther first and
 * by their last report among equals; behind these the infeasible ones by how far they miss their constraints; last, all
 * alike, those without a number for a value and those that failed by what their parameters may have caused.
 * @returns null for a trial that says nothing.
 */
export function rankOf(trial: Trial, direction: Direction): Rank | null {
  const sign = direction === "minimize" ? 1 : -1;
  if (trial.state === "failed") return mayBeCaused(trial) ? WORST : null;
  if (trial.state === "complete") {
    const value = valueOf(trial);
    if (value === null) return null;
    if (Number.isNaN(value)) return WORST;
    return isFeasible(trial) ? [0, sign * value, 0] : [2, violationOf(trial), sign * value];
  }
  if (trial.state !== "pruned") return null;
  if (!isFeasible(trial)) return [2, violationOf(trial), Infinity];
  let last: readonly [number, number] | undefined;
  for (const report of trial.intermediate) if (!last || report[0] > last[0]) last = report;
  if (!last) return [1, Infinity, 0];
  return [1, -last[0], Number.isNaN(last[1]) ? Infinity : sign * last[1]];
}

const WORST: Rank = [3, 0, 0];

/** Below 0 where `a` is better; 0 for equals. */
export function compareRanks(a: Rank, b: Rank): number {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}
