import fc from "fast-check";
import { expect, test } from "vitest";
import { createRng, growingList } from "../../../src/core/index.js";
import type { Trial } from "../../../src/core/index.js";
import { MedianPruner } from "../../../src/pruners/median.js";
import { SortedValues } from "../../../src/pruners/sorted-values.js";
import { reportedTrial } from "../../fixtures/trials.js";

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

function ranked(values: SortedValues): (number | undefined)[] {
  return Array.from({ length: values.length }, (_, rank) => values.at(rank));
}

test("numbers stand by their rank, whichever came first", () => {
  const number = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(0, 1, Infinity, -Infinity));
  fc.assert(
    fc.property(fc.array(number), fc.array(number), (first, later) => {
      const values = new SortedValues(first);
      for (const value of later) values.add(value);
      // Zero has two signs, of which neither is above the other.
      const plain = (numbers: (number | undefined)[]): number[] => numbers.map((n) => (n as number) + 0);
      expect(plain(ranked(values))).toEqual(plain(ascending([...first, ...later])));
      expect(values.at(values.length)).toBeUndefined();
    }),
  );
});

test("so they do when there are thousands, rising, falling, equal or mixed", () => {
  const rng = createRng(1, "values");
  const kinds = [(i: number) => i, (i: number) => -i, (i: number) => i % 3, () => rng()];
  for (const next of kinds)
    for (const before of [0, 700]) {
      const given = Array.from({ length: 3000 }, (_, i) => next(i));
      const values = new SortedValues(given.slice(0, before));
      for (const value of given.slice(before)) values.add(value);
      expect(ranked(values)).toEqual(ascending(given));
    }
});

test("a pruner judges by a list that grows as by a copy of it, also when it meets another list in between", () => {
  const [follows, anew] = [new MedianPruner({ nWarmupSteps: 0 }), new MedianPruner({ nWarmupSteps: 0 })];
  const rng = createRng(2, "reports");
  const reports = (): number[] => Array.from({ length: 3 }, rng);
  const other = Array.from({ length: 9 }, (_, i) => reportedTrial(i, "complete", [9, 9, 9]));
  const trials = growingList<Trial>();
  let pruned = 0;
  for (let n = 0; n < 200; n++) {
    const judged = reportedTrial(500, "running", reports());
    if (n % 50 === 7) follows.decide(judged, { direction: "minimize", trials: other });
    const decision = follows.decide(judged, { direction: "minimize", trials });
    expect(decision).toEqual(anew.decide(judged, { direction: "minimize", trials: [...trials] }));
    pruned += Number(decision.prune);
    trials.push(reportedTrial(n, n % 4 === 1 ? "pruned" : "complete", reports()));
  }
  expect(pruned).toBeGreaterThan(10);
});

test("and does not look again at what it has read of it", () => {
  const trials = growingList<Trial>();
  let looks = 0;
  const first = reportedTrial(0, "complete", [1]);
  Object.defineProperty(trials, 0, { get: () => (looks++, first), enumerable: true, configurable: true });
  const pruner = new MedianPruner({ nWarmupSteps: 0 });
  const decide = (): void => {
    pruner.decide(reportedTrial(99, "running", [1]), { direction: "minimize", trials });
  };
  decide();
  expect(looks).toBeGreaterThan(0);
  const before = looks;
  for (let n = 1; n < 20; n++) {
    trials.push(reportedTrial(n, "complete", [n]));
    decide();
  }
  expect(looks).toBe(before);
});
