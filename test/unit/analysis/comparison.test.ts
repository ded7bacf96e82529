import { expect, test } from "vitest";
import { compareRecords } from "../../../src/analysis/comparison.js";
import type { StudyToCompare } from "../../../src/analysis/comparison.js";
import { compareRanks } from "../../../src/analysis/rank-test.js";
import { blankTrial } from "../../../src/core/index.js";
import type { Trial } from "../../../src/core/index.js";
import { compare } from "../../../src/plots/kinds/compare.js";

const loss = [{ metric: "loss", direction: "minimize" as const }];
const counts = { waiting: 0, running: 0, complete: 0, pruned: 0, failed: 0 };

/** A study whose trials finished in this order, with these values (null: pruned), in 60 s each. */
function study(name: string, values: readonly (number | null)[], group = name): StudyToCompare {
  const trials = values.map((value, i): Trial => {
    const state = value === null ? "pruned" : "complete";
    return blankTrial(i, { state, value, params: { x: i }, seconds: 60, finish_index: i });
  });
  return { name, group, objectives: loss, trials, counts };
}

test("a study's best so far by trials and by time, what brought it and what it won a minute", () => {
  const [figures] = compareRecords([study("a", [null, 5, 6, 3, 4])]).studies;
  expect(figures).toMatchObject({ finished: 5, best: 3, best_trial: 3, params: { x: 3 }, best_after: 4, seconds: 300 });
  expect(figures?.by_trials).toEqual([
    [2, 5],
    [4, 3],
    [5, 3],
  ]);
  expect(figures?.by_time).toEqual([
    [120, 5],
    [240, 3],
    [300, 3],
  ]);
  // From 5 to 3 in the four minutes until the best one.
  expect(figures?.best_per_minute).toBe(0.5);
});

test("quartiles over a group reach from where all its studies have a value to where the shortest ends", () => {
  const group = [study("a", [8, 6, 4, 2], "g"), study("b", [null, 4, 4], "g"), study("c", [6, 6, 1, 1, 0], "g")];
  const { groups } = compareRecords(group);
  expect(groups).toHaveLength(1);
  // After two trials 6, 4, 6; after three 4, 4, 1: interpolated as NumPy's percentile does.
  expect(groups[0]?.by_trials).toEqual([
    { at: 2, low: 5, median: 6, high: 6 },
    { at: 3, low: 2.5, median: 4, high: 4 },
  ]);
  expect(groups[0]?.best).toEqual({ low: 1, median: 2, high: 3 });
  expect(compare(compareRecords(group)).table.rows).toEqual([
    ["g", 2, 5, 6, 6],
    ["g", 3, 2.5, 4, 4],
  ]);
  expect(compare(compareRecords(group)).notes.join(" ")).toContain("of different lengths");
});

test("groups are tested at the budget that all of their studies have", () => {
  const [a, b] = [[1, 2, 3].map((v) => study(`a${v}`, [9, v, 0], "a")), [4, 5].map((v) => study(`b${v}`, [9, v], "b"))];
  // After two trials 1, 2, 3 against 4, 5: one way of ten, and its mirror image.
  expect(compareRecords([...a, ...b]).pairs).toEqual([{ groups: ["a", "b"], at: 2, probability: 1, p_value: 0.2 }]);
  expect(compareRecords([...a, study("c", [1])]).pairs).toEqual([]);
  const byTime = compareRecords([...a, ...b], { at: "time" });
  expect(byTime.pairs[0]).toMatchObject({ at: 120, probability: 1 });
});

test("the exact rank sum test gives SciPy's figures", () => {
  // mannwhitneyu(a, b, method="exact"); with ties permutation_test of the rank sum's distance from its mean. Larger is better.
  const untied = compareRanks([1.1, 2.5, 3.7, 4.2, 0.3], [2.0, 3.1, 5.5, 6.4]);
  expect(untied?.probability).toBeCloseTo(0.25, 12);
  expect(untied?.p_value).toBeCloseTo(0.2857142857142857, 12);
  const tied = compareRanks([1, 2, 2, 3], [2, 3, 3, 4, 5]);
  expect(tied?.probability).toBeCloseTo(0.15, 12);
  expect(tied?.p_value).toBeCloseTo(0.1111111111111111, 12);
  const ten = Array.from({ length: 10 }, (_, i) => 0.1 * i);
  expect(
    compareRanks(
      ten,
      ten.map((value) => value + 0.55),
    )?.p_value,
  ).toBeCloseTo(0.0015046872632011952, 12);
  expect(compareRanks([], [1])).toBeNull();
});

test("with several objectives hypervolumes up to one common point are compared", () => {
  const objectives = [...loss, { metric: "size", direction: "minimize" as const }];
  const pair = (name: string, ...points: readonly (readonly [number, number])[]): StudyToCompare => ({
    ...{ name, objectives, counts },
    trials: points.map((values, i) => blankTrial(i, { state: "complete", values, seconds: 1, finish_index: i })),
  });
  const studies = [pair("a", [2, 2], [1, 3]), pair("b", [3, 3])];
  const { studies: figures, reference } = compareRecords(studies, { reference: [4, 4] });
  expect(reference).toEqual([4, 4]);
  // 2 x 2, then a strip of 1 x 1 beside it; 1 x 1.
  expect(figures.map(({ best, by_trials }) => [best, by_trials])).toEqual([
    [
      5,
      [
        [1, 4],
        [2, 5],
      ],
    ],
    [1, [[1, 1]]],
  ]);
  // By itself it is a tenth behind the front of both together: each in the other's range.
  expect(compareRecords(studies).reference).toEqual([2.1, 3.1]);
});

test("empty studies, failed and non-finite trials, and no study at all", () => {
  const odd = study("odd", [NaN, Infinity, 2]);
  const { studies, groups } = compareRecords([study("empty", []), odd, study("pruned", [null])]);
  expect(studies.map(({ best, by_trials }) => [best, by_trials])).toEqual([
    [null, []],
    [2, [[3, 2]]],
    [null, []],
  ]);
  expect(groups.map(({ best }) => best?.median ?? null)).toEqual([null, 2, null]);
  expect(compare(compareRecords([study("empty", [])])).notes).toEqual([
    "Not drawn, for want of a feasible complete trial: empty.",
  ]);
  expect(() => compareRecords([])).toThrow(/name the studies/);
  const other = { ...odd, name: "other", objectives: [{ metric: "loss", direction: "maximize" as const }] };
  expect(() => compareRecords([odd, other])).toThrow(
    'study "odd" is to minimize loss, "other" to maximize loss: their values do not compare',
  );
});
