import { expect, test } from "vitest";
import type { Study } from "../../../src/study/study.js";
import { JUDGED_ALONE, TrialPruned } from "../../../src/core/index.js";
import { AshaPruner } from "../../../src/pruners/asha.js";
import { judgedAgain } from "../../../src/pruners/judged-again.js";
import type { Pruner } from "../../../src/pruners/pruner.js";
import { outcomes, study } from "../../fixtures/study/studies.js";

const pruner = (): Pruner => new AshaPruner({ minResource: 1, reductionFactor: 2 });

/** What a study's records say again of each of its trials' reports. */
function again({ trials }: Study, by: Pruner) {
  return trials.map((trial) => judgedAgain(by, trial, { direction: "minimize", trials }));
}

/** A trial that was pruned has one decision to prune, the last, with the reason that it keeps; others have none. */
function expectSame(of: Study, by: Pruner): void {
  for (const [n, decisions] of again(of, by).entries()) {
    const { state, prune_reason } = of.trials[n] ?? expect.fail();
    const prunes = decisions.map(({ prune }) => prune);
    expect(prunes, `trial ${n}`).toEqual(decisions.map((_, i) => state === "pruned" && i === decisions.length - 1));
    if (state === "pruned") expect(decisions.at(-1)?.reason).toBe(prune_reason);
  }
}

test("a running trial's reports count once a trial has finished after them", async () => {
  const asked = await study({ pruner: pruner() });
  const [first, second, third] = [await asked.ask(), await asked.ask(), await asked.ask()];
  if (!first || !second || !third) expect.fail();
  first.report(1, 1);
  second.report(2, 1);
  // Both had reported, but no record will tell which came first.
  expect(await second.shouldPrune()).toBe(false);
  await asked.tell(first, { value: 1 });
  third.report(1.5, 1);
  expect(await third.shouldPrune()).toBe(true);
  const decisions = judgedAgain(pruner(), asked.trials[2] ?? expect.fail(), {
    direction: "minimize",
    trials: asked.trials,
  });
  expect(decisions).toEqual([{ prune: true, reason: "step 1: 1.50 is not the best of 3 at rung 1" }]);
  await asked.close();
});

/** Trials that take turns by what they were drawn, so that several run beside one another. */
async function optimized(by: Pruner, deterministic: boolean): Promise<Study> {
  const own = await study({ pruner: by, seed: 3 });
  await own.optimize(
    async (trial) => {
      const x = Number(trial.params["x"]);
      for (let step = 1; step <= 8; step++) {
        for (let turn = 0; turn < Math.abs(x) * 2; turn++) await Promise.resolve();
        trial.report(x ** 2 + 1 / step, step);
        if (await trial.shouldPrune()) throw new TrialPruned();
      }
      return x ** 2;
    },
    { trials: 60, concurrency: 4, deterministic },
  );
  return own;
}

test("decisions beside running trials are made again from the records", async () => {
  const own = await optimized(pruner(), false);
  expect(own.trials.filter(({ state }) => state === "pruned").length).toBeGreaterThan(10);
  expectSame(own, pruner());
  // Running trials had a say: without them some decision is another.
  const alone: Pruner = {
    name: "alone",
    decide: (trial, history) => pruner().decide(trial, { ...history, running: [] }),
  };
  expect(again(own, alone)).not.toEqual(again(own, pruner()));
  await own.close();
});

test("a deterministic call judges by finished trials alone, says so, and comes out the same again", async () => {
  const [one, other] = [await optimized(pruner(), true), await optimized(pruner(), true)];
  expect(outcomes(one.trials)).toEqual(outcomes(other.trials));
  expect(one.trials.every(({ user_attrs }) => user_attrs[JUDGED_ALONE] === true)).toBe(true);
  expect(one.trials.filter(({ state }) => state === "pruned").length).toBeGreaterThan(10);
  expectSame(one, pruner());
  for (const own of [one, other]) await own.close();
});
