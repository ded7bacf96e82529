import { expect, test } from "vitest";
import type { Trial } from "../../../src/core/index.js";
import { createPruner } from "../../../src/pruners/index.js";
import { PercentilePruner } from "../../../src/pruners/percentile.js";
import { ProspectPruner } from "../../../src/pruners/prospect.js";
import { historyOf as sceneHistory, judged, sceneOf } from "../../../src/testing/pruner-scenes.js";
import { reportedTrial } from "../../fixtures/trials.js";
import { historyOf } from "./records.js";

const complete = (number: number, values: readonly number[], more: Partial<Trial> = {}): Trial =>
  reportedTrial(number, "complete", values, null, more);
const flat = (value: number, steps: number): number[] => Array<number>(steps).fill(value);
/** Nine trials that stay at 0.1, 0.2, … 0.9: the best third are the first three, the best tenth is the first. */
const nine = (steps = 16): Trial[] => Array.from({ length: 9 }, (_, i) => complete(i, flat((i + 1) / 10, steps)));
/** A trial that had these values at step 2, 4 and 8. */
const falling = (two: number, four: number, eight: number): Trial =>
  judged([two + 0.1, two, two, four, four, four, four, eight]);
const decide = (trial: Trial, others: readonly Trial[], pruner = new ProspectPruner()) =>
  pruner.decide(trial, historyOf("minimize", ...others));

test("a trial that is not behind goes on; one that is, without precedent and without prospect, is pruned", () => {
  // Percentile 40 of 0.1, …, 0.9 is at rank 0.4 * 8 = 3.2: 0.42.
  expect(decide(judged(flat(0.41, 8)), nine())).toEqual({
    prune: false,
    reason: "step 8: best 0.410 <= percentile-40 0.420 of 9 trials",
  });
  expect(decide(judged(flat(0.5, 8)), nine())).toEqual({
    prune: true,
    reason:
      "step 8: best 0.500 > percentile-40 0.420 of 9 trials; " +
      "all good trials stood better, and at its pace 0.500 by step 16 is short of 0.100",
  });
  expect(decide(judged(flat(0.5, 4)), nine()).reason).toBe("step 4: warm-up until step 5");
});

test("a good trial that stood as badly at the step protects, as long as it did", () => {
  const late = complete(7, [...flat(0.9, 10), ...flat(0.1, 6)]);
  const others = [...nine().slice(1, 7), complete(8, flat(0.8, 16)), complete(9, flat(0.9, 16)), late];
  const { prune, reason } = decide(judged(flat(0.9, 8)), others);
  expect(prune).toBe(false);
  expect(reason).toBe("step 8: best 0.900; trial 7, one of the good ones, stood at 0.900 here");
  expect(decide(judged(flat(0.91, 8)), others).prune).toBe(true);
  expect(decide(judged(flat(0.9, 11)), others).prune).toBe(true);
});

test.each<[string, Trial, number, string]>([
  // Gains 0.6 and 0.3, half each time: 0.15 by step 16; 0.8 - 1.5 * 0.15.
  ["one more doubling", falling(1.7, 1.1, 0.8), 16, "0.575 by step 16"],
  // 0.15 + 0.075; 0.8 - 1.5 * 0.225 = 0.4625, a little below it in binary.
  ["two", falling(1.7, 1.1, 0.8), 32, "0.462 by step 32"],
  // log2(3) = 1.585 doublings: 0.15 + 0.585 * 0.075 = 0.1939; 0.8 - 1.5 * 0.1939.
  ["one and a part", falling(1.7, 1.1, 0.8), 24, "0.509 by step 24"],
  // Gains 0.1 and 0.3: not three times as much each time, but 1.5 times: 0.45; 0.8 - 1.5 * 0.45.
  // From infinity nothing can be told.
  ["from infinity", falling(Infinity, 1.1, 0.8), 16, "0.125 by step 16"],
  ["faster and faster", falling(1.2, 1.1, 0.8), 16, "0.125 by step 16"],
])("a trial's gains are carried on geometrically: %s", (_what, trial, steps, hoped) => {
  const { prune, reason } = decide(trial, nine(steps));
  expect(prune).toBe(true);
  expect(reason).toContain(`; all good trials stood better, and at its pace ${hoped} is short of 0.100`);
});

