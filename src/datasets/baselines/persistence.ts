/** The baseline `persistence`: the last SOH. */
import type { Baseline, Predictor } from "./baseline.js";

/** The last SOH stays. */
export const lastStays: Predictor = (batch, out) => {
  for (let b = 0; b < batch.size; b++) out.fill(batch.lastSoh[b] as number, b * batch.horizon, (b + 1) * batch.horizon);
};

export const persistence: Baseline = { name: "persistence", fit: () => lastStays };
