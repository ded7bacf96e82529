/** How far a trial is from being pruned: where a pruner says a threshold, its decisions are on its two sides. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { History, Trial } from "../../../src/core/index.js";
import { blankTrial } from "../../../src/core/index.js";
import { MedianPruner } from "../../../src/pruners/median.js";
import { PatientPruner } from "../../../src/pruners/patient.js";
import { PercentilePruner } from "../../../src/pruners/percentile.js";
import { ProspectPruner } from "../../../src/pruners/prospect.js";
import type { Pruner } from "../../../src/pruners/pruner.js";
import { ThresholdPruner } from "../../../src/pruners/threshold.js";

const timing = { nStartupTrials: 1, nWarmupSteps: 0, nMinTrials: 1 };
const makers: readonly (readonly [string, () => Pruner])[] = [
  ["median", () => new MedianPruner(timing)],
  ["percentile", () => new PercentilePruner({ percentile: 25, ...timing, nWarmupSteps: 2, intervalSteps: 2 })],
  ["prospect", () => new ProspectPruner(timing)],
  ["threshold", () => new ThresholdPruner({ upper: 3 })],
  ["patient", () => new PatientPruner({ pruner: null, patience: 1, minDelta: 0.25 })],
  ["patient with median", () => new PatientPruner({ pruner: new MedianPruner(timing), patience: 1 })],
];

// Eighths are exact in binary: what is equal stays equal.
const value = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 40 }).map((n) => n / 8) },
  { weight: 1, arbitrary: fc.constant(NaN) },
);
const curve = fc.array(value, { minLength: 1, maxLength: 8 });

function reported(number: number, values: readonly number[], more: Partial<Trial>): Trial {
  const intermediate = values.map((one, i) => [i + 1, one] as const);
  return blankTrial(number, { intermediate, seen: values.map(() => number), ...more });
}

test.each(makers)("%s", (_name, make) => {
  fc.assert(
    fc.property(fc.array(curve, { maxLength: 6 }), curve, fc.boolean(), (others, own, maximize) => {
      const direction = maximize ? "maximize" : "minimize";
      const trials = others.map((values, number) =>
        reported(number, values, { state: "complete", values: [values.at(-1) as number], finish_index: number }),
      );
      const history: History = { direction, trials };
      const trial = reported(trials.length, own, { state: "running" });
      const bar = make().bar?.(trial, history) ?? null;
      const { prune, reason } = make().decide(trial, history);
      if (bar === null) return;
      expect(bar.reason).toBe(reason);
      if (Number.isNaN(bar.value)) return;
      if (bar.threshold === null) {
        expect(prune).toBe(false);
        return;
      }
      // What a pace makes up for is added up in another order: a hair apart nothing can be said.
      if (Math.abs(bar.value - bar.threshold) < 1e-9 && bar.value !== bar.threshold) return;
      expect(prune).toBe(maximize ? bar.value < bar.threshold : bar.value > bar.threshold);
    }),
    { numRuns: 400 },
  );
});

test("the median's threshold is the median, of as many as reported the step", () => {
  const trials = [1, 2, 4].map((one, i) => reported(i, [one], { state: "complete", values: [one], finish_index: i }));
  const running = reported(3, [1.5], { state: "running" });
  expect(new MedianPruner(timing).bar(running, { direction: "minimize", trials })).toMatchObject({
    value: 1.5,
    threshold: 2,
    voters: 3,
  });
  const late = reported(3, [3, 3], { state: "running" });
  expect(new MedianPruner(timing).bar(late, { direction: "minimize", trials }).threshold).toBeNull();
});

test("a limit on the good side is no distance", () => {
  const trial = reported(0, [1], { state: "running" });
  const history: History = { direction: "minimize", trials: [] };
  expect(new ThresholdPruner({ lower: 0, upper: 3 }).bar(trial, history)).toBeNull();
  expect(new ThresholdPruner({ upper: 3 }).bar(trial, history)).toMatchObject({ value: 1, threshold: 3 });
  expect(new ThresholdPruner({ lower: 0 }).bar(trial, { ...history, direction: "maximize" })).toMatchObject({
    threshold: 0,
  });
});