test("a trial that may still reach the best tenth goes on; margin says how much is allowed it", () => {
  // Gains 0.2 and 0.4: 1.5 times 0.4 and half as much again is 0.9.
  expect(decide(falling(1.4, 1.2, 0.8), nine())).toEqual({
    prune: false,
    reason: "step 8: at its pace it may reach -0.100 by step 16, and 0.100 is good",
  });
  expect(decide(falling(1.4, 1.2, 0.8), nine(), new ProspectPruner({ margin: 1 })).prune).toBe(true);
  // 0.8 - 5 * 0.15 = 0.05
  expect(decide(falling(1.7, 1.1, 0.8), nine(), new ProspectPruner({ margin: 5 })).prune).toBe(false);
});

test("steps are counted from a trial's first; an infinity left behind, or a single report, tells nothing yet", () => {
  const from = (first: number, values: readonly number[]): Trial =>
    reportedTrial(
      50,
      "running",
      values,
      values.map((_, i) => first + i),
    );
  const values = [1.8, 1.7, 1.7, 1.1, 1.1, 1.1, 1.1, 0.8];
  const others = (first: number): Trial[] =>
    nine().map((t) => ({ ...t, intermediate: t.intermediate.map(([step, v]) => [step - 1 + first, v] as const) }));
  expect(decide(from(100, values), others(100)).reason).toContain("0.575 by step 115");
  const eager = new ProspectPruner({ nWarmupSteps: 0 });
  const unclear = "too few reports to see where it is going";
  expect(decide(from(1, [0.9]), nine(), eager)).toEqual({ prune: false, reason: `step 1: ${unclear}` });
  expect(decide(from(1, [Infinity, Infinity, Infinity, Infinity, 0.9]), nine()).reason).toBe(`step 5: ${unclear}`);
  expect(decide(from(1, flat(Infinity, 5)), nine()).prune).toBe(true);
});

test("trials that miss constraints are no precedents and no goal", () => {
  const infeasible = complete(9, [...flat(0.9, 10), ...flat(0, 6)], { constraints: { size: 1 } });
  const { prune, reason } = decide(judged(flat(0.85, 8)), [...nine(), infeasible]);
  expect([prune, reason.endsWith("is short of 0.100")]).toEqual([true, true]);
  const none = nine().map((t) => ({ ...t, constraints: { size: 1 } }));
  expect(decide(judged(flat(0.85, 8)), none)).toEqual({
    prune: false,
    reason: "step 8: no complete trial meets the constraints",
  });
});

test("of very many trials the best ten are precedents, and the 25th is the goal", () => {
  const lateAt = (place: number): Trial[] =>
    Array.from({ length: 300 }, (_, i) =>
      complete(i, i === place ? [...flat(9, 10), ...flat(i / 100, 6)] : flat(i / 100, 16)),
    );
  expect(decide(judged(flat(5, 8)), lateAt(9)).reason).toContain("trial 9, one of the good ones");
  expect(decide(judged(flat(5, 8)), lateAt(10)).reason).toMatch(/ is short of 0.240$/);
  expect(decide(judged(flat(5, 8)), lateAt(10).toReversed())).toEqual(decide(judged(flat(5, 8)), lateAt(10)));
});

test("it prunes nothing that the percentile alone would keep", () => {
  const options = { nStartupTrials: 0, nMinTrials: 1, nWarmupSteps: 0 };
  const percentile = new PercentilePruner({ percentile: 40, ...options });
  const counts = { both: 0, alone: 0 };
  for (let seed = 0; seed < 1000; seed++) {
    const { rows, own } = sceneOf(seed);
    const history = sceneHistory("minimize", rows);
    const prunes = new ProspectPruner(options).decide(judged(own), history).prune;
    const behind = percentile.decide(judged(own), history).prune;
    expect(prunes && !behind).toBe(false);
    if (prunes) counts.both++;
    else if (behind) counts.alone++;
  }
  expect(counts.both).toBeGreaterThan(15);
  expect(counts.alone).toBeGreaterThan(15);
});

test("the registered one has the same defaults", async () => {
  const defaults = { percentile: 40, margin: 1.5, nStartupTrials: 5, nWarmupSteps: 5, intervalSteps: 1, nMinTrials: 3 };
  expect(await createPruner("prospect")).toMatchObject(defaults);
  expect(new ProspectPruner()).toMatchObject(defaults);
  expect(await createPruner("prospect", { margin: 0, n_warmup_steps: 2 })).toMatchObject({
    margin: 0,
    nWarmupSteps: 2,
  });
});
