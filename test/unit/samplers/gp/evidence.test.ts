import { expect, it } from "vitest";
import { float } from "../../../../src/core/index.js";
import type { Params, Trial } from "../../../../src/core/index.js";
import { coordinatesOf } from "../../../../src/samplers/gp/coordinates.js";
import { evidenceOf, problemOf } from "../../../../src/samplers/gp/evidence.js";
import { SpaceEncodings } from "../../../../src/samplers/tpe/encoding.js";
import { observe } from "../../../../src/samplers/tpe/split.js";
import { trialOf } from "../../../../src/testing/trials.js";

const encoding = new SpaceEncodings().of({ x: float(0, 1) });
const point = (x: number): Params => ({ x });

function problem(trials: Trial[], most = 200, direction: "minimize" | "maximize" = "minimize") {
  const observations = observe(encoding, { direction, trials }, { running: true, failed: true });
  const evidence = evidenceOf(observations, { direction, trials });
  const coordinates = coordinatesOf(encoding.names, encoding.distributions);
  return problemOf({ coordinates, evidence, running: evidence.running, most, seed: 1 });
}

const complete = [
  trialOf(0, point(0.1), {
    value: 4,
    intermediate: [
      [1, 9],
      [2, 6],
    ],
  }),
  trialOf(1, point(0.2), {
    value: 5,
    intermediate: [
      [1, 8],
      [2, 7],
    ],
  }),
  trialOf(2, point(0.3), { value: 6, intermediate: [[1, 12]] }),
];

it.each<[string, [number, number][], number | null]>([
  // Gains from step 1 on: -5, -3, -6; their median is -5. From step 2 on: -2, -2.
  ["by the median gain from its last step on", [[1, 20]], 15],
  [
    "by the last step that complete ones reported as well",
    [
      [1, 20],
      [2, 11],
      [3, 1],
    ],
    9,
  ],
  ["never better than the best", [[1, 1]], 4],
  ["not at all where no complete one reported at its steps", [[7, 1]], null],
  ["not at all without a report", [], null],
])("a pruned trial counts %s", (_how, intermediate, expected) => {
  const { objectives, counts, failures } = problem([
    ...complete,
    trialOf(3, point(0.4), { state: "pruned", intermediate }),
  ]);
  expect([...(objectives[0]?.y ?? [])]).toEqual([4, 5, 6, ...(expected === null ? [] : [expected])]);
  // It is nothing to improve on.
  expect([...counts]).toEqual([1, 1, 1, ...(expected === null ? [] : [0])]);
  expect(failures).toBeNull();
});

it("a pruned trial whose last report is no number counts as failed", () => {
  const { failures } = problem([...complete, trialOf(3, point(0.4), { state: "pruned", intermediate: [[1, NaN]] })]);
  expect([...(failures?.x ?? [])]).toEqual([0.1, 0.2, 0.3, 0.4]);
  expect([...(failures?.y ?? [])]).toEqual([0, 0, 0, 1]);
});

it("infinite values stand at the nearest finite end; what is maximised is turned round", () => {
  const trials = [3, Infinity, 1, -Infinity].map((value, i) => trialOf(i, point(i / 10), { value }));
  expect([...(problem(trials).objectives[0]?.y ?? [])]).toEqual([3, 3, 1, 1]);
  expect([...(problem(trials, 200, "maximize").objectives[0]?.y ?? [])]).toEqual([-3, -3, -1, -1]);
});

it("models the better half of the records it may, and others evenly over the history", () => {
  const trials = Array.from({ length: 100 }, (_, i) => trialOf(i, point(i / 100), { value: (i - 70) ** 2 }));
  const [sample] = problem(trials, 20).objectives;
  const rows = Array.from(sample?.x ?? [], (x) => Math.round(100 * x));
  expect(rows).toHaveLength(20);
  expect(rows.filter((i) => Math.abs(i - 70) <= 5).length).toBeGreaterThanOrEqual(10);
  // The other nine or ten are spread: no gap of more than 20.
  expect(rows.every((i, k) => i - (rows[k - 1] ?? 0) <= 20)).toBe(true);
});

it("a constraint that is no number is as bad as the worst, and infeasible", () => {
  const told = [0.5, -3, NaN].map((c, i) => trialOf(i, point(i / 10), { value: i, constraints: { c } }));
  const { constraints, counts } = problem([...told, trialOf(3, point(0.3), { value: 9 })]);
  // The last trial does not tell it.
  expect([...(constraints[0]?.y ?? [])]).toEqual([0.5, -3, 0.5]);
  expect([...counts]).toEqual([0, 1, 0, 1]);
  const none = problem([trialOf(0, point(0), { value: 1, constraints: { c: NaN } })]);
  expect([...(none.constraints[0]?.y ?? [])][0]).toBeGreaterThan(0);
});

it("models fewer records a process where it needs several: 40 / sqrt(4) with an objective, two constraints, failures", () => {
  const trials = Array.from({ length: 60 }, (_, i) =>
    i % 6 === 0
      ? trialOf(i, point(i / 60), { value: NaN })
      : trialOf(i, point(i / 60), { value: i, constraints: { a: 1, b: i } }),
  );
  const { objectives, constraints, failures } = problem(trials, 40);
  expect(objectives[0]?.y).toHaveLength(20);
  expect(constraints.map(({ y }) => y.length)).toEqual([20, 20]);
  // And a quarter of that number of those that failed.
  expect(failures?.y).toHaveLength(25);
});
