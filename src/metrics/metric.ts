/** The contract of a metric: one number out of the paths that a model predicts on a part of the data. */
import type { SplitName } from "../core/index.js";

/**
 * The windows of a part with their true and predicted paths: N windows, H steps each, row-major, SOH units (a fraction of
 * the reference capacity). The arrays are the metric's own: it may sort or overwrite them.
 */
export interface ScoredPart {
  /** `val` in training; `evaluate` scores any. */
  readonly part: SplitName;
  /** N. */
  readonly windows: number;
  /** H. */
  readonly horizon: number;
  /** `[N,H]`: what the model predicts. */
  readonly predicted: Float32Array;
  /** `[N,H]`: what was measured. */
  readonly truth: Float32Array;
  /** `[N]`: SOH at each window's last cycle. */
  readonly lastSoh: Float32Array;
  /** [H] = 1 … H discharges after the window's last. */
  readonly tEval: Float32Array;
  /** `[N,H]`: the cycle numbers that the path is about, from 1 in each cell's discharges. */
  readonly cycles: Int32Array;
  /** `[N]`: index into `cells`. */
  readonly cell: Int32Array;
  /** Names; those of other parts are among them. */
  readonly cells: readonly string[];
  /** Where a cell's life ends (`data.eol`). */
  readonly eol: number;
  /** `[cells]`: the first cycle at or below `eol`; null for a cell that never gets there. */
  readonly endOfLife: readonly (number | null)[];
}

/**
 * Scores a part. Called after every epoch with the validation part, and by `evaluate` with the part that it scores.
 * @returns the number, NaN for a model that has gone astray; null or undefined where there is nothing to score
 */
export type Metric = (part: ScoredPart) => number | null | undefined;
