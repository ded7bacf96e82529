/** The kind `importances`: how much each parameter matters, a panel an objective. */
import { importances as findImportances, omittedCount } from "../../analysis/index.js";
import type { ImportanceMethod, TargetImportances } from "../../analysis/index.js";
import type { ChartOption } from "#echarts";
import { nameAxis, numberAxis, PLOT_WIDTH, rounded, shortLabel } from "../chart-parts.js";
import { panelPlaces } from "../panels.js";
import type { Plot, PlotOptions } from "../plot.js";
import type { PlotStudy } from "../plot-study.js";
import { seriesColor } from "../theme.js";

const MOST_BARS = 25;
const ROW = 24;
const MARGIN = { top: 10, bottom: 46, left: 210, right: 70 };
const methodWords: Readonly<Record<ImportanceMethod, string>> = { "ped-anova": "PED-ANOVA", fanova: "fANOVA" };

function barSeries({ metric, parameters }: TargetImportances, panel: number): ChartOption {
  return {
    ...{ type: "bar", name: metric, xAxisIndex: panel, yAxisIndex: panel, barMaxWidth: 16 },
    ...{ itemStyle: { color: seriesColor(panel) }, dimensions: ["share", "place", "parameter", "importance"] },
    ...{ encode: { x: 0, y: 1, tooltip: [2, 0, 3] } },
    label: { show: true, position: "right", color: "@text", fontSize: 11, formatter: "{@[4]}" },
    data: parameters.map(({ name, share, importance }, i) => [
      ...[rounded(share), i, name, rounded(importance), `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`],
    ]),
  };
}

/** Draws how much parameters matter. */
export function importances(
  study: PlotStudy,
  { metric, params, method, width = PLOT_WIDTH, height }: PlotOptions,
): Plot {
  const { header, trials } = study;
  const asked = {
    ...(metric === undefined ? {} : { metric }),
    ...(params ? { params } : {}),
    ...(method ? { method } : {}),
  };
  const found = findImportances({ header, trials }, asked);
  const targets = found.targets.map((target) => ({ ...target, parameters: target.parameters.slice(0, MOST_BARS) }));
  const several = targets.length > 1;
  const bars = Math.max(1, ...targets.map(({ parameters }) => parameters.length));
  const plotHeight =
    height === undefined
      ? Math.max(60, bars * ROW)
      : Math.max(40, height / Math.max(1, targets.length) - MARGIN.top - MARGIN.bottom);
  const places = panelPlaces(targets.length, { columns: 1, width, plotHeight, margin: MARGIN });
  const said = (metricName: string, note: string): string => (several ? `${metricName}: ${note}` : note);
  const cut = found.targets.some(({ parameters }) => parameters.length > MOST_BARS);
  return {
    ...{ kind: "importances", title: `${study.name}: importance of parameters (${methodWords[found.method]})` },
    notes: [
      ...found.targets.flatMap(({ metric: name, used, omitted, notes }) => [
        said(name, `Found from ${used} trials${omittedInWords(omitted, study.banned)}.`),
        ...notes.map((note) => said(name, note)),
      ]),
      ...(cut ? [`The ${MOST_BARS} that matter most are drawn; the table has all.`] : []),
    ],
    ...{ width, height: Math.round(places.height) },
    option: {
      grid: places.grids,
      xAxis: targets.map((target, i) =>
        numberAxis({
          name: `share of the importance for ${target.metric}`,
          gap: 28,
          more: { gridIndex: i, min: 0, scale: false },
        }),
      ),
      yAxis: targets.map(({ parameters }, i) =>
        nameAxis(
          parameters.map(({ name }) => shortLabel(name, Math.floor((MARGIN.left - 16) / 6.5))),
          {
            more: {
              ...{ gridIndex: i, inverse: true, axisTick: { show: false } },
              axisLabel: { color: "@text", interval: 0, hideOverlap: false },
            },
          },
        ),
      ),
      ...{ tooltip: { trigger: "item" }, series: targets.map(barSeries) },
    },
    table: {
      columns: ["metric", "parameter", "importance", "share", "spread", "trials"],
      rows: found.targets.flatMap(({ metric: name, parameters }) =>
        parameters.map((p) => [name, p.name, p.importance, p.share, p.spread, p.trials]),
      ),
    },
  };
}

function omittedInWords(omitted: TargetImportances["omitted"], banned: number): string {
  const parts = omitted.map(omittedCount);
  if (banned > 0) parts.push(`${banned} banned`);
  return parts.length === 0 ? "" : `; not used: ${parts.join(", ")}`;
}
