// `npm run bench -- gaps [--seeds 3] [--models gru,ode_rnn,latent_ode] [--datasets dummy,nasa] [--drops 0,0.3]
// [--horizon 10] [--data-dir DIR] [--set NAME=JSON …] [--json FILE]`: models with their defaults on regular cycles and on
// irregular ones (`data.drop_cycles`), each of three cells held out in turn, beside baselines on the same windows. The
// first model is what the others are compared with, run for run. What is dropped is the same for all. Prints a Markdown
// table. NASA's cells come from --data-dir, MLBENCH_NASA_DIR or ../shared/data/nasa; without them `dummy` alone is run.
import { existsSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { run } from "../dist/index.js";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "3" },
    models: { type: "string", default: "gru,ode_rnn,latent_ode" },
    datasets: { type: "string", default: "dummy,nasa" },
    drops: { type: "string", default: "0,0.3" },
    horizon: { type: "string", default: "10" },
    "data-dir": { type: "string" },
    set: { type: "string", multiple: true, default: [] },
    json: { type: "string" },
  },
});
const directory = values["data-dir"] ?? process.env.MLBENCH_NASA_DIR ?? "../shared/data/nasa";
const list = (text) => text.split(",");
const seeds = Number(values.seeds);
const extra = Object.fromEntries(values.set.map((text) => text.split(/=(.*)/s).slice(0, 2)));
for (const name of Object.keys(extra)) extra[name] = JSON.parse(extra[name]);
const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
const sd = (numbers) => Math.sqrt(numbers.reduce((s, v) => s + (v - mean(numbers)) ** 2, 0) / (numbers.length - 1));
const show = (v) => v.toFixed(4).replace(/^(-?)0/, "$1");

const sources = {
  dummy: { cells: ["D01", "D02", "D03"], params: { "data.cells": 3, "data.generator_seed": 1 } },
  nasa: {
    cells: ["B0005", "B0006", "B0007"],
    params: { "data.data_dir": directory, "data.cells": ["B0005", "B0006", "B0007"] },
  },
};

/** Every cell and seed. */
async function runsOf(dataset, drop, model) {
  const { cells, params } = sources[dataset];
  const runs = [];
  for (const cell of cells)
    for (let seed = 0; seed < seeds; seed++) {
      const task = { "data.horizon": Number(values.horizon), "data.drop_cycles": drop, "data.drop_seed": 1 };
      const all = { ...params, ...task, "data.val_cells": [cell], ...extra };
      const { best, last, baselines, seconds } = await run({ model, dataset, seed, params: all }, { checkpoint: null });
      runs.push({ dataset, drop, model, cell, seed, best: best.metrics, last: last.metrics, baselines, seconds });
    }
  return runs;
}

const raw = [];
const [first, ...others] = list(values.models);
console.log(
  `| dataset | dropped | model | RMSE | last epoch | end point | mean_change | ridge | RMSE less ${first}'s, run for run | better in | s a run |\n|${"---|".repeat(11)}`,
);
for (const dataset of list(values.datasets)) {
  if (dataset === "nasa" && !existsSync(directory)) {
    console.error(`skipped: no cells in ${directory}`);
    continue;
  }
  for (const drop of list(values.drops).map(Number)) {
    let reference = null;
    for (const model of [first, ...others]) {
      const runs = await runsOf(dataset, drop, model);
      raw.push(...runs);
      reference ??= runs;
      const apart = runs.map((r, i) => r.best.val_rmse - reference[i].best.val_rmse);
      const better = apart.filter((difference) => difference < 0).length;
      const against =
        model === first ? "| |" : `${show(mean(apart))} ± ${show(sd(apart))} | ${better} of ${runs.length} |`;
      const columns = [
        ...[(r) => r.best.val_rmse, (r) => r.last.val_rmse, (r) => r.best.val_rmse_end],
        ...[(r) => r.baselines.mean_change_rmse, (r) => r.baselines.ridge_rmse],
      ].map((pick) => show(mean(runs.map(pick))));
      const time = mean(runs.map((r) => r.seconds)).toFixed(1);
      console.log(`| ${dataset} | ${drop} | ${model} | ${columns.join(" | ")} | ${against} ${time} |`);
    }
  }
}
if (values.json) writeFileSync(values.json, JSON.stringify({ node: process.version, runs: raw }, null, 1));
