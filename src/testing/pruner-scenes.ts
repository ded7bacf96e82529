/** Scenes that pruners judge: finished trials, and one under way. */
import type { Direction, History, Rng, Trial } from "../core/index.js";
import { createRng } from "../core/index.js";
import { reportedTrial } from "./trials.js";

/**
 * Between any two of the others' values, which are eighths: at a tie the last bit decides, and interpolation does not
 * round alike in both directions (which Optuna's recorded decisions show).
 */
const APART = 1 / 32;

type Row = readonly [state: Trial["state"], reports: readonly number[]];

/** What a pruner is to judge. */
export interface Scene {
  /** Tells the scene in messages, and draws it again. */
  readonly seed: number;
  /** The other trials. */
  readonly rows: readonly Row[];
  /** The reports of the trial that is judged. */
  readonly own: readonly number[];
  readonly nWarmupSteps: number;
  readonly intervalSteps: number;
}

const states = ["complete", "complete", "complete", "pruned", "failed", "running"] as const;

function draws(rng: Rng) {
  const int = (low: number, high: number): number => low + Math.floor(rng() * (high - low + 1));
  const value = (): number => (rng() < 1 / 9 ? NaN : int(-40, 40) / 8);
  const values = (low: number, high: number): number[] => Array.from({ length: int(low, high) }, value);
  const oneOf = <T>(items: readonly T[]): T => items[int(0, items.length - 1)] as T;
  return { int, values, oneOf };
}

/**
 * A scene drawn at random: in one of five few or no trials have a report at the step that is judged, in the others most
 * have one. The judged trial's reports are like the others', or worse (when minimizing) by some, and getting worse.
 */
export function sceneOf(seed: number): Scene {
  const { int, values, oneOf } = draws(createRng(seed, "scene"));
  const short = int(0, 4) === 0;
  const trials = short ? int(0, 9) : int(6, 12);
  const reports = (): number[] => values(short ? 0 : 6, 9);
  const rows = Array.from({ length: trials }, (): Row => [oneOf(states), reports()]);
  const [worse, rising] = [oneOf([0, 4, 8]), oneOf([true, false])];
  const own = reports().map((v, i) => v + APART + worse + (rising ? i : 0));
  return { seed, rows, own, nWarmupSteps: int(0, 4), intervalSteps: int(1, 3) };
}

/** The rows as records, their values multiplied by `sign`. */
export function historyOf(direction: Direction, rows: readonly Row[], sign = 1): History {
  const negated = (reports: readonly number[]): number[] => reports.map((v) => sign * v);
  return { direction, trials: rows.map(([state, reports], i) => reportedTrial(i, state, negated(reports))) };
}

/** The trial that is judged: running, with these reports. */
export function judged(reports: readonly number[], steps?: readonly number[]): Trial {
  return reportedTrial(50, "running", reports, steps);
}

/** Nine trials that a pruner has nothing against, the last report apart. */
export const goodRows: readonly Row[] = Array.from({ length: 9 }, (_, i): Row => ["complete", [1, 1, 1, 1, 1, i]]);
/** A trial that is worse than all of them, and getting worse. */
export const badReports: readonly number[] = [7, 8, 9, 9, 9, 9];
