import { expect, it } from "vitest";
import type { Pruner } from "../../../src/pruners/pruner.js";
import type { TrialRunner } from "../../../src/study/trial-runner.js";
import { ManualExecutor, study } from "../../fixtures/study/studies.js";

/** Prunes whatever it is asked about, and remembers at which steps it was. */
class AlwaysPrunes implements Pruner {
  readonly name = "always";
  readonly asked: (number | undefined)[] = [];
  decide(trial: Parameters<Pruner["decide"]>[0]) {
    this.asked.push(trial.intermediate.at(-1)?.[0]);
    return { prune: true, reason: "always" };
  }
}

it("a trial whose last step is known is not pruned there: its value is kept, since all of it is paid for", async () => {
  const pruner = new AlwaysPrunes();
  const s = await study({ pruner });
  const executor = new ManualExecutor(2);
  const runner: TrialRunner = {
    ...executor.runner(),
    jobOf: async ({ params, number }) => ({
      workload: { kind: "function" },
      params,
      ...(number === 0 ? { lastStep: 3 } : {}),
    }),
  };
  const call = s.optimizeWith(async () => runner, { trials: 2 });
  await executor.started(0);
  expect(executor.report(0, 3, 0.5)).toBe("continue");
  executor.complete(0, 0.5);
  await executor.started(1);
  expect(executor.report(1, 3, 0.5)).toBe("prune");
  executor.running.get(1)?.end({ state: "pruned", metrics: {} });
  await call;
  expect(pruner.asked).toEqual([3]);
  expect(s.trials.map(({ state, intermediate, prune_reason }) => [state, intermediate, prune_reason])).toEqual([
    ["complete", [[3, 0.5]], null],
    ["pruned", [[3, 0.5]], "always"],
  ]);
});
