import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Trial } from "../../../src/core/index.js";
import { growingList } from "../../../src/core/index.js";
import { AshaPruner } from "../../../src/pruners/asha.js";
import { HyperbandPruner } from "../../../src/pruners/hyperband.js";
import { createPruner } from "../../../src/pruners/index.js";
import { judgedAgain } from "../../../src/pruners/judged-again.js";
import type { Pruner } from "../../../src/pruners/pruner.js";
import { ThresholdPruner } from "../../../src/pruners/threshold.js";
import { WilcoxonPruner } from "../../../src/pruners/wilcoxon.js";
import { reportedTrial } from "../../fixtures/trials.js";
import { historyOf } from "./records.js";

const at = (number: number, value: number, length = 3): Trial =>
  reportedTrial(number, length < 9 ? "pruned" : "complete", Array<number>(length).fill(value));
const judged = (value: number, length = 3): Trial =>
  reportedTrial(50, "running", Array<number>(length).fill(value), null, { seen: Array<number>(length).fill(40) });
const eight = [1, 2, 3, 4, 5, 6, 7, 8].map((v) => at(v, v));

test("asha promotes the best third of those at a rung, the judged one included, and says so", () => {
  const pruner = new AshaPruner();
  expect(pruner.decide(judged(3), historyOf("minimize", ...eight))).toEqual({
    prune: false,
    reason: "step 3: 3.00 is in the best third of 9 at rung 3",
  });
  expect(pruner.decide(judged(3.5), historyOf("minimize", ...eight))).toEqual({
    prune: true,
    reason: "step 3: 3.50 is not in the best third of 9 at rung 3",
  });
  expect(pruner.decide(judged(6), historyOf("maximize", ...eight)).prune).toBe(false);
  expect(pruner.decide(judged(5.5), historyOf("maximize", ...eight)).prune).toBe(true);
  expect(pruner.decide(judged(9, 2), historyOf("minimize", ...eight)).reason).toBe("step 2: judged next at rung 3");
  expect(pruner.decide(judged(9, 4), historyOf("minimize", ...eight)).reason).toBe("step 4: judged next at rung 9");
  expect(pruner.decide(judged(9), historyOf("minimize")).reason).toBe("step 3: 9.00 is the only one at rung 3");
  expect(pruner.decide(judged(9), historyOf("minimize", at(0, 1))).reason).toBe(
    "step 3: 9.00 is not the best of 2 at rung 3",
  );
  expect(pruner.decide(judged(NaN), historyOf("minimize"))).toEqual({
    prune: true,
    reason: "step 3: the value at rung 3 is NaN",
  });
});

test("trials under way have a vote at the rungs that they have reached, the judged one none beside its own", () => {
  const history = (...running: Trial[]) => ({ ...historyOf("minimize", at(0, 5)), running });
  const pruner = new AshaPruner();
  expect(pruner.decide(judged(4), history(judged(4))).prune).toBe(false);
  const ahead = reportedTrial(7, "running", [1, 1, 1]);
  expect(pruner.decide(judged(4), history(judged(4), ahead)).reason).toBe(
    "step 3: 4.00 is not the best of 3 at rung 3",
  );
  const behind = reportedTrial(7, "running", [1, 1]);
  expect(pruner.decide(judged(4), history(judged(4), behind)).prune).toBe(false);
});

test("a report beyond several rungs reached those up to where it was pruned; of a complete trial all of them", () => {
  // At rung 3 the 1 of trial 0 is better than its 5, which reached step 9 at once.
  const leap = (state: "complete" | "pruned") => historyOf("minimize", at(0, 1), reportedTrial(1, state, [5], [9]));
  const trial = reportedTrial(50, "running", [0.5, 6], [3, 9], { seen: [40, 40] });
  const reason = (state: "complete" | "pruned"): string => new AshaPruner().decide(trial, leap(state)).reason;
  expect(reason("pruned")).toBe("step 9: 6.00 is the only one at rung 9");
  expect(reason("complete")).toBe("step 9: 6.00 is not the best of 2 at rung 9");
});

