import { describe, expect, test } from "vitest";
import type { Direction, Trial } from "../../../src/core/index.js";
import { float } from "../../../src/core/index.js";
import { SpaceEncodings } from "../../../src/samplers/tpe/encoding.js";
import { reachOf, standingAt } from "../../../src/samplers/tpe/reached.js";
import { splitByReach } from "../../../src/samplers/tpe/split-by-reach.js";
import { observe } from "../../../src/samplers/tpe/split.js";
import { trialOf } from "../../fixtures/trials.js";

type Reports = readonly [step: number, value: number][];
const trial = (number: number, over: Partial<Trial>): Trial => trialOf(number, { x: 0.5 }, over);
const complete = (n: number, value: number, ...intermediate: Reports): Trial => trial(n, { value, intermediate });
const pruned = (n: number, ...intermediate: Reports): Trial => trial(n, { state: "pruned", intermediate });

function split(trials: Trial[], nBelow: number, direction: Direction = "minimize"): [number[], number[]] {
  const encoding = new SpaceEncodings().of({ x: float(0, 1) });
  const observations = observe(encoding, { direction, trials }, { running: true, failed: true });
  const { below, above } = splitByReach(observations, direction, nBelow);
  return [below.map((o) => o.trial.number), above.map((o) => o.trial.number)];
}

describe("what a trial had reached", () => {
  const t = pruned(0, [4, 0.7], [1, 0.9], [2, 0.5]);
  test("the best of all reports up to a step, whatever their order", () => {
    expect([0, 1, 2, 3, 4, 9].map((step) => standingAt(t, step, "minimize"))).toEqual([
      Infinity,
      0.9,
      0.5,
      0.5,
      0.5,
      0.5,
    ]);
    expect([1, 2, 4].map((step) => standingAt(t, step, "maximize"))).toEqual([-0.9, -0.9, -0.9]);
    expect(standingAt(pruned(1, [1, NaN], [2, 3]), 1, "minimize")).toBe(Infinity);
    expect(standingAt(complete(1, 6, [5, 7]), 4, "minimize")).toBe(6);
  });
  test("how far it came", () => {
    expect([t, complete(1, 6), pruned(2)].map((one) => reachOf(one, "minimize"))).toEqual([4, Infinity, -Infinity]);
  });
});

describe("good trials where some were pruned", () => {
  test("complete ones by value, where twice as many are complete as are to be good", () => {
    const trials = [complete(0, 4), complete(1, 1), complete(2, 2), complete(3, 3), pruned(4, [1, 0])];
    expect(split(trials, 2)[0]).toEqual([1, 2]);
    expect(split(trials, 2, "maximize")[0]).toEqual([0, 3]);
  });

  test("else at the furthest step that twice as many have reached", () => {
    // Four are needed. Step 3 was reached by 0, 1, 2 and 3; there they stood at .5, .2, .4 and .3. Trial 4 is better, but
    // came to step 2 only; that 0 became the best of all in the end says nothing about the others.
    const trials = [
      complete(0, 0.01, [1, 0.9], [3, 0.5], [9, 0.01]),
      pruned(1, [1, 0.8], [3, 0.2]),
      pruned(2, [2, 0.4], [4, 0.6]),
      pruned(3, [3, 0.3]),
      pruned(4, [2, 0.1]),
    ];
    expect(split(trials, 2)[0]).toEqual([1, 3]);
    expect(split(trials, 2, "maximize")[0]).toEqual([0, 1]);
  });

  test("with too few trials for that, the farther before the better", () => {
    const trials = [pruned(0, [1, 0.1]), pruned(1, [2, 0.9]), pruned(2), complete(3, 5)];
    expect(split(trials, 3)[0]).toEqual([0, 1, 3]);
    expect(split(trials, 4)[0]).toEqual([0, 1, 2, 3]);
  });
});

describe("pruned trials among the others", () => {
  // Two are good; at step 2 they stood at .5 and .3, at step 1 at .9 and .3.
  const good = [complete(0, 0.1, [1, 0.9], [2, 0.5], [3, 0.1]), complete(1, 0.2, [1, 0.3], [3, 0.2])];
  const rest = [complete(2, 3, [1, 3]), complete(3, 4, [1, 4])];
  test("only those that were worse at their last step than every good one was", () => {
    const trials = [
      ...good,
      ...rest,
      pruned(4, [2, 0.5]),
      pruned(5, [2, 0.51]),
      pruned(6, [1, 0.9]),
      pruned(7, [1, 1]),
    ];
    expect(split(trials, 2)).toEqual([
      [0, 1],
      [2, 3, 5, 7],
    ]);
  });
  test("maximizing likewise", () => {
    const up = (t: Trial): Trial =>
      trialOf(t.number, t.params, {
        state: t.state,
        ...(typeof t.value === "number" ? { value: -t.value } : {}),
        intermediate: t.intermediate.map(([step, value]) => [step, -value] as const),
      });
    const trials = [...good, ...rest, pruned(4, [2, 0.5]), pruned(5, [2, 0.51])].map(up);
    expect(split(trials, 2, "maximize")).toEqual([
      [0, 1],
      [2, 3, 5],
    ]);
  });
  test("where good trials report nothing, all of them are", () => {
    const trials = [complete(0, 1), complete(1, 2), pruned(2, [1, 0.5]), pruned(3)];
    expect(split(trials, 1)).toEqual([[0], [1, 2, 3]]);
  });
});
