// A plain objective for the pool: `mlbench-hpo create-study --name bowl --objective examples/objective.mjs`.
// Reports a falling curve, so that the pruner has something to judge. This file imports nothing: an Error named
// TrialPruned ends a trial as pruned.
export const space = {
  x: { type: "float", low: -5, high: 5, log: false, step: null },
  rate: { type: "float", low: 0.01, high: 1, log: true, step: null },
};

export default async function objective(trial) {
  const { x, rate } = trial.params;
  let value = Infinity;
  for (let step = 1; step <= 20; step++) {
    value = (x - 2) ** 2 + Math.abs(Math.log10(rate) + 1) + 10 / step;
    trial.report(value, step);
    if (await trial.shouldPrune()) {
      const pruned = new Error(`pruned at step ${step}`);
      pruned.name = "TrialPruned";
      throw pruned;
    }
  }
  return value;
}
