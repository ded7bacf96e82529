import { expect, test } from "vitest";
import { bestPerMinute } from "../../../src/analysis/best-per-minute.js";
import { costOfStudy } from "../../../src/app/views/study-cost.js";
import { blankTrial } from "../../../src/core/index.js";
import type { Trial } from "../../../src/core/index.js";

const minimize = { objectives: [{ metric: "value", direction: "minimize" }] } as const;

/** Finished trials in the order of finishing: a value (null: pruned) and the seconds it took. */
function finished(...trials: readonly (readonly [value: number | null, seconds: number | null])[]): Trial[] {
  return trials.map(([value, seconds], i) =>
    blankTrial(i, { state: value === null ? "pruned" : "complete", value, seconds, finish_index: i }),
  );
}

test("best per minute is what was won over the first trial, by the time in trials until the best one ended", () => {
  // From 5 to 2 within 60 + 30 + 90 s = 3 minutes; the last trial, which won nothing, does not count.
  const trials = finished([5, 60], [null, 30], [2, 90], [3, 600]);
  expect(bestPerMinute(minimize, trials)).toEqual({ value: 1, gain: 3, minutes: 3 });
  expect(costOfStudy(minimize, trials).median_trial_seconds).toBe(90);
  const maximize = { objectives: [{ metric: "value", direction: "maximize" }] } as const;
  expect(bestPerMinute(maximize, finished([5, 60], [7, 60]))).toEqual({ value: 1, gain: 2, minutes: 2 });
});

test("a first trial that stays the best has won nothing; values that are not finite are passed over", () => {
  expect(bestPerMinute(minimize, finished([1, 30], [2, 30]))).toEqual({ value: 0, gain: 0, minutes: 0.5 });
  expect(bestPerMinute(minimize, finished([NaN, 30], [3, 30], [2, 60]))).toEqual({ value: 0.5, gain: 1, minutes: 2 });
});

test("without a complete trial, or times, there is none", () => {
  expect(bestPerMinute(minimize, [])).toBeNull();
  expect(bestPerMinute(minimize, finished([null, 5]))).toBeNull();
  expect(costOfStudy(minimize, finished([3, null], [2, null]))).toEqual({
    median_trial_seconds: null,
    best_per_minute: null,
  });
});

test("with several objectives it is the growth of the hypervolume", () => {
  const header = { objectives: [...minimize.objectives, { metric: "size", direction: "minimize" }] } as const;
  const trials = [
    blankTrial(0, { state: "complete", values: [2, 2], seconds: 30, finish_index: 0 }),
    blankTrial(1, { state: "complete", values: [1, 3], seconds: 30, finish_index: 1 }),
    blankTrial(2, { state: "complete", values: [3, 3], seconds: 30, finish_index: 2 }),
  ];
  // Up to (4, 4): 2 x 2 = 4, then a strip of 1 x 1 beside it.
  expect(bestPerMinute(header, trials, [4, 4])).toEqual({ value: 1, gain: 1, minutes: 1 });
});
