/** A study's header and events, as small as they can be. */
import type { StudyEvent, StudyHeader, Trial } from "../core/index.js";
import { AT, runningTrial } from "./trials.js";

export function header(name: string, changes: Partial<StudyHeader> = {}): StudyHeader {
  return {
    name,
    objectives: [{ metric: "val_rmse", direction: "minimize" }],
    created_at: AT,
    seed: 7,
    task: { model: "lstm", dataset: "dummy", params: { "data.horizon": 10 } },
    space: {
      "train.lr": { type: "float", low: 1e-5, high: 0.1, log: true, step: null },
      "model.hidden_size": { type: "int", low: 8, high: 128, log: true, step: 1 },
      "train.optimizer": { type: "categorical", choices: ["adamw", "sgd"] },
    },
    sampler: { name: "tpe", options: {} },
    pruner: { name: "median", options: {} },
    settings: {
      trial_value: "best",
      on_nan: "fail",
      on_duplicate: "resample",
      dry_run_pruner: false,
      plugins: [],
      objective: null,
      data_files: [],
      accepted_changes: [],
    },
    user_attrs: {},
    ...changes,
  };
}

export const created = (trial: Trial): StudyEvent => ({ type: "trial-created", trial });

export const started = (number: number): StudyEvent => ({
  type: "trial-started",
  number,
  started_at: AT,
  owner: "1@boot",
  slot: 0,
  backend: "wasm",
});

export const report = (number: number, step: number, value: number, seen = 0): StudyEvent => ({
  type: "trial-report",
  number,
  step,
  value,
  seen,
});

export const finished = (
  number: number,
  value: number | null,
  changes: Partial<Extract<StudyEvent, { type: "trial-finished" }>> = {},
): StudyEvent => ({
  type: "trial-finished",
  number,
  state: "complete",
  values: value === null ? null : [value],
  metrics: value === null ? {} : { best: { val_rmse: value }, last: { val_rmse: value * 2 } },
  finished_at: AT,
  seconds: 1.5,
  backend: "wasm",
  failure: null,
  prune_reason: null,
  ...changes,
});

/** A trial's whole life: made running, `reports` reports, complete. */
export function life(number: number, reports = 10): StudyEvent[][] {
  return [
    [created(runningTrial(number))],
    ...Array.from({ length: reports }, (_, i) => [report(number, i + 1, 1 / (i + 1) + number * 1e-7, number)]),
    [finished(number, 0.5 + number * 1e-7)],
  ];
}
