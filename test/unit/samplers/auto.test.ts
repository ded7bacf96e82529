import { expect, test } from "vitest";
import type { History, Params, SearchSpace, Trial } from "../../../src/core/index.js";
import { categorical, float, int } from "../../../src/core/index.js";
import { AutoSampler } from "../../../src/samplers/auto/auto.js";
import { chooseSampler, historyTraits, spaceTraits } from "../../../src/samplers/auto/choice.js";
import { createSampler, samplers } from "../../../src/samplers/index.js";
import { TpeSampler } from "../../../src/samplers/tpe/tpe.js";
import { streamOf } from "../../../src/testing/sampler-scenes.js";
import { trialOf } from "../../fixtures/trials.js";

const mixed: SearchSpace = {
  x: float(-5, 5),
  q: float(0, 1, { step: 0.25 }),
  n: int(1, 9),
  kind: categorical(["a", "b"]),
  only: int(3, 3),
  rate: float(0, 1, { when: { kind: "a" } }),
};

test("a space is told by its parameters that have several values", () => {
  expect(spaceTraits(mixed)).toEqual({ dimensions: 5, numeric: 4, continuous: 2, conditional: true });
  expect(spaceTraits({ x: float(0, 1), one: categorical(["a"]) })).toEqual({
    ...{ dimensions: 1, numeric: 1, continuous: 1, conditional: false },
  });
});

test("a history is told by what became of its trials", () => {
  const failure = (kind: "diverged" | "worker-crash") => ({ class: kind, message: "", where: "" });
  const trials = [
    trialOf(0, { x: 1 }, { value: 1 }),
    trialOf(1, { x: 1 }, { value: NaN }),
    trialOf(2, { x: 1 }, { state: "pruned" }),
    trialOf(3, { x: 1 }, { state: "failed", failure: failure("diverged") }),
    trialOf(4, { x: 1 }, { state: "failed", failure: failure("worker-crash") }),
    trialOf(5, { x: 1 }, { state: "running" }),
    trialOf(6, { x: 1 }, { state: "waiting" }),
  ];
  expect(historyTraits({ direction: "minimize", trials })).toEqual({
    ...{ objectives: 1, finished: 5, pruned: 1, failed: 2, running: 1, constrained: false },
  });
  const constrained = trialOf(7, { x: 1 }, { value: 1, constraints: { c: -1 } });
  const several: History = {
    ...{ direction: "minimize", directions: ["minimize", "maximize"], running: [] },
    trials: [constrained],
  };
  expect(historyTraits(several)).toMatchObject({ objectives: 2, running: 0, constrained: true });
});

test("its proposals are those of the sampler that the rule names", async () => {
  const trials: Trial[] = [];
  const auto = new AutoSampler();
  for (let i = 0; i < 30; i++) {
    const history: History = { direction: "minimize", trials };
    expect(chooseSampler(mixed, history).sampler).toBe("tpe");
    const params = (await auto.suggest(mixed, history, streamOf(3, i))) as Params;
    expect(params).toEqual(new TpeSampler().suggest(mixed, history, streamOf(3, i)));
    trials.push(trialOf(i, params, { value: (params["x"] as number) ** 2 }));
  }
});

test("it is registered, and what it names is too", async () => {
  expect(await createSampler("auto", { seed: 4 })).toMatchObject({ name: "auto", seed: 4, objectives: "several" });
  await expect(createSampler("auto", { preset: "optuna" })).rejects.toThrow(/has no option "preset"/);
  for (const directions of [["minimize"], ["minimize", "minimize"]] as const) {
    const choice = chooseSampler(mixed, { direction: "minimize", directions, trials: [] });
    expect(samplers.names()).toContain(choice.sampler);
  }
});
