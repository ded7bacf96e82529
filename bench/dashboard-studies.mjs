// Large studies for the benchmark and the checks of the dashboard: made at once, as a storage keeps them.
import { blankTrial, createStudyState } from "../dist/core/index.js";
import { JsonFileStorage } from "../dist/storage/json-file/index.js";

const space = {
  "train.lr": { type: "float", low: 1e-5, high: 1e-1, log: true, step: null },
  "model.hidden_size": { type: "int", low: 8, high: 128, log: true, step: 1 },
  "model.dropout": { type: "float", low: 0, high: 0.6, log: false, step: null },
  "train.optimizer": { type: "categorical", choices: ["adam", "adamw", "sgd"] },
  "train.momentum": { type: "float", low: 0, high: 0.99, log: false, step: null, when: { "train.optimizer": "sgd" } },
  "data.window": { type: "int", low: 8, high: 64, log: false, step: 4 },
  "train.batch_size": { type: "int", low: 16, high: 128, log: false, step: 16 },
};

/** The same numbers at every run. */
function numbers(seed) {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

function paramsOf(next) {
  const optimizer = ["adam", "adamw", "sgd"][Math.floor(3 * next())];
  return {
    "train.lr": 10 ** (-5 + 4 * next()),
    "model.hidden_size": Math.round(8 * 16 ** next()),
    "model.dropout": 0.6 * next(),
    "train.optimizer": optimizer,
    ...(optimizer === "sgd" ? { "train.momentum": 0.99 * next() } : {}),
    "data.window": 8 + 4 * Math.floor(15 * next()),
    "train.batch_size": 16 * (1 + Math.floor(8 * next())),
  };
}

function trialOf(number, next, objectives) {
  const params = paramsOf(next);
  const value =
    0.01 +
    0.006 * (Math.log10(params["train.lr"]) + 2.7) ** 2 +
    0.004 * Math.abs(Math.log2(params["model.hidden_size"] / 40)) +
    0.01 * params["model.dropout"] +
    0.004 * next();
  const [luck, steps] = [next(), 10];
  const state = luck < 0.02 ? "failed" : luck < 0.3 ? "pruned" : "complete";
  const count = state === "complete" ? steps : 1 + Math.floor(5 * next());
  const intermediate = Array.from({ length: count }, (_, i) => [i + 1, value * (1 + 3 / (i + 1))]);
  const at = 1.7e12 + number * 1000;
  const size = params["model.hidden_size"] ** 2 * 4;
  return blankTrial(number, {
    ...{ state, params, intermediate, seen: intermediate.map(() => number) },
    ...(state === "complete"
      ? {
          values: objectives === 1 ? [value] : [value, size],
          metrics: { best: { val_mae: 0.8 * value, parameters: size } },
        }
      : {}),
    ...(state === "failed" ? { failure: { class: "exception", message: "made so", where: "epoch 1" } } : {}),
    ...(state === "pruned" ? { prune_reason: `worse than the median of ${number} trials` } : {}),
    ...{ finish_index: number, slot: number % 4, owner: "1@boot", seconds: 0.1 * count * (1 + next()) },
    ...{ started_at: new Date(at).toISOString(), finished_at: new Date(at + 900).toISOString() },
  });
}

/** Writes a study of so many finished trials. */
export async function makeStudy(directory, name, trials, objectives = 1) {
  const next = numbers(trials + 7);
  const header = {
    ...{ name, created_at: "2026-01-02T03:04:05.678Z", seed: 1, task: {}, user_attrs: {}, space },
    objectives: [
      { metric: "val_rmse", direction: "minimize" },
      { metric: "parameters", direction: "minimize" },
    ].slice(0, objectives),
    ...{ sampler: { name: "random", options: {} }, pruner: { name: "median", options: {} } },
    settings: {
      ...{ trial_value: "best", on_nan: "fail", on_duplicate: "run", dry_run_pruner: false },
      ...{ plugins: [], objective: null, data_files: [], accepted_changes: [] },
    },
  };
  const records = Array.from({ length: trials }, (_, number) => trialOf(number, next, objectives));
  await new JsonFileStorage({ directory }).createFrom(createStudyState(header, records, { revision: trials }), null);
}
