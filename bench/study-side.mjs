// Our side of `study`, in a process of its own as a user's program would be: node bench/study-side.mjs PLAN.json DIRECTORY.
// Makes the study, queues the plan's parameter sets (or searches, where it has none), optimizes. Prints one line of JSON.
import { readFileSync } from "node:fs";
import { createStudy } from "../dist/index.js";

const loadedAt = Date.now();
const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { data, range, others, sets } = plan;
const span = ({ low, high }, kind = "log") => `${kind}:${low}..${high}`;

const study = await createStudy({
  ...{ name: "bench", storage: process.argv[3], model: "lstm", dataset: "nasa", seed: plan.seed, defaults: false },
  ...{ sampler: sets ? "random" : "tpe", pruner: sets ? "nop" : "median" },
  params: {
    "data.data_dir": data.dir,
    "data.cells": data.cells,
    "data.features": data.features,
    "data.window": data.window,
    "data.horizon": data.horizon,
    "data.split": "by-time",
    "data.val_split": data.val_split,
    "model.layers": 1,
    "model.residual": data.residual,
    ...(sets ? { "model.dropout": 0 } : {}),
    "train.epochs": plan.epochs,
    "train.scheduler": "none",
  },
  search: {
    "model.hidden_size": `int:${range.low}..${range.high}${range.log ? ":log" : ""}`,
    "train.lr": span(others.lr),
    "train.weight_decay": span(others.weight_decay),
    "train.batch_size": others.batch.join(","),
    ...(sets ? {} : { "model.dropout": `${others.dropout.low}..${others.dropout.high}` }),
  },
});
for (const { hidden, lr, batch, weight_decay } of sets ?? [])
  await study.enqueueTrial({
    ...{ "model.hidden_size": hidden, "train.lr": lr, "train.batch_size": batch, "train.weight_decay": weight_decay },
  });
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
