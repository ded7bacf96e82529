/** The figures of `study` as SVG files. */
import { svgPlot } from "../dist/cli/svg-plot.js";
import { writeFileSync } from "node:fs";
import { plotBars } from "./bar-plot.mjs";
import { STUDY_GOALS } from "./goals.mjs";

const RANGE_NAMES = { uniform: "hidden 16 to 128", log: "hidden 8 to 128 (log)", node: "neural ODE" };

/** A value at each end of a trial, as the steps of a line. */
function steps(curve, until) {
  const points = curve.flatMap(([at, value], i) =>
    i === 0
      ? [[at, value]]
      : [
          [at, curve[i - 1][1]],
          [at, value],
        ],
  );
  return [...points, [until, curve.at(-1)[1]]];
}

/** The median over the seeds at every moment at which any of them gets better; from when all have a value. */
function medianCurve(curves) {
  const times = curves.flatMap((curve) => curve.map(([at]) => at)).sort((a, b) => a - b);
  const start = Math.max(...curves.map((curve) => curve[0][0]));
  const valueAt = (curve, time) => curve.findLast(([at]) => at <= time)[1];
  return times
    .filter((time) => time >= start)
    .map((time) => {
      const values = curves.map((curve) => valueAt(curve, time)).sort((a, b) => a - b);
      const middle = values.length / 2;
      return [time, (values[Math.ceil(middle) - 1] + values[Math.floor(middle)]) / 2];
    });
}

async function plotSearch(file, results) {
  const panels = Object.entries(results).map(([range, { curves, target }]) => {
    const sides = { ours: medianCurve(curves.map((c) => c.ours)), theirs: medianCurve(curves.map((c) => c.theirs)) };
    const until = Math.max(...Object.values(sides).map((curve) => curve.at(-1)[0]));
    return {
      title: `${RANGE_NAMES[range]}, ${curves.length} seeds`,
      series: [
        { name: "mlbench-hpo", points: steps(sides.ours, until) },
        { name: "Optuna + PyTorch", points: steps(sides.theirs, until) },
      ],
      limits: [{ name: "the peer's median final best", y: target }],
    };
  });
  const text = await svgPlot(panels, { x: "seconds since the command", y: "best RMSE so far, median" });
  writeFileSync(file, text.endsWith("\n") ? text : `${text}\n`);
}

/** Of `fixed`: wall and CPU time relative to the peer's. Of `search`: the best value so far against seconds. */
export async function plotStudy(file, part, results) {
  if (part === "search") {
    await plotSearch(file, results);
    return;
  }
  const ranges = Object.keys(results);
  plotBars(file, {
    title: "The same study, relative to Optuna with PyTorch",
    ...{ axis: "ratio: less is faster", groups: ranges.map((range) => RANGE_NAMES[range]) },
    reference: { at: 1, label: "Optuna + PyTorch" },
    bars: [
      {
        name: "wall time of the commands",
        values: ranges.map((range) => results[range].wall.median),
        goals: ranges.map((range) => STUDY_GOALS[range]),
      },
      { name: "CPU time", values: ranges.map((range) => results[range].cpu) },
    ],
  });
}
