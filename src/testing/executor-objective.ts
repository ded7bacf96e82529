/** The objective that executors are tried with: `params.act` says what a trial does. */
import type { ObjectiveTrial } from "../core/index.js";

type Act = (trial: ObjectiveTrial) => unknown;

const acts: Readonly<Record<string, Act>> = {
  square: (trial) => trial.suggestFloat("x", -5, 5) ** 2,
  /** Reports 1 / step for ten steps and asks whether to go on. */
  reports: async (trial) => {
    for (let step = 1; step <= 10; step++) {
      trial.report(1 / step, step);
      if (await trial.shouldPrune()) throw Object.assign(new Error("pruned"), { name: "TrialPruned" });
    }
    return 0.1;
  },
  attributes: (trial) => {
    trial.setUserAttr("note", { seed: trial.seed, number: trial.number });
    return 1;
  },
  constraints: async (trial) => {
    trial.setConstraint("size", -1);
    trial.report(1, 1, { loss: 0.5, note: Number.NaN });
    await trial.shouldPrune();
    return 1;
  },
  waits: async (trial) => {
    for (let step = 1; ; step++) {
      trial.report(step, step);
      await trial.shouldPrune();
    }
  },
  throws: () => {
    throw new TypeError("wrong shape");
  },
  diverges: () => {
    throw Object.assign(new Error("loss is NaN"), { failureClass: "diverged" });
  },
  nan: () => Number.NaN,
  nothing: () => undefined,
  undeclared: (trial) => trial.suggestFloat("other", 0, 1),
};

/** Does what the trial's parameter `act` says. */
export default async function conformanceObjective(trial: ObjectiveTrial): Promise<number> {
  const act = acts[String(trial.params["act"])];
  if (!act) throw new Error(`no such act: ${String(trial.params["act"])}`);
  return (await act(trial)) as number;
}
