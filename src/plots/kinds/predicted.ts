/** What the kinds `prediction` and `forecast` have in common: the predicted cells, or why there are none. */
import { UsageError } from "../../core/index.js";
import type { PlottedPrediction, PlotStudy } from "../plot-study.js";

/**
 * The prediction that a plot is asked of.
 * @throws UsageError `no-prediction` where the best trial has none, saying why.
 */
export function predictionOf({ name, prediction }: PlotStudy, kind: string): PlottedPrediction {
  const missing =
    prediction === undefined ? "nothing was predicted" : "missing" in prediction ? prediction.missing : null;
  if (missing !== null) throw new UsageError("no-prediction", `plot ${kind} of "${name}": ${missing}`);
  return prediction as PlottedPrediction;
}

/** What is said of every such plot. */
export function predictionNotes({ members, cells, total, of }: PlottedPrediction): string[] {
  const models = members > 1 ? `the mean of the ${members} models (one a seed)` : "the model";
  return [
    ...(of === HELD_OUT ? [`Each cell is predicted by ${models} whose training it was held out of.`] : []),
    ...(of !== HELD_OUT && members > 1 ? [`Predicted is the mean of ${members} models, one a seed.`] : []),
    ...(cells.length < total ? [`${cells.length} of ${total} cells are drawn, taken evenly.`] : []),
  ];
}

/** What is predicted by the parts of a cross-validated trial. */
export const HELD_OUT = "held out";

/** `10 cycles` */
export function cyclesInWords(cycles: number): string {
  return `${cycles} ${cycles === 1 ? "cycle" : "cycles"}`;
}
