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
import { fork } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import os from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { staleBuild } from "../build-stamp.mjs";
import { models as registry } from "../dist/models/index.js";
import { isaOf, useKernels } from "../dist/tensor/index.js";
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

function secondsOf(text) {
  const found = /^(\d+(?:\.\d+)?)(s|m|h)?$/.exec(text);
  if (!found) refuse(`--budget ${text}: a number of seconds, or 90s, 30m, 2h`);
  return Number(found[1]) * { s: 1, m: 60, h: 3600 }[found[2] ?? "s"];
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
const [budget, workers] = [secondsOf(args.budget), Number(args.workers)];
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
const pending = jobs.filter((job) => !isDone(record.get(keyOf(job))));
const total = pending.length;
const counts = `${jobs.length - total} of ${jobs.length} done, ${(record.earlier / 60).toFixed(1)} min used`;
console.error(`${args.json}: ${counts}; ${record.others} lines of other settings left alone`);

function isDone(result) {
  return result !== undefined && result.state !== "failed";
}

/** Seconds that are left, of all calls together. */
const left = () => budget - record.earlier - record.now;
let ended = 0;

function tell(job, result) {
  ended++;
  const said = result.best
    ? `RMSE ${result.best.rmse.toFixed(4)}, ${result.seconds.toFixed(1)} s`
    : (result.message ?? "");
  const rest = ((record.now / ended) * (total - ended)) / 60;
  const state = result.state && result.state !== "complete" ? `${result.state}: ` : "";
  console.error(`[${ended}/${total}] ${keyOf(job)}: ${state}${said} (about ${rest.toFixed(0)} min to go)`);
}

/** A process that takes one job after the other until there is none, or no time. */
async function work() {
  let child = null;
  while (pending.length > 0 && left() > 0) {
    const job = pending.shift();
    child ??= fork(fileURLToPath(new URL("models-worker.mjs", import.meta.url)), {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const result = await answerOf(child, job);
    if (result === null) break;
    if (result.lost) child = null;
    record.add(keyOf(job), job, result);
    tell(job, result);
  }
  child?.kill();
}

/** A job's result; null when the budget ended first, `lost` when the process did. */
function answerOf(child, job) {
  return new Promise((done) => {
    const settle = (result) => {
      clearTimeout(timer);
      child.removeAllListeners();
      done(result);
    };
    const timer = setTimeout(() => settle(null), Math.max(0, left() * 1000));
    child.once("message", settle);
    child.once("exit", (code, signal) =>
      settle({ state: "failed", lost: true, message: `the process ended with ${signal ?? code}` }),
    );
    child.send({ job, options });
  });
}

await Promise.all(Array.from({ length: workers }, work));
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
    left() > 0 ? `${missing} runs failed` : `the budget of ${args.budget} is used up: ${missing} runs are missing`,
  );
  process.exitCode = 1;
}
