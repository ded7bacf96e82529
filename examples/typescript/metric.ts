// A metric in TypeScript: the mean absolute error of SOH as a share of it.
import { defineMetric } from "mlbench-hpo";

export default defineMetric({
  name: "mape",
  summary: "mean absolute error of SOH as a share of it (example)",
  direction: "minimize",
  unit: "%",
  score({ predicted, truth }) {
    const shares = truth.map((soh, i) => Math.abs((predicted[i] ?? NaN) / soh - 1));
    return (100 * shares.reduce((sum, share) => sum + share, 0)) / shares.length;
  },
});
