/** A stored study as a plot, and a plot as the text of a file. */
import { stringifyJson, UsageError } from "../core/index.js";
import type { KnownKeys, StudyState } from "../core/index.js";
import { requireKnownKeys } from "../core/index.js";
import { describePlot, kinds, kindsFor, requireKind } from "../plots/kinds.js";
import type { Plot, PlotOptions } from "../plots/plot.js";
import { plotStudyOf } from "../plots/plot-study.js";
import type { PlotStudy } from "../plots/plot-study.js";
import { themeNames } from "../plots/theme.js";
import type { ThemeName } from "../plots/theme.js";
import { locate } from "./address.js";
import type { LocatedStudy, StudyTarget } from "./address.js";

/** What a plot can be written as. */
export const plotFormats = ["svg", "html", "json"] as const;
/** One of `plotFormats`. */
export type PlotFormat = (typeof plotFormats)[number];

/** How a plot is asked for. */
export interface StudyPlotOptions extends Omit<PlotOptions, "reference"> {
  /** `val_rmse=0.1,parameters=5e4`, or a number an objective: up to where the hypervolume is taken. @default a tenth behind the front */
  readonly reference?: string | readonly number[];
}

const keys: KnownKeys<StudyPlotOptions> = {
  width: true,
  height: true,
  metric: true,
  params: true,
  reference: true,
  method: true,
};

/** Pixels that make a picture. */
const SIZES = { width: [240, 4000], height: [120, 10000] } as const;

/**
 * A stored study as a plot: one description, which {@link renderPlot} makes a file of. Nothing is locked.
 * @param kind `history`, `parallel`, …: `mlbench-hpo plot --help` lists them
 * @throws UsageError `unknown-study`, `unknown-plot`, `no-such-plot` for a kind that such a study does not have,
 * `unknown-option`, `invalid-option`, `unknown-metric`, `unknown-parameter`, `invalid-reference` | MlbenchError `study-damaged`.
 * @example
 * const plot = await plotStudy({ name: "bowl", storage: "studies" }, "history");
 * process.stdout.write(await renderPlot(plot, { format: "svg" }));
 */
export async function plotStudy(target: StudyTarget, kind: string, options: StudyPlotOptions = {}): Promise<Plot> {
  requireKnownKeys("plotStudy", options, keys);
  requireKind(kind);
  for (const [name, [least, most]] of Object.entries(SIZES)) {
    const size = options[name as keyof typeof SIZES];
    if (size !== undefined && !(Number.isInteger(size) && size >= least && size <= most))
      throw new UsageError("invalid-option", `${name} ${size}: expected whole pixels from ${least} to ${most}`);
  }
  const study = await locate("plotStudy", target);
  const state = await study.storage.read(study.name);
  const plotted = await studyForPlots(study, state, { kind, metric: options.metric });
  return describePlot(kind, plotted, await plotOptionsOf(options, state));
}

/** A kind of plot that a study can be drawn as. */
export interface AvailablePlot {
  readonly kind: string;
  /** One line for lists. */
  readonly summary: string;
  /** The options that it takes besides the size. */
  readonly takes: readonly string[];
}

/** The kinds of plots that a stored study can be drawn as. @throws UsageError `unknown-study` | MlbenchError `study-damaged`. */
export async function studyPlots(target: StudyTarget): Promise<readonly AvailablePlot[]> {
  const { storage, name } = await locate("studyPlots", target);
  const study = plotStudyOf(await storage.read(name));
  return kindsFor(study).flatMap((kind) => {
    const { summary, takes } = kinds[kind] ?? {};
    return summary === undefined ? [] : [{ kind, summary, takes: takes ?? [] }];
  });
}

/** The study as plots see it, with what has to be read for the kinds that are asked for. */
export async function studyForPlots(
  study: LocatedStudy,
  state: StudyState,
  { kind, metric }: { readonly kind: string; readonly metric?: string | undefined },
): Promise<PlotStudy> {
  const seen = plotStudyOf(state);
  if (kind === "prediction" || kind === "forecast") {
    const { plottedPrediction } = await import("./plotted-prediction.js");
    return { ...seen, prediction: await plottedPrediction(study, state) };
  }
  const inEpochs = kind === "intermediate" && metric !== undefined && metric !== seen.reported.metric;
  return inEpochs ? { ...seen, epochs: await epochsOf(study, seen) } : seen;
}

/** What trials reported besides their value, of those that kept it. */
async function epochsOf({ storage, name }: LocatedStudy, { trials }: PlotStudy): Promise<PlotStudy["epochs"] & object> {
  const { readEpochs } = await import("./epoch-log.js");
  const files = storage.artifacts(name);
  const epochs = new Map<number, Awaited<ReturnType<typeof readEpochs>>>();
  for (const { number, attempt, intermediate } of trials)
    if (files && intermediate.length > 0) epochs.set(number, await readEpochs(files.directory(number), attempt));
  return epochs;
}

async function plotOptionsOf(
  { reference, ...options }: StudyPlotOptions,
  { header }: StudyState,
): Promise<PlotOptions> {
  if (reference === undefined) return options;
  if (typeof reference !== "string") return { ...options, reference };
  const { parseReference } = await import("./reference-point.js");
  return { ...options, reference: parseReference(reference, header.objectives) };
}

/** How a plot is made text. */
export interface RenderOptions {
  /** `svg`: a picture; `html`: a page that loads nothing, with tooltips, zoom and the table; `json`: the description. */
  readonly format: PlotFormat;
  /** @default "light"; a page follows its reader's system */
  readonly theme?: ThemeName;
}

const renderKeys: KnownKeys<RenderOptions> = { format: true, theme: true };

/**
 * A plot as the text of a file; see {@link plotStudy}.
 * @throws UsageError `unknown-option`, `invalid-option`.
 * @example
 * const page = await renderPlot(await plotStudy({ name: "bowl", storage: "studies" }, "slice"), { format: "html" });
 */
export async function renderPlot(plot: Plot, options: RenderOptions): Promise<string> {
  requireKnownKeys("renderPlot", options, renderKeys);
  const { format, theme } = options;
  if (theme !== undefined && !themeNames.includes(theme))
    throw new UsageError("invalid-option", `theme ${String(theme)}: expected ${themeNames.join(" or ")}`);
  switch (format) {
    case "svg":
      return (await import("../plots/draw-svg.js")).plotAsSvg(plot, theme);
    case "html":
      return (await import("../plots/draw-html.js")).plotAsHtml(plot, theme);
    case "json":
      return `${stringifyJson(plot, 2)}\n`;
    default:
      throw new UsageError("invalid-option", `format ${String(format)}: expected ${plotFormats.join(", ")}`);
  }
}