test("an automatic least resource is a hundredth of the first complete trial's steps", () => {
  const pruner = new AshaPruner({ minResource: "auto", reductionFactor: 2 });
  const first = reportedTrial(0, "complete", [1, 1], [10, 450]);
  const trial = (length: number): Trial =>
    reportedTrial(50, "running", Array<number>(length).fill(2), null, { seen: Array<number>(length).fill(9) });
  expect(pruner.decide(trial(3), historyOf("minimize")).reason).toBe("step 3: no trial is complete yet");
  expect(pruner.decide(trial(3), historyOf("minimize", first)).reason).toBe("step 3: judged next at rung 4");
  // It was not known while the first one ran: that one has reached nothing.
  expect(pruner.decide(trial(4), historyOf("minimize", first)).reason).toBe("step 4: 2.00 is the only one at rung 4");
});

/** The brackets of trials 0 to 999, as reasons tell them. */
function brackets(pruner: Pruner): number[] {
  return Array.from({ length: 1000 }, (_, n) => {
    const trial = reportedTrial(n, "running", [1]);
    return Number(/of bracket (\d)/.exec(pruner.decide(trial, historyOf("minimize")).reason)?.[1]);
  });
}

test("hyperband deals trials to brackets in proportion to their budgets, at any time", () => {
  // 27 steps from 1: four brackets of 27, 12, 6 and 4 parts of 49 (Li et al. 2018, as Optuna rounds them).
  const dealt = brackets(new HyperbandPruner({ minResource: 1, maxResource: 27 }));
  for (const [bracket, budget] of [27, 12, 6, 4].entries())
    for (const n of [49, 98, 500, 1000]) {
      const share = dealt.slice(0, n).filter((b) => b === bracket).length;
      expect(Math.abs(share - (n * budget) / 49), `${bracket} of ${n}`).toBeLessThan(3);
    }
});

test("hyperband deals trials as Optuna does in a study of the name that it is given", () => {
  const dealt = brackets(new HyperbandPruner({ minResource: 1, maxResource: 27, studyName: "tuned" }));
  const bounds = [27, 39, 45, 49];
  expect(dealt).toEqual(dealt.map((_, n) => bounds.findIndex((bound) => crc32(`tuned_${n}`) % 49 < bound)));
});

test("hyperband compares trials of one bracket", () => {
  const pruner = new HyperbandPruner({ minResource: 1, maxResource: 27 });
  const dealt = brackets(pruner);
  const [own, same, other] = [dealt.indexOf(0), dealt.indexOf(0, dealt.indexOf(0) + 1), dealt.indexOf(1)];
  const judge = (number: number) =>
    pruner.decide(reportedTrial(own, "running", [2]), historyOf("minimize", reportedTrial(number, "pruned", [1])))
      .prune;
  expect(judge(same)).toBe(true);
  expect(judge(other)).toBe(false);
  expect(
    new HyperbandPruner({ minResource: 9 }).decide(
      judged(1),
      historyOf("minimize", at(0, 1, 5), { ...at(1, 1), state: "complete" }),
    ).reason,
  ).toBe("step 3: trials are too short for a rung");
});

const best = reportedTrial(3, "complete", [1, 2, 3, 4, 5, 6]);

