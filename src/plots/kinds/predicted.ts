/** What the kinds `prediction` and `forecast` have in common: the predicted cells, or why there are none. */
import type { PlottedPrediction, PlotStudy } from "../plot-study.js";

/** A prediction, or a picture's worth of nothing. */
export interface Predicted extends PlottedPrediction {
  /** Why there is nothing, as a note; null where there is something. */
  readonly nothing: string | null;
}

/** What is predicted; where that is nothing, no cells and why. */
export function predictionOf({ prediction }: PlotStudy): Predicted {
  if (prediction !== undefined && !("missing" in prediction)) return { ...prediction, nothing: null };
  const why = prediction?.missing ?? "the best trial was not asked";
  const none = { trial: -1, horizon: 1, eol: NaN, members: 1, of: "", cells: [], total: 0 };
  return { ...none, nothing: `No prediction: ${why}.` };
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
