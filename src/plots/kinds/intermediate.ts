/** The kind `intermediate`: what trials reported on their way, a line each, where they were pruned, and the median. */
import { didYouMean, isBetter, UsageError, valueOf } from "../../core/index.js";
import type { Trial } from "../../core/index.js";
import type { ChartOption } from "#echarts";
import { evenly, insideZoom, numberAxis, PLOT_WIDTH, rounded, topLegend, wantsLog } from "../chart-parts.js";
import { LeftOut, trialsInWords } from "../left-out.js";
import type { Plot, PlotOptions } from "../plot.js";
import type { PlotStudy } from "../plot-study.js";

const MOST_LINES = 100;
/** Of one line. */
const MOST_STEPS = 200;
/** Up to here each report has a dot of its own. */
const MOST_DOTS = 400;

/** A trial's curve. */
interface Curve {
  readonly trial: Trial;
  readonly points: readonly (readonly [step: number, value: number])[];
}

const states = {
  complete: { color: "@series1", type: "solid", opacity: 0.45, width: 1 },
  pruned: { color: "@series5", type: "dashed", opacity: 0.75, width: 1 },
  failed: { color: "@series2", type: "dotted", opacity: 0.75, width: 1.2 },
  running: { color: "@series6", type: "solid", opacity: 0.9, width: 1.4 },
  waiting: { color: "@faint", type: "solid", opacity: 0.9, width: 1 },
} as const;

function curveOf(study: PlotStudy, metric: string, trial: Trial): Curve {
  if (metric === study.reported.metric) return { trial, points: trial.intermediate };
  const reports = study.epochs?.get(trial.number) ?? [];
  const points = reports.flatMap(({ step, metrics }) =>
    metrics[metric] === undefined ? [] : [[step, metrics[metric]] as const],
  );
  return { trial, points };
}

/** The median over the complete trials at each step that at least two of them reported. */
export function medianLine(curves: readonly Curve[]): [step: number, median: number][] {
  const bySteps = new Map<number, number[]>();
  for (const { trial, points } of curves)
    if (trial.state === "complete")
      for (const [step, value] of points)
        if (Number.isFinite(value)) {
          const values = bySteps.get(step);
          if (values) values.push(value);
          else bySteps.set(step, [value]);
        }
  return [...bySteps]
    .filter(([, values]) => values.length > 1)
    .sort(([a], [b]) => a - b)
    .map(([step, values]) => {
      const sorted = Float64Array.from(values).sort();
      const middle = (sorted.length - 1) / 2;
      return [step, ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2];
    });
}

const plotted = (value: number): number | null => (Number.isFinite(value) ? rounded(value) : null);

function lineSeries({ trial, points }: Curve, metric: string, dots: boolean): ChartOption {
  const { color, type, opacity, width } = states[trial.state];
  return {
    ...{
      type: "line",
      name: trial.state,
      showSymbol: dots || points.length === 1,
      symbol: "circle",
      symbolSize: 3,
      z: 2,
    },
    ...{ lineStyle: { color, type, opacity, width }, itemStyle: { color }, emphasis: { focus: "series" } },
    ...{ triggerLineEvent: true, dimensions: ["step", metric, "trial"], encode: { x: 0, y: 1, tooltip: [2, 0, 1] } },
    data: evenly(points, MOST_STEPS).map(([step, value]) => [step, plotted(value), trial.number]),
  };
}

/** Where lines end that did not get to their end, and what stands out: the best trial, the median. */
function marks(
  curves: readonly Curve[],
  metric: string,
  best: Curve | undefined,
  median: [number, number][],
): ChartOption[] {
  const ends = (state: "pruned" | "failed", symbol: string): ChartOption[] => {
    const data = curves.flatMap(({ trial, points }) => {
      const last = points.findLast(([, value]) => Number.isFinite(value));
      return trial.state === state && last ? [[last[0], rounded(last[1]), trial.number]] : [];
    });
    const dimensions = ["step", metric, "trial"];
    const look = { symbol, symbolSize: 8, itemStyle: { color: states[state].color, borderColor: states[state].color } };
    return data.length === 0
      ? []
      : [{ type: "scatter", name: state, ...look, z: 4, dimensions, encode: { tooltip: [2, 0, 1] }, data }];
  };
  const bold = (name: string, color: string, type: string, points: Curve["points"]): ChartOption => ({
    ...{ type: "line", name, symbol: "circle", symbolSize: 5, showSymbol: points.length === 1, z: 5 },
    ...{ lineStyle: { color, width: 2.4, type }, itemStyle: { color }, dimensions: ["step", metric] },
    data: evenly(points, MOST_STEPS).map(([step, value]) => [step, plotted(value)]),
  });
  return [
    ...ends("pruned", "diamond"),
    ...ends("failed", "path://M0,0L10,10M0,10L10,0"),
    ...(best ? [bold(`best (trial ${best.trial.number})`, "@series3", "solid", best.points)] : []),
    ...(median.length > 0 ? [bold("median of complete", "@text", "dashed", median)] : []),
  ];
}