test("wilcoxon's best trial: of equals the first to finish, of several objectives the one with the best report", () => {
  const done = (number: number, reports: number[], over: Partial<Trial>): Trial =>
    reportedTrial(number, "complete", reports, null, over);
  const reason = (trials: readonly Trial[], directions?: readonly ["minimize", "minimize"]): string =>
    new WilcoxonPruner().decide(judged(9), {
      ...historyOf("minimize", ...trials),
      ...(directions ? { directions } : {}),
    }).reason;
  const equal = [2, 0, 1].map((finish_index, n) => done(n, [1, 1, 1], { value: 1, values: [1], finish_index }));
  expect(reason(equal)).toContain("trial 1, the best");
  const front = [
    done(0, [5, 5, 5], { value: null, values: [0, 9] }),
    done(1, [4, 2, 4], { value: null, values: [9, 0] }),
    done(2, [3, 3, 3], { value: null, values: [5, 5] }),
  ];
  expect(reason(front, ["minimize", "minimize"])).toContain("trial 1, the best");
});

test("wilcoxon tells a trial from the best one by what both had at the same steps", () => {
  const pruner = new WilcoxonPruner();
  const history = historyOf("minimize", reportedTrial(1, "complete", [9, 9, 9], null, { value: 3 }), best);
  // p of three, of four differences that are all above zero: 1/8, 1/16
  expect(pruner.decide(judged(9, 3), history)).toEqual({
    prune: false,
    reason: "step 3: not surely worse than trial 3, the best, over 3 steps (p 0.125)",
  });
  expect(pruner.decide(judged(9, 4), history)).toEqual({
    prune: true,
    reason: "step 4: worse than trial 3, the best, over 4 steps (p 0.0625)",
  });
  expect(new WilcoxonPruner({ nStartupSteps: 5 }).decide(judged(9, 4), history).reason).toBe(
    "step 4: 4 of 5 steps needed are shared with trial 3, the best",
  );
  expect(pruner.decide(reportedTrial(50, "running", [2, 3, 4, NaN]), history).prune).toBe(false);
  // better in the mean over all steps of both
  expect(pruner.decide(reportedTrial(50, "running", [1.1, 2.1, 3.1, 4.1]), history).reason).toBe(
    "step 4: worse than trial 3, the best, over 4 steps, but not in the mean (p 0.0625)",
  );
  const infeasible = { ...reportedTrial(2, "complete", [0, 0, 0, 0], null, { value: -1 }), constraints: { size: 1 } };
  expect(pruner.decide(judged(9, 4), historyOf("minimize", infeasible, best)).reason).toContain("trial 3");
  expect(pruner.decide(judged(9, 4), historyOf("minimize", infeasible)).reason).toBe(
    "step 4: no trial is complete yet",
  );
});

const parts = (trial: Trial, ...values: number[]): Trial => ({
  ...trial,
  intermediate_parts: trial.intermediate.map(() => values),
});

test("wilcoxon compares cross-validated trials part by part where there are parts enough", () => {
  const pruner = new WilcoxonPruner({ pThreshold: 0.1 });
  const decide = (own: number[], others: number[]) =>
    pruner.decide(parts(judged(9, 2), ...own), historyOf("minimize", parts(best, ...others)));
  expect(decide([2, 3, 4, 9], [1, 1, 1, 1])).toEqual({
    prune: true,
    reason: "step 2: worse than trial 3, the best, over 4 parts at step 2 (p 0.0625)",
  });
  expect(decide([2, 3, 4, 0.5], [1, 1, 1, 1]).prune).toBe(false);
  // three can't come below 1/8: by steps, of which there are two
  expect(decide([2, 3, 4], [1, 1, 1]).reason).toContain("over 2 steps");
  expect(decide([2, 3, 4, NaN], [1, 1, 1, 1]).reason).toContain("not finite");
});

test("decisions over parts come out again from the records, at every report", () => {
  const first = parts({ ...reportedTrial(3, "complete", [1, 1, 1]), finish_index: 0 }, 1, 1, 1, 1);
  const pruned = parts({ ...reportedTrial(4, "pruned", [9, 9, 9]), finish_index: 1, seen: [1, 1, 1] }, 2, 3, 4, 9);
  const again = judgedAgain(new WilcoxonPruner(), pruned, historyOf("minimize", first, pruned));
  expect(again.map(({ prune }) => prune)).toEqual([false, true, true]);
  expect(again[1]?.reason).toContain("over 4 parts at step 2");
});

