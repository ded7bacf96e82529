/** The kind `forecast`: what was measured of each cell, what the best trial predicted of it, and how it goes on from there. */
import type { ChartOption } from "#echarts";
import { evenly, insideZoom, numberAxis, PLOT_WIDTH, rangeOf, rounded, topLegend } from "../chart-parts.js";
import { panelPlaces } from "../panels.js";
import type { Plot, PlotOptions } from "../plot.js";
import type { PlottedCell, PlottedPrediction, PlotStudy } from "../plot-study.js";
import { cyclesInWords, HELD_OUT, predictionNotes, predictionOf } from "./predicted.js";

/** More points than this on a line cannot be told apart at its width. */
const MOST_POINTS = 500;
const MARGIN = { top: 34, bottom: 44, left: 68, right: 22 };
const HEAD = 34;

/** What a panel is looked at for. */
function titleOf({ cell, measured, end_of_life: end }: PlottedCell, { horizon }: PlottedPrediction): string {
  const last = measured.at(-1)?.[0] ?? 0;
  if (end === null) return `${cell}: no end of life within ${cyclesInWords(horizon)} of cycle ${last}`;
  return end <= last
    ? `${cell}: end of life measured at cycle ${end}`
    : `${cell}: end of life forecast at cycle ${end}, ${end - last} after the last measured`;
}

function line(name: string, color: string, data: readonly (readonly number[])[], more: ChartOption): ChartOption {
  return {
    ...{ type: "line", name, symbol: data.length === 1 ? "circle" : "none", z: 3, data },
    ...{ itemStyle: { color }, lineStyle: { color, width: 1.8 } },
    ...more,
  };
}

function bandSeries({ ahead }: PlottedCell, last: readonly number[], more: ChartOption): ChartOption[] {
  const points = ahead.flatMap(({ cycle, low, high }) =>
    low === undefined || high === undefined ? [] : [[cycle, rounded(low), rounded(high)] as const],
  );
  if (points.length === 0) return [];
  const [cycle, soh] = last as [number, number];
  const whole = [[cycle, rounded(soh), rounded(soh)] as const, ...points];
  const edge = [...whole.map(([x, low]) => [x, low]), ...whole.toReversed().map(([x, , high]) => [x, high])];
  return [
    {
      ...{
        type: "custom",
        name: "5 to 95 % of its models",
        silent: true,
        z: 1,
        clip: true,
        renderItem: "band",
        ...more,
      },
      ...{ itemPayload: { edge, fill: "@series2", opacity: 0.2 }, itemStyle: { color: "@series2", opacity: 0.2 } },
      ...{ encode: { x: 0, y: [1, 2] }, data: whole },
    },
  ];
}

function panelSeries(cell: PlottedCell, { horizon, eol }: PlottedPrediction, panel: number): ChartOption[] {
  const axes = { xAxisIndex: panel, yAxisIndex: panel };
  const measured = evenly(cell.measured, MOST_POINTS).map(([cycle, soh]) => [cycle, rounded(soh)]);
  const ends = evenly(cell.ends, MOST_POINTS).map(({ cycle, predicted }) => [cycle, rounded(predicted)]);
  const last = cell.measured.at(-1);
  const ahead = cell.ahead.map(({ cycle, soh }) => [cycle, rounded(soh)]);
  const [first, final] = rangeOf([...measured, ...ends, ...ahead].map(([cycle]) => cycle as number));
  const limit = [
    [first, eol],
    [final, eol],
  ];
  return [
    line("measured", "@series1", measured, axes),
    ...(ends.length > 0
      ? [
          line(`predicted ${cyclesInWords(horizon)} ahead`, "@series3", ends, {
            ...axes,
            lineStyle: { color: "@series3", width: 1.4, type: [2, 2] },
          }),
        ]
      : []),
    ...(last && ahead.length > 0
      ? [
          ...bandSeries(cell, last, axes),
          // It goes out from what was measured last.
          line("forecast", "@series2", [[last[0], rounded(last[1])], ...ahead], {
            ...axes,
            lineStyle: { color: "@series2", width: 2.2, type: [7, 3] },
          }),
        ]
      : []),
    ...(first <= final
      ? [
          line(`end of life (SOH ${eol})`, "@axis", limit, {
            ...{ ...axes, silent: true, z: 2, symbol: "none" },
            lineStyle: { color: "@axis", width: 1.2, type: [9, 3, 2, 3] },
          }),
        ]
      : []),
  ];
}

/** Draws the forecast of each cell. */
export function forecast(study: PlotStudy, { width = PLOT_WIDTH, height }: PlotOptions): Plot {
  const predicted = predictionOf(study);
  const { cells, trial, horizon } = predicted;
  const rows = Math.max(1, cells.length);
  const plotHeight =
    height === undefined ? (rows > 2 ? 170 : 230) : Math.max(60, (height - HEAD) / rows - MARGIN.top - MARGIN.bottom);
  const places = panelPlaces(rows, { columns: 1, width, plotHeight, margin: MARGIN, head: HEAD });
  const series = cells.flatMap((cell, panel) => panelSeries(cell, predicted, panel));
  const left = places.grids[0]?.["left"];
  return {
    ...{
      kind: "forecast",
      title: `${study.name}: forecast${predicted.nothing === null ? ` ${cyclesInWords(horizon)} ahead by trial ${trial}` : ""}`,
    },
    notes: [
      ...(cells.length === 0 ? [predicted.nothing ?? "There is no cell to forecast."] : []),
      ...(cells.some(({ ends }) => ends.length > 0) && predicted.of !== HELD_OUT
        ? [`What is predicted of earlier cycles is that of the ${predicted.of}.`]
        : []),
      ...predictionNotes(predicted),
    ],
    ...{ width, height: Math.round(places.height) },
    option: {
      ...{ grid: places.grids, legend: topLegend([...new Set(series.map(({ name }) => name as string))]) },
      title: cells.map((cell, panel) => ({
        ...{ text: titleOf(cell, predicted), left, top: (places.grids[panel]?.["top"] as number) - 24, padding: 0 },
        textStyle: { fontSize: 13, fontWeight: "bold", color: "@text" },
      })),
      ...{ tooltip: { trigger: "axis" }, dataZoom: insideZoom({ x: cells.map((_, i) => i) }) },
      xAxis: cells.map((_, i) => numberAxis({ name: "cycle", more: { gridIndex: i } })),
      yAxis: cells.map((_, i) => numberAxis({ name: "SOH", gap: 50, more: { gridIndex: i } })),
      series,
    },
    table: {
      columns: ["cell", "cycle", "measured SOH", "forecast SOH", "5 %", "95 %"],
      rows: cells.flatMap(({ cell, measured, ahead }) => [
        ...measured.map(([cycle, soh]) => [cell, cycle, soh, null, null, null]),
        ...ahead.map(({ cycle, soh, low, high }) => [cell, cycle, null, soh, low ?? null, high ?? null]),
      ]),
    },
  };
}
