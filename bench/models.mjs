// All models on `dummy` and NASA's cells, every cell held out in turn, several seeds, beside the four baselines on the same
// windows: tables in Markdown. Killed at any moment, the same command goes on from its record.
//
//   npm run bench -- models [--budget 2h] [--workers 2] [--epochs 30] [--seeds 3] [--models lstm,node] [--horizons 1,10,50]
//                           [--datasets dummy,nasa,nasa_cc] [--set NAME=JSON] [--kernels auto] [--data-dir DIR]
//                           [--json models.jsonl] [--out FILE]
//
// Models are those of the registry with their defaults; `ode_rnn` and `latent_ode` at a horizon of 10 alone. `--epochs`
// without early stopping, so that the last epoch is the same for all. `--json` keeps a line for each run as soon as it ends. What
// was trained under other settings, or by other sources of models, data or training, stays in the file and is not read. The
// budget is wall time of all calls together: when it is used up, what runs is ended, and the tables have what is whole. Exit
// code 1 where runs are missing. The cells come from --data-dir, MLBENCH_NASA_DIR or ../shared/data/nasa.
import { existsSync, writeFileSync } from "node:fs";
import os from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { staleBuild } from "../build-stamp.mjs";
import { models as registry } from "../dist/models/index.js";
import { isaOf, useKernels } from "../dist/tensor/index.js";
import { isDone, runJobs, secondsOf } from "./job-pool.mjs";
import { DATASETS, jobsOf, keyOf, settingsOf } from "./models-plan.mjs";
import { ModelsRecord } from "./models-record.mjs";
import { tablesOf } from "./models-table.mjs";

const { values: args } = parseArgs({
  options: {
    budget: { type: "string", default: "2h" },
    workers: { type: "string", default: "2" },
    epochs: { type: "string", default: "30" },
    seeds: { type: "string", default: "3" },
    models: { type: "string" },
    datasets: { type: "string", default: Object.keys(DATASETS).join(",") },
    horizons: { type: "string", default: "1,10,50" },
    set: { type: "string", multiple: true, default: [] },
    kernels: { type: "string", default: "auto" },
    "data-dir": { type: "string" },
    json: { type: "string", default: "models.jsonl" },
    out: { type: "string" },
  },
});

const refuse = (message) => {
  console.error(message);
  process.exit(2);
};

/** Names out of a comma-separated list. */
function chosen(option, known) {
  const names = args[option]?.split(",") ?? known;
  for (const name of names) if (!known.includes(name)) refuse(`--${option}: no ${name}; there are ${known.join(", ")}`);
  return names;
}

function settingOf(text) {
  const at = text.indexOf("=");
  try {
    return [text.slice(0, at), JSON.parse(text.slice(at + 1))];
  } catch {
    return refuse(`--set ${text}: expected NAME=JSON`);
  }
}

const directory = resolve(args["data-dir"] ?? process.env.MLBENCH_NASA_DIR ?? "../shared/data/nasa");
const budget = secondsOf(args.budget) ?? refuse(`--budget ${args.budget}: a number of seconds, or 90s, 30m, 2h`);
const workers = Number(args.workers);
const models = chosen("models", registry.names());
const datasets = chosen("datasets", Object.keys(DATASETS));
if (!existsSync(directory) && datasets.some((name) => !DATASETS[name].params)) {
  console.error(`skipped: no cells in ${directory}`);
  process.exit(0);
}
const stale = staleBuild(fileURLToPath(new URL("..", import.meta.url)));
if (stale) refuse(stale);

const kernels = await useKernels(args.kernels);
const set = Object.fromEntries(args.set.map(settingOf));
const options = { directory, epochs: Number(args.epochs), set, kernels };
const plan = { models, datasets, horizons: args.horizons.split(",").map(Number), seeds: Number(args.seeds) };
const jobs = jobsOf(plan);
const cpu = os.cpus()[0]?.model;
const machine = {
  date: new Date().toISOString(),
  cpu,
  cores: os.cpus().length,
  node: process.version,
  isa: isaOf(kernels),
};
const settings = settingsOf(options);
const record = new ModelsRecord(args.json, settings, { ...machine, load: os.loadavg() });
const known = jobs.filter((job) => isDone(record.get(keyOf(job)))).length;
const counts = `${known} of ${jobs.length} done, ${(record.earlier / 60).toFixed(1)} min used`;
console.error(`${args.json}: ${counts}; ${record.others} lines of other settings left alone`);

const { spent } = await runJobs({
  ...{ jobs, keyOf, record, workers, budget, options, worker: new URL("models-worker.mjs", import.meta.url) },
  said: ({ best, seconds, message = "" }) => (best ? `RMSE ${best.rmse.toFixed(4)}, ${seconds.toFixed(1)} s` : message),
});
record.close();
const cellsOf = (dataset) => DATASETS[dataset].cells;
const has = (model, horizon) => jobs.some((job) => job.model === model && job.horizon === horizon);
const tables = tablesOf(record, { ...plan, cellsOf, has, epochs: options.epochs, workers });
const missing = jobs.filter((job) => !isDone(record.get(keyOf(job)))).length;
const used = `${((record.earlier + record.now) / 60).toFixed(1)} min, ${workers} processes`;
const facts = `${machine.date.slice(0, 10)}, Node ${machine.node}, ${kernels} kernels ${machine.isa ?? ""}, ${cpu}; ${used}`;
const text = `${facts}.\n\n${tables}`;
console.log(text);
if (args.out) writeFileSync(args.out, text);
if (missing > 0) {
  console.error(
    spent ? `the budget of ${args.budget} is used up: ${missing} runs are missing` : `${missing} runs failed`,
  );
  process.exitCode = 1;
}
