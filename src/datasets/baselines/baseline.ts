/** The contract of a baseline. */
import type { Batch, Dataset } from "../../core/index.js";

/** Writes the predicted SOH paths [B,H] of a batch, row-major, in SOH units. */
export type Predictor = (batch: Batch, out: Float64Array) => void;

/** A predictor that every model is compared with: fitted on the training part, scored on the same windows. */
export interface Baseline {
  readonly name: string;
  fit(dataset: Dataset): Predictor;
}