function bestCurve({ objectives, reported }: PlotStudy, curves: readonly Curve[]): Curve | undefined {
  if (objectives.length > 1 || objectives[0]?.metric !== reported.metric) return undefined;
  let best: Curve | undefined;
  for (const curve of curves) {
    const value = curve.trial.state === "complete" ? valueOf(curve.trial) : null;
    if (value === null || !Number.isFinite(value)) continue;
    if (!best || isBetter(value, valueOf(best.trial) as number, reported.direction)) best = curve;
  }
  return best;
}

/** @throws UsageError `unknown-metric` for what no trial has reported, naming what they have. */
function requireReported({ name, reported, epochs = new Map() }: PlotStudy, metric: string): void {
  if (metric === reported.metric) return;
  const known = new Set([reported.metric]);
  for (const reports of epochs.values())
    for (const { metrics } of reports) for (const key of Object.keys(metrics)) known.add(key);
  if (known.has(metric)) return;
  throw new UsageError(
    "unknown-metric",
    `--metric ${metric}: no trial of "${name}" has reported it:${didYouMean(metric, [...known])} there are ${[...known].join(", ")}`,
  );
}

/** Draws what trials reported. */
export function intermediate(
  study: PlotStudy,
  { metric = study.reported.metric, width = PLOT_WIDTH, height = 360 }: PlotOptions,
): Plot {
  requireReported(study, metric);
  const left = new LeftOut(study);
  const whole = study.trials.map((trial) => curveOf(study, metric, trial));
  const curves = whole.filter(({ points }) => points.length > 0);
  for (const { trial, points } of whole) if (points.length === 0) left.add(`${trial.state} without reports`);
  const best = bestCurve(study, curves);
  const thinned = new Set([...evenly(curves, MOST_LINES), ...(best ? [best] : [])]);
  const drawn = curves.filter((curve) => thinned.has(curve));
  const values = curves.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite);
  const gaps = curves.reduce(
    (sum, { points }) => sum + points.filter(([, value]) => !Number.isFinite(value)).length,
    0,
  );
  const dots = drawn.reduce((sum, { points }) => sum + points.length, 0) <= MOST_DOTS;
  const median = medianLine(curves);
  const series = [...drawn.map((curve) => lineSeries(curve, metric, dots)), ...marks(drawn, metric, best, median)];
  const long = drawn.some(({ points }) => points.length > MOST_STEPS);
  return {
    ...{ kind: "intermediate", title: `${study.name}: ${metric} as reported`, width, height },
    notes: [
      ...(curves.length === 0 ? [`No trial has reported ${metric}.`] : []),
      ...left.notes(),
      ...(gaps > 0 ? [`${gaps} ${gaps === 1 ? "report is" : "reports are"} no finite number: a gap in its line.`] : []),
      ...(drawn.length < curves.length
        ? [
            `Of ${trialsInWords(curves.length)} with reports ${drawn.length} are drawn, taken evenly; the median and the table are of all.`,
          ]
        : []),
      ...(long ? [`At most ${MOST_STEPS} reports of a line are drawn, taken evenly.`] : []),
    ],
    option: {
      grid: { left: 74, right: 22, top: 44, height: height - 44 - 46 },
      legend: topLegend([...new Set(series.map(({ name }) => name as string))]),
      xAxis: numberAxis({ name: "step", more: { minInterval: 1, splitLine: { show: false } } }),
      yAxis: numberAxis({ name: metric, gap: 56, log: wantsLog(values, 50) }),
      ...{ tooltip: { trigger: "item" }, dataZoom: insideZoom({ x: [0], y: [0] }), series },
    },
    table: {
      columns: ["trial", "state", "step", metric],
      rows: curves.flatMap(({ trial, points }) =>
        points.map(([step, value]) => [trial.number, trial.state, step, value]),
      ),
    },
  };
}
