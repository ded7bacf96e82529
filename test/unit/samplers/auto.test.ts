import { describe, expect, test } from "vitest";
import type { History, Params, SearchSpace, Trial } from "../../../src/core/index.js";
import { categorical, float, int } from "../../../src/core/index.js";
import { AutoSampler } from "../../../src/samplers/auto/auto.js";
import { chooseSampler, historyTraits, ruleOf, spaceTraits } from "../../../src/samplers/auto/choice.js";
import type { AutoMember, HistoryTraits, SpaceTraits } from "../../../src/samplers/auto/choice.js";
import { GpSampler } from "../../../src/samplers/gp/gp.js";
import type { Sampler } from "../../../src/samplers/sampler.js";
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
  expect(spaceTraits(mixed)).toEqual({ dimensions: 5, continuous: 2, choices: 1, conditional: true });
  expect(spaceTraits({ x: float(0, 1), one: categorical(["a"]) })).toEqual({
    ...{ dimensions: 1, continuous: 1, choices: 0, conditional: false },
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
    ...{ objectives: 1, finished: 5, failed: 2, running: 1, known: 5, constrained: false },
  });
  const constrained = trialOf(7, { x: 1 }, { value: 1, constraints: { c: -1 } });
  const several: History = {
    ...{ direction: "minimize", directions: ["minimize", "maximize"], running: [] },
    trials: [constrained],
  };
  expect(historyTraits(several)).toMatchObject({ objectives: 2, running: 0, constrained: true });
});

describe("the rule", () => {
  const floats: SpaceTraits = { dimensions: 5, continuous: 5, choices: 0, conditional: false };
  const begun: HistoryTraits = {
    ...{ objectives: 1, finished: 20, failed: 0, constrained: false, running: 0, known: 20 },
  };
  test.each<[string, Partial<SpaceTraits>, Partial<HistoryTraits>, AutoMember, RegExp]>([
    ["few ranges, few trials", {}, {}, "gp", /^gp and tpe take turns: 5 ranges of real numbers,/],
    ["the other's turn", {}, { known: 21 }, "tpe", /^gp and tpe take turns: /],
    ["nothing finished", {}, { finished: 0, running: 0 }, "gp", /./],
    ["one range", { dimensions: 1, continuous: 1 }, {}, "gp", /: one range of/],
    ["ten ranges", { dimensions: 10, continuous: 10 }, {}, "gp", /./],
    ["eleven", { dimensions: 11, continuous: 11 }, {}, "tpe", /^11 parameters are more than 10$/],
    ["forty-nine", { dimensions: 49, continuous: 49 }, {}, "tpe", /./],
    ["fifty", { dimensions: 50, continuous: 50 }, { finished: 5000 }, "cmaes", /^50 ranges of real numbers/],
    ["fifty and two objectives", { dimensions: 50, continuous: 50 }, { objectives: 2 }, "tpe", /objectives/],
    ["fifty, a choice among them", { dimensions: 50, continuous: 49 }, {}, "tpe", /./],
    ["a choice among them", { continuous: 4 }, {}, "tpe", /^1 of 5 parameters are no ranges/],
    ["nothing to search", { dimensions: 0, continuous: 0 }, {}, "tpe", /^there is nothing to search$/],
    ["one range among others", { continuous: 1 }, {}, "tpe", /^4 of 5 parameters are no ranges/],
    ["whole numbers", { continuous: 0, choices: 2 }, {}, "gp", /^gp and tpe take turns: 5 parameters without a real/],
    [
      "whole numbers, the other's turn",
      { continuous: 0, choices: 4 },
      { known: 21 },
      "tpe",
      /take turns: 5 parameters/,
    ],
    ["choices alone", { continuous: 0, choices: 5 }, {}, "gp", /^5 parameters of choices, fewer than 100 trials$/],
    ["no turns among them", { continuous: 0, choices: 5 }, { known: 21 }, "gp", /./],
    ["one choice", { dimensions: 1, continuous: 0, choices: 1 }, {}, "gp", /^one parameter of choices,/],
    ["fifteen choices", { dimensions: 15, continuous: 0, choices: 15 }, {}, "gp", /./],
    ["fifteen steps", { dimensions: 15, continuous: 0 }, {}, "gp", /./],
    ["sixteen choices", { dimensions: 16, continuous: 0, choices: 16 }, {}, "tpe", /^16 parameters are more than 15$/],
    [
      "choices, a hundred trials",
      { continuous: 0, choices: 5 },
      { finished: 100 },
      "tpe",
      /^100 trials and more are finished$/,
    ],
    ["choices, five under way", { continuous: 0, choices: 5 }, { running: 5 }, "tpe", /^5 trials run at once$/],
    ["choices, conditions", { continuous: 0, choices: 5, conditional: true }, {}, "tpe", /condition/],
    ["choices, two objectives", { continuous: 0, choices: 5 }, { objectives: 2 }, "tpe", /objectives/],
    ["choices, constraints", { continuous: 0, choices: 5 }, { constrained: true }, "tpe", /constraints/],
    ["choices, three of twenty failed", { continuous: 0, choices: 5 }, { failed: 3 }, "tpe", /failed/],
    ["conditions", { conditional: true }, {}, "tpe", /condition/],
    ["several objectives", {}, { objectives: 2 }, "tpe", /^there are 2 objectives$/],
    ["constraints", {}, { constrained: true }, "tpe", /constraints/],
    ["two of twenty failed", {}, { failed: 2 }, "gp", /./],
    ["three of twenty failed", {}, { failed: 3 }, "tpe", /failed/],
    ["five under way", {}, { running: 5 }, "tpe", /^5 trials run at once$/],
    ["four under way", {}, { running: 4 }, "gp", /./],
    ["ninety-nine trials", {}, { finished: 99 }, "gp", /./],
    ["a hundred", {}, { finished: 100 }, "tpe", /^100 trials and more are finished$/],
    ["many trials", {}, { finished: 5000 }, "tpe", /trials and more are finished$/],
  ])("%s", (_what, space, history, sampler, reason) => {
    const choice = ruleOf({ ...floats, ...space }, { ...begun, ...history });
    expect(choice).toEqual({ sampler, reason: expect.stringMatching(reason) as unknown });
  });
});

