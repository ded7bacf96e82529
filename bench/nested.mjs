// Nested cross-validation on NASA's cells: each cell once the test cell, the search inside over the others, with folds over
// cells and with one validation cell; the winner and the defaults trained again under fresh seeds and scored on the test
// cell, beside the baselines. A table in Markdown. Killed at any moment, the same command goes on from its record.
//
//   npm run bench -- nested [--budget 2h] [--workers 2] [--trials 20] [--epochs 30] [--seeds 5] [--models lstm,node]
//                           [--horizons 10,50] [--datasets nasa_cc] [--data-dir DIR] [--json nested.jsonl] [--out FILE]
//
// Everything else is a study's default. `--json` keeps a line for each search as soon as it ends; what was found under
// other settings, or by other sources, stays in the file and is not read. Exit code 1 where searches are missing. The cells
// come from --data-dir, MLBENCH_NASA_DIR or ../shared/data/nasa.
import { existsSync, writeFileSync } from "node:fs";
import os from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { staleBuild } from "../build-stamp.mjs";
import { isDone, runJobs, secondsOf } from "./job-pool.mjs";
import { DATASETS, ROOMS, settingsOf } from "./models-plan.mjs";
import { ModelsRecord } from "./models-record.mjs";
import { tableOf } from "./nested-table.mjs";

const { values: args } = parseArgs({
  options: {
    budget: { type: "string", default: "2h" },
    workers: { type: "string", default: "2" },
    trials: { type: "string", default: "20" },
    epochs: { type: "string", default: "30" },
    seeds: { type: "string", default: "5" },
    models: { type: "string", default: "lstm,gru,mlp,node" },
    horizons: { type: "string", default: "10,50" },
    datasets: { type: "string", default: "nasa_cc" },
    "data-dir": { type: "string" },
    json: { type: "string", default: "nested.jsonl" },
    out: { type: "string" },
  },
});

const refuse = (message) => {
  console.error(message);
  process.exit(2);
};
const budget = secondsOf(args.budget) ?? refuse(`--budget ${args.budget}: a number of seconds, or 90s, 30m, 2h`);
const [trials, epochs, seeds, workers] = ["trials", "epochs", "seeds", "workers"].map((name) => Number(args[name]));
const [models, datasets] = [args.models.split(","), args.datasets.split(",")];
const horizons = args.horizons.split(",").map(Number);
for (const name of datasets)
  if (!DATASETS[name]) refuse(`--datasets: no ${name}; there are ${Object.keys(DATASETS).join(", ")}`);
const directory = resolve(args["data-dir"] ?? process.env.MLBENCH_NASA_DIR ?? "../shared/data/nasa");
if (!existsSync(directory) && datasets.some((name) => !DATASETS[name].params)) {
  console.error(`skipped: no cells in ${directory}`);
  process.exit(0);
}
const stale = staleBuild(fileURLToPath(new URL("..", import.meta.url)));
if (stale) refuse(stale);

const cellsOf = (dataset) => DATASETS[dataset].cells;
const keyOf = ({ dataset, horizon, model, search, cell }) => `${dataset} H${horizon} ${model} ${search} ${cell}`;
const jobs = datasets.flatMap((dataset) =>
  horizons.flatMap((horizon) =>
    models.flatMap((model) =>
      ["folds", "single"].flatMap((search) =>
        cellsOf(dataset).map((cell) => ({ dataset, horizon, model, search, cell })),
      ),
    ),
  ),
);
const options = { directory, epochs, trials, seeds };
const rooms = [...ROOMS, "app", "pruners", "samplers", "search-space", "study"];
const settings = settingsOf({ epochs, set: { trials, seeds }, kernels: "auto", directory }, rooms);
const cpu = os.cpus()[0]?.model;
const date = new Date().toISOString();
const record = new ModelsRecord(args.json, settings, { date, cpu, node: process.version, load: os.loadavg() });
const known = jobs.filter((job) => isDone(record.get(keyOf(job)))).length;
console.error(
  `${args.json}: ${known} of ${jobs.length} done, ${(record.earlier / 60).toFixed(1)} min used; ` +
    `${record.others} lines of other settings left alone`,
);
const { spent } = await runJobs({
  ...{ jobs, keyOf, record, workers, budget, options, worker: new URL("nested-worker.mjs", import.meta.url) },
  said: ({ winner, value, seconds, message = "" }) =>
    winner === undefined ? message : `trial ${winner}, ${value.toFixed(4)}, ${seconds.toFixed(0)} s`,
});
record.close();
const used = `${((record.earlier + record.now) / 60).toFixed(1)} min, ${workers} processes`;
const table = await tableOf(record, { ...{ models, horizons, datasets, cellsOf, keyOf }, trials, epochs, seeds });
const text = `${date.slice(0, 10)}, Node ${process.version}, ${cpu}; ${used}.\n\n${table}`;
console.log(text);
if (args.out) writeFileSync(args.out, text);
const missing = jobs.filter((job) => !isDone(record.get(keyOf(job)))).length;
if (missing > 0) {
  console.error(`${spent ? `the budget of ${args.budget} is used up: ` : ""}${missing} searches are missing`);
  process.exitCode = 1;
}
