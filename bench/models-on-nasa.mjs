// `npm run bench -- models-on-nasa [--seeds 5] [--models lstm,mlp] [--datasets nasa,nasa_cc] [--horizons 1,10,50]
// [--data-dir DIR] [--json FILE]`: each model with its defaults on the real cells, every cell held out in turn, beside
// the four baselines on the same windows. Prints a Markdown table. The cells come from --data-dir, MLBENCH_NASA_DIR or
// ../shared/data/nasa.
import { existsSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { run } from "../dist/index.js";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "5" },
    models: { type: "string", default: "lstm,mlp" },
    datasets: { type: "string", default: "nasa,nasa_cc" },
    horizons: { type: "string", default: "1,10,50" },
    cells: { type: "string", default: "B0005,B0006,B0007" },
    "data-dir": { type: "string" },
    set: { type: "string", multiple: true, default: [] },
    json: { type: "string" },
  },
});
const directory = values["data-dir"] ?? process.env.MLBENCH_NASA_DIR ?? "../shared/data/nasa";
if (!existsSync(directory)) {
  console.error(`skipped: no cells in ${directory}`);
  process.exit(0);
}
const list = (text) => text.split(",");
const seeds = Number(values.seeds);
const extra = Object.fromEntries(
  values.set.map((text) => {
    const at = text.indexOf("=");
    return [text.slice(0, at), JSON.parse(text.slice(at + 1))];
  }),
);
const baselines = ["persistence", "linear", "mean_change", "ridge"];
const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
const sd = (numbers) => Math.sqrt(numbers.reduce((s, v) => s + (v - mean(numbers)) ** 2, 0) / (numbers.length - 1));
const show = (v) => v.toFixed(4).replace(/^0/, "");
const raw = [];

console.log(
  `| dataset | model | H | RMSE | RMSE last epoch | MAE | ${baselines.join(" | ")} | against mean_change | s a run |\n|${"---|".repeat(8 + baselines.length)}`,
);
for (const dataset of list(values.datasets))
  for (const horizon of list(values.horizons).map(Number))
    for (const model of list(values.models)) {
      const runs = [];
      for (const cell of list(values.cells))
        for (let seed = 0; seed < seeds; seed++) {
          const params = { "data.data_dir": directory, "data.cells": list(values.cells), "data.val_cells": [cell] };
          const result = await run(
            { model, dataset, seed, params: { ...params, "data.horizon": horizon, ...extra } },
            { checkpoint: null, baselines: true },
          );
          runs.push({
            ...{ dataset, model, horizon, cell, seed, state: result.state, seconds: result.seconds },
            ...{ best: result.best.metrics, last: result.last.metrics, baselines: result.baselines },
          });
        }
      raw.push(...runs);
      // A seed's figure is the mean over the cells held out; the spread is over seeds.
      const bySeed = (pick) =>
        Array.from({ length: seeds }, (_, seed) => mean(runs.filter((r) => r.seed === seed).map(pick)));
      const rmse = bySeed((r) => r.best.val_rmse);
      const last = bySeed((r) => r.last.val_rmse);
      const mae = bySeed((r) => r.best.val_mae);
      const reference = mean(runs.map((r) => r.baselines.mean_change_rmse));
      const gain = 100 * (1 - mean(rmse) / reference);
      const words = gain > 0 ? `${gain.toFixed(1)} % better` : `**${(-gain).toFixed(1)} % worse: learned nothing**`;
      const pm = (numbers) => `${show(mean(numbers))} ± ${show(sd(numbers))}`;
      const figures = baselines.map((name) => show(mean(runs.map((r) => r.baselines[`${name}_rmse`]))));
      console.log(
        `| ${dataset} | ${model} | ${horizon} | ${pm(rmse)} | ${pm(last)} | ${pm(mae)} | ${figures.join(" | ")} | ${words} | ${mean(runs.map((r) => r.seconds)).toFixed(1)} |`,
      );
    }
if (values.json) writeFileSync(values.json, JSON.stringify({ node: process.version, runs: raw }, null, 1));
