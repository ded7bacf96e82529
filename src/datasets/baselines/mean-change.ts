/** The baseline `mean_change`: the training part's mean change. */
import type { Baseline, Predictor } from "./baseline.js";

/** The last SOH plus a change for each step. @param change [H], SOH units */
export function changeBy(change: readonly number[]): Predictor {
  return (batch, out) => {
    for (let b = 0; b < batch.size; b++)
      for (let h = 0; h < batch.horizon; h++)
        out[b * batch.horizon + h] = (batch.lastSoh[b] as number) + (change[h] as number);
  };
}

/** The last SOH plus the training part's mean change at each step. */
export const meanChange: Baseline = {
  name: "mean_change",
  fit: ({ normalisation }) => changeBy(normalisation.deltaMean),
};