describe("its proposals are those of the sampler that the rule names", () => {
  const studyOn = async (over: SearchSpace, n: number, expected: (history: History) => Sampler): Promise<string[]> => {
    const trials: Trial[] = [];
    const auto = new AutoSampler();
    const asked = new Set<string>();
    for (let i = 0; i < n; i++) {
      const history: History = { direction: "minimize", trials };
      asked.add(chooseSampler(over, history).sampler);
      const params = await auto.suggest(over, history, streamOf(3, i));
      expect(params).toEqual(await expected(history).suggest(over, history, streamOf(3, i)));
      expect(auto.suggestAtOnce(over, history, streamOf(3, i))).toEqual(params);
      trials.push(trialOf(i, params as Params, { value: Number((params as Params)["x"]) ** 2 }));
    }
    return [...asked];
  };
  test("TPE's in a mixed space", async () => {
    expect(await studyOn(mixed, 30, () => new TpeSampler())).toEqual(["tpe"]);
  });
  test("a Gaussian process's among choices, and in turn with TPE's among whole numbers", async () => {
    const discrete = { x: categorical([0, 1, 2, 3]), kind: categorical(["a", "b", "c", "d"]) };
    expect(await studyOn(discrete, 13, () => new GpSampler())).toEqual(["gp"]);
    const inTurn = ({ trials }: History): Sampler => (trials.length % 2 === 0 ? new GpSampler() : new TpeSampler());
    expect(await studyOn({ ...discrete, n: int(1, 30) }, 13, inTurn)).toEqual(["gp", "tpe"]);
  });
  test("a Gaussian process's and TPE's in turn over ranges, and TPE's with all of its trials once there are many", async () => {
    const ranges = { x: float(-5, 5) };
    const expected = ({ trials }: History): Sampler => (trials.length % 2 === 0 ? new GpSampler() : new TpeSampler());
    expect(await studyOn(ranges, 14, expected)).toEqual(["gp", "tpe"]);
    const many = Array.from({ length: 200 }, (_, i) => trialOf(i, { x: i / 50 }, { value: i }));
    const history: History = { direction: "minimize", trials: many };
    expect(await new AutoSampler().suggest(ranges, history, streamOf(3, 200))).toEqual(
      new TpeSampler().suggest(ranges, history, streamOf(3, 200)),
    );
  });
});

test("it is registered, and what it names is too", async () => {
  expect(await createSampler("auto", { seed: 4 })).toMatchObject({ name: "auto", seed: 4, objectives: "several" });
  await expect(createSampler("auto", { preset: "optuna" })).rejects.toThrow(/has no option "preset"/);
  for (const directions of [["minimize"], ["minimize", "minimize"]] as const) {
    const choice = chooseSampler(mixed, { direction: "minimize", directions, trials: [] });
    expect(samplers.names()).toContain(choice.sampler);
  }
});
