import { describe, expect, it } from "vitest";
import { applyEvent, createStudyState } from "../../../src/core/index.js";
import type { StudyState, Trial } from "../../../src/core/index.js";
import { digestOf } from "../../../src/pruners/report-digest.js";
import { MedianPruner } from "../../../src/pruners/median.js";
import { PatientPruner } from "../../../src/pruners/patient.js";
import { header } from "../../fixtures/storage/records.js";
import { runningTrial } from "../../fixtures/trials.js";
import { study } from "../../fixtures/study/studies.js";

const MANY = 20_000;

describe("a trial with many reports", () => {
  it("costs its records a constant each: no list is copied until somebody reads it", () => {
    let copied = 0;
    const slice = Array.prototype.slice;
    Array.prototype.slice = function (this: unknown[], ...range) {
      copied += this.length > 1000 ? this.length : 0;
      return slice.apply(this, range) as unknown[];
    };
    let state: StudyState = createStudyState(header("many"));
    try {
      state = applyEvent(state, { type: "trial-created", trial: runningTrial(0) });
      for (let step = 1; step <= MANY; step++)
        state = applyEvent(state, { type: "trial-report", number: 0, step, value: 1 / step, seen: 0 });
    } finally {
      Array.prototype.slice = slice;
    }
    expect(copied).toBe(0);
    expect(state.trials[0]?.intermediate).toHaveLength(MANY);
    expect(state.trials[0]?.intermediate.at(-1)).toEqual([MANY, 1 / MANY]);
  });

  it("leaves every earlier record as it was, also where two go on from one", () => {
    let state: StudyState = createStudyState(header("branches"));
    state = applyEvent(state, { type: "trial-created", trial: runningTrial(0) });
    const report = (s: StudyState, step: number, value: number): StudyState =>
      applyEvent(s, { type: "trial-report", number: 0, step, value, seen: 0 });
    // Lists are shared from the 65th report on.
    for (let step = 1 - 70; step <= 0; step++) state = report(state, step, 0);
    const one = report(state, 1, 10);
    const left = report(one, 2, 20);
    const right = report(one, 2, 30);
    const attributed = applyEvent(left, { type: "trial-attr", number: 0, key: "k", value: 1 });
    const reports = (s: StudyState): unknown => (s.trials[0] as Trial).intermediate.slice(70).map(([, value]) => value);
    expect([reports(state), reports(one), reports(left), reports(right), reports(attributed)]).toEqual([
      [],
      [10],
      [10, 20],
      [10, 30],
      [10, 20],
    ]);
    expect(reports(report(attributed, 3, 40))).toEqual([10, 20, 40]);
    expect(Object.isFrozen(left.trials[0]?.intermediate)).toBe(true);
    expect(JSON.parse(JSON.stringify(left.trials[0]))).toEqual({ ...left.trials[0] });
    expect(structuredClone(left.trials[0])).toEqual({ ...left.trials[0] });
  });

  it.each([
    ["median", new MedianPruner({ nStartupTrials: 1, nWarmupSteps: 0, nMinTrials: 1 })],
    ["patient", new PatientPruner({ patience: 3 })],
  ])("is judged at each of them in constant time (%s)", (_name, pruner) => {
    const intermediate: [number, number][] = [];
    let read = 0;
    const counted = new Proxy(intermediate, {
      get(target, key, receiver) {
        if (typeof key === "string" && /^\d+$/.test(key)) read += 1;
        return Reflect.get(target, key, receiver) as unknown;
      },
    });
    const trial = { ...runningTrial(0), intermediate: counted };
    const history = { direction: "minimize" as const, trials: [] };
    for (let step = 1; step <= 5_000; step++) {
      intermediate.push([step, 1 / step]);
      pruner.decide(trial, history);
    }
    // Quadratic would be 12.5 million.
    expect(read).toBeLessThanOrEqual(3 * 5_000);
  });

  it("has its timeout, although it never lets go of the thread", async () => {
    const s = await study();
    let reached = 0;
    const result = await s.optimize(
      (trial) => {
        for (let step = 1; step <= 1_000_000_000; step++) {
          trial.report(1, step);
          reached = step;
        }
        return 0;
      },
      { trials: 1, trialTimeoutMs: 100 },
    );
    expect(result).toMatchObject({ finished: 1, exitCode: 1 });
    expect(s.trials[0]).toMatchObject({ state: "failed", failure: { class: "timeout" } });
    expect(s.trials[0]?.intermediate.length).toBeGreaterThan(0);
    expect(reached).toBeLessThan(1_000_000_000);
  });

  it("may have tens of thousands, each answered", async () => {
    const s = await study({ pruner: "median" });
    // Five others make a median: one of them is of that length as well.
    const lengths = [10, 10, 10, 10, MANY, MANY];
    for (const length of lengths)
      await s.optimize(
        (trial) => {
          for (let step = 1; step <= length; step++) trial.report(1 / step, step);
          return 1;
        },
        { trials: 1 },
      );
    expect(s.trials.map(({ state, intermediate, seen }) => [state, intermediate.length, seen.at(-1)])).toEqual(
      lengths.map((length, n) => ["complete", length, n]),
    );
  });
});

describe("a digest of reports", () => {
  it("keeps a step's first value, sorts steps that come out of order, and leaves NaN out", () => {
    const digest = digestOf({
      intermediate: [
        [3, 0.5],
        [1, NaN],
        [2, 0.25],
        [3, 0.1],
      ],
    });
    expect([digest.count, digest.last, digest.previous]).toEqual([3, 3, 2]);
    expect([digest.best("minimize"), digest.best("maximize"), digest.best("minimize", 1)]).toEqual([0.25, 0.5, NaN]);
    expect(digest.bestOfLast(1, "minimize")).toBe(0.5);
    expect(digestOf({ intermediate: [] }).last).toBeUndefined();
  });
});