test("threshold ends what leaves the limits, and says by which", () => {
  const history = historyOf("minimize");
  const pruner = new ThresholdPruner({ lower: 0.1, upper: 2 });
  expect(pruner.decide(judged(2.5), history)).toEqual({ prune: true, reason: "step 3: 2.50 > upper 2.00" });
  expect(pruner.decide(judged(0), history)).toEqual({ prune: true, reason: "step 3: 0.00 < lower 0.100" });
  expect(pruner.decide(judged(2), history)).toEqual({ prune: false, reason: "step 3: 2.00 is within the limits" });
  expect(pruner.decide(judged(NaN), history)).toEqual({ prune: true, reason: "step 3: the value is NaN" });
  expect(() => new ThresholdPruner({})).toThrow('pruner "threshold": give lower, upper or both');
});

test("options read as text come out as the library's", async () => {
  expect(await createPruner("asha", { min_resource: "auto", reduction_factor: 4 })).toMatchObject({
    ...{ name: "asha", minResource: "auto", reductionFactor: 4, minEarlyStoppingRate: 0, bootstrapCount: 0 },
  });
  expect(await createPruner("asha")).toMatchObject({ minResource: 3, reductionFactor: 3 });
  expect(await createPruner("hyperband")).toMatchObject({ minResource: 3, maxResource: "auto", studyName: null });
  expect(await createPruner("wilcoxon")).toMatchObject({ pThreshold: 0.1, nStartupSteps: 2 });
  expect(await createPruner("threshold", { upper: 5 })).toMatchObject({ lower: null, upper: 5, nWarmupSteps: 0 });
  await expect(createPruner("threshold")).rejects.toMatchObject({ code: "invalid-pruner-option" });
  await expect(createPruner("asha", { min_resource: 0 })).rejects.toMatchObject({ code: "invalid-pruner-option" });
});

const makes: [string, () => Pruner][] = [
  ["asha", () => new AshaPruner({ minResource: 1, reductionFactor: 2 })],
  ["asha auto", () => new AshaPruner({ minResource: "auto", reductionFactor: 2 })],
  ["hyperband", () => new HyperbandPruner({ minResource: 1 })],
  ["wilcoxon", () => new WilcoxonPruner({ pThreshold: 0.3 })],
];

test.each(makes)("%s decides by records alone: a list that grows, copies of it and cuts of it", (_name, make) => {
  const value = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 12 }) },
    { weight: 1, arbitrary: fc.constant(NaN) },
  );
  const trial = fc.record({
    state: fc.constantFrom("complete", "complete", "pruned", "failed"),
    values: fc.array(value, { maxLength: 5 }),
    own: fc.array(value, { minLength: 1, maxLength: 5 }),
    cut: fc.nat(20),
  });
  let pruned = 0;
  fc.assert(
    fc.property(fc.array(trial, { minLength: 3, maxLength: 20 }), (drawn) => {
      const reused = make();
      const list = growingList<Trial>();
      for (const [n, { state, values, own, cut }] of drawn.entries()) {
        const seen = (length: number): { seen: number[] } => ({ seen: Array<number>(length).fill(n) });
        const asked = reportedTrial(n, "running", own, null, seen(own.length));
        const decision = reused.decide(asked, { direction: "minimize", trials: list });
        pruned += Number(decision.prune);
        expect(make().decide(asked, { direction: "minimize", trials: [...list] })).toEqual(decision);
        const earlier = list.slice(0, cut);
        expect(reused.decide(asked, { direction: "minimize", trials: earlier })).toEqual(
          make().decide(asked, { direction: "minimize", trials: earlier }),
        );
        list.push(reportedTrial(n, state, values, null, seen(values.length)));
      }
    }),
    { numRuns: 60, seed: 1 },
  );
  expect(pruned).toBeGreaterThan(5);
});
