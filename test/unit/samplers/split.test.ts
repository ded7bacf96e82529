import { describe, expect, test } from "vitest";
import type { FailureClass, Trial } from "../../../src/core/index.js";
import { float } from "../../../src/core/index.js";
import { SpaceEncodings } from "../../../src/samplers/tpe/encoding.js";
import { observe, splitTrials } from "../../../src/samplers/tpe/split.js";
import { trialOf } from "../../fixtures/trials.js";

const space = { x: float(0, 1) };
const trial = (number: number, over: Partial<Trial>): Trial => trialOf(number, { x: 0.5 }, over);
const complete = (n: number, value: number): Trial => trial(n, { value });
const pruned = (n: number, ...intermediate: [number, number][]): Trial => trial(n, { state: "pruned", intermediate });

function split(trials: Trial[], nBelow: number, direction: "minimize" | "maximize" = "minimize"): [number[], number[]] {
  const result = splitTrials(
    observe(new SpaceEncodings().of(space), { direction, trials }, { running: true, failed: true }),
    direction,
    nBelow,
  );
  return [result.below.map((o) => o.trial.number), result.above.map((o) => o.trial.number)];
}

describe("good trials against the others", () => {
  test("the lowest values, or the highest; each side by number; equals by number", () => {
    const trials = [complete(0, 3), complete(1, 1), complete(2, 2), complete(3, 1), complete(4, 1)];
    expect(split(trials, 2)).toEqual([
      [1, 3],
      [0, 2, 4],
    ]);
    expect(split(trials, 2, "maximize")).toEqual([
      [0, 2],
      [1, 3, 4],
    ]);
  });

  test("infinite values take part in the order", () => {
    const trials = [complete(0, Infinity), complete(1, 5), complete(2, -Infinity), complete(3, Infinity)];
    expect(split(trials, 2)[0]).toEqual([1, 2]);
    expect(split(trials, 2, "maximize")[0]).toEqual([0, 3]);
  });

  test("pruned trials come after complete ones: the farther first, then the better last value", () => {
    const trials = [
      pruned(0, [1, 0.1], [2, 0.4]),
      pruned(1, [1, 0.9], [3, 0.8]),
      pruned(2, [3, 0.2], [1, 0.9]),
      pruned(3),
      pruned(4, [3, NaN]),
      complete(5, 100),
    ];
    expect(split(trials, 1)[0]).toEqual([5]);
    expect(split(trials, 2)[0]).toEqual([2, 5]);
    expect(split(trials, 3)[0]).toEqual([1, 2, 5]);
    expect(split(trials, 4)[0]).toEqual([1, 2, 4, 5]);
    expect(split(trials, 5)[1]).toEqual([3]);
    expect(split(trials, 2, "maximize")[0]).toEqual([1, 5]);
  });

  test("running trials and NaN values are never good; waiting trials and those that don't fit are nowhere", () => {
    const trials = [
      trial(0, { state: "running" }),
      trial(1, { state: "failed" }),
      trial(2, { value: NaN }),
      trial(3, { value: null }),
      trialOf(4, { x: 7 }, { value: 0 }),
      trial(5, { state: "waiting" }),
      complete(6, 1),
    ];
    expect(split(trials, 5)).toEqual([[6], [0, 2]]);
  });

  test("trials that failed by what their parameters may have caused are among the others; no other failure says a thing", () => {
    const failed = (number: number, failure: FailureClass): Trial =>
      trial(number, { state: "failed", failure: { class: failure, message: "", where: "" } });
    const trials = [
      failed(0, "exception"),
      failed(1, "diverged"),
      complete(2, 9),
      failed(3, "timeout"),
      failed(4, "out-of-memory"),
      failed(5, "worker-crash"),
      failed(6, "interrupted"),
    ];
    expect(split(trials, 3)).toEqual([[2], [0, 1, 3, 4]]);
  });

  test("a history out of order is put in order", () => {
    const trials = [complete(2, 5), trial(4, { state: "running" }), complete(0, 1), complete(3, 0), complete(1, 7)];
    expect(split(trials, 2)).toEqual([
      [0, 3],
      [1, 2, 4],
    ]);
  });

  test("more wanted than there are, and none", () => {
    const many = Array.from({ length: 300 }, (_, i) => complete(i, (i * 37) % 300));
    expect(split(many, 500)).toEqual([many.map((t) => t.number), []]);
    expect(split(many, 0)[0]).toEqual([]);
    // past the number up to which insertion is used
    const expected = many.filter((t) => (t.value as number) < 150).map((t) => t.number);
    expect(split(many, 150)[0]).toEqual(expected);
    expect(split(many, 20)[0]).toEqual(many.filter((t) => (t.value as number) < 20).map((t) => t.number));
  });
});
