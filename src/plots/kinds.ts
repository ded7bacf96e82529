/** Every kind of plot that a study can be drawn as, by name, and what is to be known before one is. */
import { didYouMean, UsageError } from "../core/index.js";
import { plotKinds } from "./plot.js";
import type { Plot, PlotKind, PlotOptionName, PlotOptions } from "./plot.js";
import { parameterNames } from "./plot-study.js";
import type { PlotStudy } from "./plot-study.js";

/** Makes a plot: a pure function of what it is given. */
export type PlotDrawer = (study: PlotStudy, options: PlotOptions) => Plot;

/** A kind of plot before its module is loaded. */
export interface PlotKindEntry {
  /** One line for lists. */
  readonly summary: string;
  /** The options that it takes besides the size. */
  readonly takes: readonly PlotOptionName[];
  /** Why studies of this sort, whatever their trials, have no such plot; null: they have. */
  readonly refuses?: (study: PlotStudy) => string | null;
  readonly load: () => Promise<PlotDrawer>;
}

const severalOnly = ({ objectives }: PlotStudy): string | null =>
  objectives.length > 1 ? null : "it is of several objectives, and the study has one";
const pairsOnly = (study: PlotStudy): string | null => {
  const { length } = parameterNames(study);
  return length > 1 ? null : `it is of pairs of parameters, and the study has ${length}`;
};

/** The kinds there are. */
export const kinds: Readonly<Partial<Record<PlotKind, PlotKindEntry>>> = {
  history: {
    summary: "what each trial came to, and the best so far",
    takes: ["metric"],
    load: async () => (await import("./kinds/history.js")).history,
  },
  intermediate: {
    summary: "what trials reported on their way, and where they were pruned",
    takes: ["metric"],
    load: async () => (await import("./kinds/intermediate.js")).intermediate,
  },
  parallel: {
    summary: "each trial as a line over its parameters",
    takes: ["metric", "params"],
    load: async () => (await import("./kinds/parallel.js")).parallel,
  },
  slice: {
    summary: "values against each parameter",
    takes: ["metric", "params"],
    load: async () => (await import("./kinds/slice.js")).slice,
  },
  contour: {
    summary: "values over two parameters",
    takes: ["metric", "params"],
    refuses: pairsOnly,
    load: async () => (await import("./kinds/contour.js")).contour,
  },
  rank: {
    summary: "where the good trials are, over pairs of parameters",
    takes: ["metric", "params"],
    refuses: pairsOnly,
    load: async () => (await import("./kinds/rank.js")).rank,
  },
  importances: {
    summary: "how much each parameter matters",
    takes: ["metric", "params", "method"],
    load: async () => (await import("./kinds/importances.js")).importances,
  },
  edf: {
    summary: "the share of trials whose value is at most so much",
    takes: ["metric"],
    load: async () => (await import("./kinds/edf.js")).edf,
  },
  timeline: {
    summary: "when each trial ran, a lane a worker",
    takes: [],
    load: async () => (await import("./kinds/timeline.js")).timeline,
  },
  pareto: {
    summary: "trials by several objectives, and the front",
    takes: ["reference"],
    refuses: severalOnly,
    load: async () => (await import("./kinds/pareto.js")).pareto,
  },
  hypervolume: {
    summary: "how the front of several objectives came about",
    takes: ["reference"],
    refuses: severalOnly,
    load: async () => (await import("./kinds/hypervolume.js")).hypervolume,
  },
};

/** The kinds that can be drawn, in the order of lists. */
export const knownKinds: readonly PlotKind[] = plotKinds.filter((kind) => kinds[kind] !== undefined);

/** @throws UsageError `unknown-plot` */
export function requireKind(kind: string): PlotKind {
  const known = knownKinds.find((name) => name === kind);
  if (known) return known;
  throw new UsageError(
    "unknown-plot",
    `no plot "${kind}":${didYouMean(kind, knownKinds)} there are ${knownKinds.join(", ")}`,
  );
}

/** The kinds that this study can be drawn as. */
export function kindsFor(study: PlotStudy): PlotKind[] {
  return knownKinds.filter((kind) => (kinds[kind]?.refuses?.(study) ?? null) === null);
}

/**
 * Describes a study as a plot.
 * @throws UsageError `unknown-plot`; `no-such-plot` for a kind that such a study does not have, naming those that it has;
 * `unknown-option` for an option that the kind doesn't take; `unknown-metric`, `unknown-parameter`, `invalid-reference`.
 */
export async function describePlot(kind: string, study: PlotStudy, options: PlotOptions = {}): Promise<Plot> {
  const name = requireKind(kind);
  const entry = kinds[name] as PlotKindEntry;
  const refused = entry.refuses?.(study) ?? null;
  if (refused !== null)
    throw new UsageError(
      "no-such-plot",
      `plot ${name}: ${refused}; "${study.name}" can be drawn as ${kindsFor(study).join(", ")}`,
    );
  for (const [option, value] of Object.entries(options))
    if (value !== undefined && !["width", "height", ...entry.takes].includes(option))
      throw new UsageError("unknown-option", `plot ${name} takes no ${option}: ${takenInWords(entry)}`);
  return (await entry.load())(study, options);
}

function takenInWords({ takes }: PlotKindEntry): string {
  return `it takes ${[...takes, "width", "height"].join(", ")}`;
}
