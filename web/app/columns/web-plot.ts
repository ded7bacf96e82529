/** A plot as the dashboard has it: one of the plots' own kinds, or one that only pages draw. */
import type { Plot } from "../../../src/plots/plot.js";

/** Kinds that only pages draw. */
export type WebPlotKind = Plot["kind"] | "correlations" | "tradeoff" | "course" | "distributions";

/** A plot, described. */
export interface WebPlot extends Omit<Plot, "kind"> {
  readonly kind: WebPlotKind;
}

/** A plot on its way to the page: its table stays where it was made, and is asked for. */
export interface SentPlot extends Omit<WebPlot, "table"> {
  /** What its table is asked for by. */
  readonly id: string;
  readonly columns: readonly string[];
  /** How many rows its table has. */
  readonly rows: number;
}
