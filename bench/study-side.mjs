// Our side of `study`, in a process of its own as a user's program would be: node bench/study-side.mjs PLAN.json DIRECTORY.
// Makes the study, queues the plan's parameter sets (or searches, where it has none), optimizes. Prints one line of JSON.
import { readFileSync } from "node:fs";
import { createStudy } from "../dist/index.js";
import { FIXED, OUR_NAMES } from "./study-plan.mjs";

const loadedAt = Date.now();
const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { data, space, sets } = plan;
const ours = (set) => Object.fromEntries(Object.entries(set).map(([name, value]) => [OUR_NAMES[name], value]));

/** A range as the command line has it. */
function inWords({ type, choices, low, high, log }) {
  if (choices) return choices.join(",");
  return `${type === "int" ? "int:" : ""}${low}..${high}${log ? ":log" : ""}`;
}

const study = await createStudy({
  ...{ name: "bench", storage: process.argv[3], model: plan.model, dataset: "nasa", seed: plan.seed, defaults: false },
  ...{ sampler: sets ? "random" : "tpe", pruner: sets ? "nop" : "median" },
  params: {
    "data.data_dir": data.dir,
    "data.cells": data.cells,
    "data.features": data.features,
    "data.window": data.window,
    "data.horizon": data.horizon,
    "data.split": "by-time",
    "data.val_split": data.val_split,
    ...FIXED[plan.model],
    "model.residual": data.residual,
    ...(sets ? { "model.dropout": 0 } : {}),
    "train.epochs": plan.epochs,
    "train.scheduler": "none",
  },
  search: Object.fromEntries(Object.entries(space).map(([name, parameter]) => [OUR_NAMES[name], inWords(parameter)])),
});
for (const set of sets ?? []) await study.enqueueTrial(ours(set));
const readyAt = Date.now();
const marks = { trialStart: [], report: [], trial: [] };
await study.optimize({
  ...{ trials: plan.trials, workers: plan.workers },
  onEvent: ({ event, number, step, value, trial }) => {
    if (event === "trial-start") marks.trialStart.push([number, Date.now()]);
    else if (event === "report") marks.report.push([number, step, Date.now(), value]);
    else if (event === "trial") marks.trial.push([trial.number, Date.now()]);
  },
});
const optimizedAt = Date.now();
const trials = study.trials
  .filter(({ state }) => state !== "waiting")
  .map(({ number, state, value, seed, params, intermediate, finished_at, kernels, isa }) => ({
    ...{ number, state, value, seed, params, kernels, isa, finishedAt: Date.parse(finished_at) },
    values: intermediate.map(([, v]) => v),
  }));
await study.close();
console.log(JSON.stringify({ at: { loaded: loadedAt, ready: readyAt, optimized: optimizedAt }, marks, trials }));
