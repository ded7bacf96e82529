import { readFileSync } from "node:fs";
import { quantileSorted } from "simple-statistics";
import { expect, test } from "vitest";
import type { Direction, TrialState } from "../../../src/core/index.js";
import { decodeNumber } from "../../../src/core/index.js";
import { percentileOfSorted } from "../../../src/pruners/percentile.js";
import { reportedTrial } from "../../fixtures/trials.js";
import { historyOf, prunerOf } from "./records.js";
import type { PrunerSpec } from "./records.js";

type Encoded = number | string;
type Steps = number[] | null;

interface Decisions {
  optuna: string;
  decisions: number;
  pruned: number;
  histories: { direction: Direction; trials: [TrialState, Steps, Encoded[]][]; queries: [Steps, Encoded[]][] }[];
  cases: { history: number; pruner: PrunerSpec; decisions: string[] }[];
}

interface Replays {
  prune: [PrunerSpec, Direction, [TrialState, number[], Encoded[]][], number[], Encoded[], boolean][];
  percentile: [Encoded[], number, Direction, number, Encoded][];
}

const folder = new URL("../../fixtures/pruners/", import.meta.url);
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, folder), "utf8"));
const fixture = read("optuna-decisions.json") as Decisions;
const replays = read("optuna-tests.json") as Replays;
const numbers = (values: readonly Encoded[]): number[] => values.map((v) => decodeNumber(v) as number);

test("decisions equal Optuna's on randomised histories", () => {
  expect(fixture.optuna).toBe("5.0.0");
  let decided = 0;
  let pruned = 0;
  const different: string[] = [];
  const histories = fixture.histories.map(({ direction, trials, queries }) => ({
    history: historyOf(
      direction,
      ...trials.map(([state, steps, values], i) => reportedTrial(i, state, numbers(values), steps)),
    ),
    queries: queries.map(([steps, values]) => ({ steps, values: numbers(values) })),
  }));
  for (const { history: index, pruner: spec, decisions } of fixture.cases) {
    const pruner = prunerOf(spec);
    const { history, queries } = histories[index] ?? expect.fail();
    for (const [q, { steps, values }] of queries.entries()) {
      let line = "";
      for (let n = 1; n <= values.length; n++) {
        const trial = reportedTrial(99, "running", values.slice(0, n), steps?.slice(0, n));
        line += pruner.decide(trial, history).prune ? "1" : "0";
      }
      decided += line.length;
      pruned += line.split("1").length - 1;
      if (line !== decisions[q])
        different.push(`${JSON.stringify(spec)} history ${index} query ${q}: ${line} ${decisions[q]}`);
    }
  }
  expect(different).toEqual([]);
  expect([decided, pruned]).toEqual([fixture.decisions, fixture.pruned]);
  expect(decided).toBeGreaterThan(5000);
  expect(pruned / decided).toBeGreaterThan(0.3);
  expect(pruned / decided).toBeLessThan(0.7);
});

test.each(replays.prune.map((entry, i) => [i, ...entry] as const))(
  "Optuna's own test, decision %i",
  (_i, spec, direction, trials, steps, values, decision) => {
    const history = historyOf(direction, ...trials.map(([s, at, v], i) => reportedTrial(i, s, numbers(v), at)));
    const trial = reportedTrial(99, "running", numbers(values), steps);
    expect(prunerOf(spec).decide(trial, history).prune).toBe(decision);
  },
);

test.each(replays.percentile.map((entry, i) => [i, ...entry] as const))(
  "Optuna's own test, percentile %i",
  (_i, values, percentile, direction, least, wanted) => {
    const sorted = numbers(values)
      .filter((v) => !Number.isNaN(v))
      .sort((a, b) => a - b);
    const ours =
      values.length < least
        ? NaN
        : percentileOfSorted(sorted, direction === "maximize" ? 100 - percentile : percentile);
    expect(ours).toBe(decodeNumber(wanted));
  },
);

test("percentiles agree with simple-statistics' to rounding, and to the bit with numpy's where that rounds", () => {
  const values = [0.1, 0.13, 0.29, 0.3, 0.41, 0.52, 0.7];
  for (let n = 1; n <= values.length; n++)
    for (const p of [0, 10, 25, 33.3, 50, 75, 90, 100]) {
      const sorted = values.slice(0, n);
      expect(percentileOfSorted(sorted, p)).toBeCloseTo(quantileSorted(sorted, p / 100), 14);
    }
  // numpy 2.4.6's np.nanpercentile; the first is a tie with 0.02 that the other rounding would break
  expect(percentileOfSorted([0.01, 0.03], 50)).toBe(0.02);
  expect(quantileSorted([0.01, 0.03], 0.5)).toBeLessThan(0.02);
  expect(percentileOfSorted([1, Infinity], 50)).toBe(NaN);
  expect(percentileOfSorted([1, 2, Infinity], 25)).toBe(1.5);
  expect(percentileOfSorted([1, 2, Infinity], 50)).toBe(NaN);
  expect(percentileOfSorted([-Infinity, 1, 2, 3], 25)).toBe(-Infinity);
  expect(percentileOfSorted([], 50)).toBe(NaN);
});
