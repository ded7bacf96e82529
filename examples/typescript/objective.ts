// An objective in TypeScript: `trial.params` has the types of the space that is declared with it.
import { categorical, defineObjective, float, TrialPruned } from "mlbench-hpo";

const space = {
  rate: float(1e-4, 1e-1, { log: true }),
  optimizer: categorical(["adamw", "sgd"]),
  momentum: float(0, 0.99, { when: { optimizer: "sgd" } }),
};

export default defineObjective(space, async (trial) => {
  const { rate, optimizer, momentum = 0 } = trial.params; // number, "adamw" | "sgd", number
  const bend = optimizer === "sgd" ? Math.abs(momentum - 0.9) : 0.2;
  for (let step = 1; step <= 5; step++) {
    trial.report(Math.abs(Math.log10(rate) + 2) + bend + 1 / step, step);
    if (await trial.shouldPrune()) throw new TrialPruned();
  }
  return Math.abs(Math.log10(rate) + 2) + bend;
});
