/** The kind `folds`: what each part of the best trials came to, beside their mean and spread. */
import { isBetter, isFeasible, partNames, UsageError } from "../../core/index.js";
import type { Trial } from "../../core/index.js";
import type { ChartOption } from "#echarts";
import { numberAxis, PLOT_WIDTH, rounded, shortLabel, topLegend } from "../chart-parts.js";
import { LeftOut, notComplete } from "../left-out.js";
import { firstMeasure } from "../measure.js";
import type { Measure } from "../measure.js";
import { panelPlaces } from "../panels.js";
import type { Plot, PlotOptions } from "../plot.js";
import type { PlotStudy } from "../plot-study.js";
import { seriesColor, seriesColors } from "../theme.js";

/** More trials side by side can't be told apart. */
const MOST_TRIALS = 20;
const MARGIN = { top: 14, bottom: 44, left: 74, right: 22 };
const HEAD = 34;
const SYMBOLS = ["circle", "triangle", "rect", "diamond", "pin", "arrow", "roundRect"] as const;
/** From the middle of a trial's place to where its first part stands, in places. */
const SPREAD_OUT = 0.28;

interface Part {
  readonly name: string;
  /** Parts of one fold under several seeds look alike. */
  readonly fold: string;
  readonly value: number;
}

interface Column {
  readonly trial: Trial;
  readonly mean: number;
  /** Sample standard deviation over the parts that could be scored; null where fewer than two could. */
  readonly spread: number | null;
  readonly parts: readonly Part[];
}

/** Of the first objective the record has it. */
function spreadOf(values: readonly number[], mean: number): number | null {
  const finite = values.filter((value) => !Number.isNaN(value));
  if (finite.length < 2) return null;
  const centre = Number.isFinite(mean) ? finite.reduce((sum, value) => sum + value, 0) / finite.length : NaN;
  return Math.sqrt(finite.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (finite.length - 1));
}

function columnOf(trial: Trial, { objective }: Measure): Column {
  const parts = trial.parts ?? [];
  const names = partNames(parts);
  const mean = trial.values?.[objective] ?? NaN;
  const values = parts.map(({ values: own }) => own[objective] ?? NaN);
  return {
    ...{ trial, mean, spread: objective === 0 ? trial.spread : spreadOf(values, mean) },
    parts: parts.map(({ fold, block }, i) => ({
      ...{ name: names[i] ?? "", fold: block ?? fold.join("+"), value: values[i] as number },
    })),
  };
}

/** Points of each fold, a little apart from each other so that equal ones are seen. */
function foldSeries(columns: readonly Column[]): ChartOption[] {
  const folds = [...new Set(columns.flatMap(({ parts }) => parts.map(({ fold }) => fold)))];
  return folds.map((fold, f) => {
    const shift = folds.length === 1 ? 0 : SPREAD_OUT * ((2 * f) / (folds.length - 1) - 1);
    const data = columns.flatMap(({ parts, trial }, c) =>
      parts.flatMap((part) =>
        part.fold === fold && Number.isFinite(part.value)
          ? [[c + 1 + shift, rounded(part.value), trial.number, part.name]]
          : [],
      ),
    );
    return {
      ...{
        type: "scatter",
        name: fold === "" ? "seed" : fold,
        symbol: SYMBOLS[f % SYMBOLS.length],
        symbolSize: 7,
        z: 3,
      },
      ...{ itemStyle: { color: seriesColor(f % seriesColors), opacity: 0.85 } },
      ...{ dimensions: ["rank", "value", "trial", "part"], encode: { tooltip: [2, 3, 1] }, data },
    };
  });
}

/** A mark at the mean, and a line one standard deviation up and down. */
function meanSeries(columns: readonly Column[]): ChartOption[] {
  const bars = columns.flatMap(({ mean, spread }, c) =>
    spread === null || !Number.isFinite(mean)
      ? []
      : [
          [c + 1, rounded(mean - spread)],
          [c + 1, rounded(mean + spread)],
          ["-", "-"],
        ],
  );
  return [
    {
      ...{ type: "line", name: "± standard deviation", symbol: "none", silent: true, z: 1, data: bars },
      ...{ lineStyle: { color: "@faint", width: 5, cap: "round" }, itemStyle: { color: "@faint" } },
    },
    {
      ...{ type: "scatter", name: "mean", symbol: "rect", symbolSize: [22, 3], z: 4, itemStyle: { color: "@text" } },
      ...{ dimensions: ["rank", "mean", "trial"], encode: { tooltip: [2, 1] } },
      data: columns.flatMap(({ mean, trial }, c) =>
        Number.isFinite(mean) ? [[c + 1, rounded(mean), trial.number]] : [],
      ),
    },
  ];
}

/** Draws the parts of a study's best trials, the best one first. */
export function folds(study: PlotStudy, { metric, width = PLOT_WIDTH, height }: PlotOptions): Plot {
  const measure = firstMeasure(study, metric);
  if (measure.objective < 0)
    throw new UsageError(
      "unknown-metric",
      `--metric ${measure.name}: parts have the objectives alone: ${study.objectives.map((one) => one.metric).join(", ")}`,
    );
  const left = new LeftOut(study);
  const complete = left.sort(study.trials, (trial) => notComplete(trial) ?? (trial.parts ? null : "without parts"));
  const direction = measure.direction ?? "minimize";
  const ranked = complete
    .map((trial) => columnOf(trial, measure))
    .sort((a, b) => {
      const [x, y] = [isFeasible(a.trial), isFeasible(b.trial)];
      if (x !== y) return x ? -1 : 1;
      return isBetter(a.mean, b.mean, direction) ? -1 : isBetter(b.mean, a.mean, direction) ? 1 : 0;
    });
  const columns = ranked.slice(0, MOST_TRIALS);
  const notes = left.notes();
  if (columns.length === 0) notes.unshift("No trial with parts is complete yet.");
  if (ranked.length > columns.length)
    notes.push(`The best ${columns.length} of ${ranked.length} trials are drawn; the table has all.`);
  const plotHeight = height === undefined ? 280 : Math.max(60, height - HEAD - MARGIN.top - MARGIN.bottom);
  const places = panelPlaces(1, { columns: 1, width, plotHeight, margin: MARGIN, head: HEAD });
  const series = [...meanSeries(columns), ...foldSeries(columns)];
  const names = series.map(({ name }) => name as string);
  const ranks = columns.map((_, c) => c + 1);
  return {
    ...{ kind: "folds", title: `${study.name}: parts of the best trials`, notes },
    ...{ width, height: Math.round(places.height) },
    option: {
      ...{
        grid: places.grids,
        legend: topLegend([...names.slice(2), ...names.slice(0, 2)]),
        tooltip: { trigger: "item" },
      },
      xAxis: {
        ...numberAxis({ name: "place among the trials", more: { min: 0.5, max: Math.max(columns.length, 1) + 0.5 } }),
        ...{ scale: false, splitLine: { show: false }, axisTick: { customValues: ranks } },
        axisLabel: { color: "@text", hideOverlap: true, customValues: ranks },
      },
      yAxis: numberAxis({ name: shortLabel(measure.name, 40), gap: 56 }),
      series,
    },
    table: {
      columns: ["place", "trial", "part", measure.name, "mean", "standard deviation"],
      rows: ranked.flatMap(({ trial, parts, mean, spread }, c) =>
        parts.map(({ name, value }) => [c + 1, trial.number, name, value, mean, spread]),
      ),
    },
  };
}
