/** The baseline `linear`: the line through the window. */
import { linearRegression } from "simple-statistics";
import type { Baseline, Predictor } from "./baseline.js";

/** The least-squares line of SOH over cycle number through the window, continued. Gaps count as the cycles they are. */
export const lineContinued: Predictor = (batch, out) => {
  const { window, horizon } = batch;
  const points = Array.from({ length: window }, (): [number, number] => [0, 0]);
  for (let b = 0; b < batch.size; b++) {
    const last = batch.cycles[(b + 1) * window - 1] as number;
    for (const [t, point] of points.entries()) {
      point[0] = (batch.cycles[b * window + t] as number) - last;
      point[1] = batch.windowSoh[b * window + t] as number;
    }
    const { m, b: intercept } = linearRegression(points);
    for (let h = 0; h < horizon; h++) out[b * horizon + h] = intercept + m * (h + 1);
  }
};

export const linear: Baseline = { name: "linear", fit: () => lineContinued };
