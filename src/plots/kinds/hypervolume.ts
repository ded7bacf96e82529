/** The kind `hypervolume`: how the front of several objectives came about, as one number. */
import { directionsOf, hypervolumeHistory, isFeasible, referencePoint } from "../../core/index.js";
import { evenly, insideZoom, numberAxis, PLOT_WIDTH, rounded } from "../chart-parts.js";
import { LeftOut } from "../left-out.js";
import { scaleText } from "../number-text.js";
import type { Plot, PlotOptions } from "../plot.js";
import type { PlotStudy } from "../plot-study.js";

const MOST_POINTS = 2000;

/** `val_rmse = 0.11, parameters = 52000` */
export function referenceInWords({ objectives }: PlotStudy, reference: readonly number[]): string {
  return objectives.map(({ metric }, i) => `${metric} = ${scaleText(reference[i] as number)}`).join(", ");
}

/** Draws the hypervolume by finished trials. */
export function hypervolume(study: PlotStudy, { reference, width = PLOT_WIDTH, height = 330 }: PlotOptions): Plot {
  const directions = directionsOf(study);
  const point = reference ?? referencePoint(study.trials, directions);
  const history = hypervolumeHistory(study.trials, directions, point);
  const left = new LeftOut(study);
  left.sort(study.trials, (trial) => {
    if (trial.state !== "complete") return trial.state;
    return isFeasible(trial) ? null : "infeasible";
  });
  const finite = history.filter(([, volume]) => Number.isFinite(volume));
  const drawn = evenly(finite, MOST_POINTS);
  return {
    ...{ kind: "hypervolume", title: `${study.name}: hypervolume of the front`, width, height },
    notes: [
      ...(point === null
        ? ["No feasible trial is complete with finite values: there is no front yet."]
        : [
            `Taken up to ${referenceInWords(study, point)}${reference ? "" : ", a tenth behind the front (--reference sets another)"}.`,
          ]),
      ...left.notes(),
      ...(finite.length < history.length
        ? [`${history.length - finite.length} values are infinite, and not drawn.`]
        : []),
      ...(drawn.length < finite.length
        ? [`The line is drawn through ${drawn.length} of ${finite.length} points, taken evenly.`]
        : []),
    ],
    option: {
      grid: { left: 84, right: 22, top: 20, height: height - 20 - 46 },
      xAxis: numberAxis({ name: "finished trials", more: { minInterval: 1, splitLine: { show: false } } }),
      yAxis: numberAxis({ name: "hypervolume", gap: 66, more: { scale: false } }),
      ...{ tooltip: { trigger: "axis" }, dataZoom: insideZoom({ x: [0] }) },
      series: [
        {
          ...{ type: "line", name: "hypervolume", step: "end", symbol: drawn.length === 1 ? "circle" : "none" },
          ...{ lineStyle: { color: "@series1", width: 2 }, itemStyle: { color: "@series1" } },
          ...{ areaStyle: { color: "@series1", opacity: 0.12 }, dimensions: ["finished trials", "hypervolume"] },
          data: drawn.map(([finished, volume]) => [finished, rounded(volume)]),
        },
      ],
    },
    table: { columns: ["finished", "hypervolume"], rows: history },
  };
}
