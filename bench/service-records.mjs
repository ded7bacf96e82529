// The synthetic studies of the service's benchmark: 7 parameters, 10 reports and 2 metrics a trial, all numbers random.
import { blankTrial } from "../dist/core/index.js";

/** The header of a study of that name. */
export function header(name) {
  return {
    ...{
      name,
      objectives: [{ metric: "value", direction: "minimize" }],
      created_at: "2026-01-02T03:04:05.678Z",
      seed: 1,
    },
    ...{ task: {}, user_attrs: {}, sampler: { name: "random", options: {} }, pruner: { name: "nop", options: {} } },
    space: Object.fromEntries(
      ["a", "b", "c", "d", "e", "f", "g"].map((key) => [
        key,
        { type: "float", low: 0, high: 1, log: false, step: null },
      ]),
    ),
    settings: {
      ...{ trial_value: "best", on_nan: "fail", on_duplicate: "run", dry_run_pruner: false },
      ...{ plugins: [], objective: null, data_files: [], accepted_changes: [] },
    },
  };
}

/** A trial that has ended. */
export function complete(number) {
  const params = Object.fromEntries(["a", "b", "c", "d", "e", "f", "g"].map((key) => [key, Math.random()]));
  const intermediate = Array.from({ length: 10 }, (_, i) => [i + 1, Math.random()]);
  const at = 1.7e12 + number * 1000;
  return blankTrial(number, {
    ...{ state: "complete", values: [Math.random()], params, intermediate, seen: intermediate.map(() => number) },
    ...{ started_at: new Date(at).toISOString(), finished_at: new Date(at + 900).toISOString(), seconds: 0.9 },
    ...{
      metrics: { best: { val_rmse: Math.random(), seconds: 0.9 }, last: {} },
      finish_index: number,
      owner: "1@boot",
    },
  });
}
