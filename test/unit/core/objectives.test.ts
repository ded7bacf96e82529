import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Direction, StudyHeader, Trial } from "../../../src/core/index.js";
import {
  bestOfStudy,
  bestTrialOf,
  blankTrial,
  createStudyState,
  decodeNumber,
  dominates,
  frontOfStudy,
  isFeasible,
  leastViolating,
  objectivesInWords,
  paretoFront,
  RunningFront,
  violationOf,
} from "../../../src/core/index.js";
import { cases } from "../../cases.js";

function complete(number: number, values: readonly number[], constraints: Trial["constraints"] = {}): Trial {
  return blankTrial(number, { state: "complete", values, constraints, finish_index: number });
}

/** A number as an objective sees it: the smaller the better, NaN the worst of all. */
const rank = (value: number, direction: Direction): number =>
  direction === "minimize" ? value : value === 0 ? 0 : -value;

/** By the definition, in words of ranks: no worse anywhere, better somewhere. */
function dominatesByDefinition(a: readonly number[], b: readonly number[], directions: readonly Direction[]): boolean {
  const pairs = directions.map((d, i) => [rank(a[i] as number, d), rank(b[i] as number, d)] as const);
  const noWorse = ([x, y]: readonly [number, number]): boolean => Number.isNaN(y) || x <= y;
  const better = ([x, y]: readonly [number, number]): boolean => !Number.isNaN(x) && (Number.isNaN(y) || x < y);
  return pairs.every(noWorse) && pairs.some(better);
}

/** Every complete feasible trial, held against every other. */
function frontByDefinition(trials: readonly Trial[], directions: readonly Direction[]): number[] {
  const candidates = trials.filter(
    (t) => t.state === "complete" && Object.values(t.constraints).filter((c) => !(c <= 0)).length === 0,
  );
  const beaten = (trial: Trial): boolean =>
    candidates.some((other) => dominatesByDefinition(other.values ?? [], trial.values ?? [], directions));
  return candidates.filter((trial) => !beaten(trial)).map(({ number }) => number);
}

const someDirection = fc.constantFrom<Direction>("minimize", "maximize");
/** Few different numbers, so that ties are common, and those that are none. */
const someValue = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constantFrom(NaN, Infinity, -Infinity, 0.5));
const someTrials = (objectives: number) =>
  fc
    .array(
      fc.record({
        state: fc.constantFrom("complete", "complete", "complete", "pruned", "failed", "running"),
        values: fc.array(someValue, { minLength: objectives, maxLength: objectives }),
        constraints: fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom(-1, 0, 1, NaN), { maxKeys: 2 }),
      }),
      { maxLength: 25 },
    )
    .map((drawn) =>
      drawn.map(({ state, values, constraints }, number) =>
        blankTrial(number, { state, values: state === "complete" ? values : null, constraints: { ...constraints } }),
      ),
    );
const someStudy = fc
  .array(someDirection, { minLength: 1, maxLength: 4 })
  .chain((directions) => fc.tuple(fc.constant(directions), someTrials(directions.length)));

test("objectives in words have the unit that is told of the metric everywhere else", () => {
  const objectives = ["val_rmse", "val_rul_rmse", "inference_us", "val_r2", "toString"].map((metric) => ({
    ...{ metric, direction: "minimize" as const },
  }));
  expect(objectivesInWords(objectives, true)).toBe(
    "minimize val_rmse [SOH], minimize val_rul_rmse [cycles], minimize inference_us [µs], minimize val_r2, minimize toString",
  );
  expect(objectivesInWords(objectives.slice(0, 2))).toBe("minimize val_rmse, minimize val_rul_rmse");
});

describe("dominance and the Pareto front", () => {
  test("are what the definition says of every pair, NaN being worse than every number", () => {
    fc.assert(
      fc.property(someStudy, ([directions, trials]) => {
        for (const a of trials)
          for (const b of trials)
            if (a.values && b.values)
              expect(dominates(a.values, b.values, directions)).toBe(
                dominatesByDefinition(a.values, b.values, directions),
              );
        expect(paretoFront(trials, directions).map(({ number }) => number)).toEqual(
          frontByDefinition(trials, directions),
        );
      }),
      { numRuns: cases(400) },
    );
  });

  test("are Optuna's, ties, infinities and constraints included", () => {
    const file = new URL("../../fixtures/core/fronts.json", import.meta.url);
    const { studies } = JSON.parse(readFileSync(file, "utf8")) as {
      studies: {
        directions: Direction[];
        trials: [Trial["state"], unknown[] | null, Trial["constraints"]][];
        front: number[];
      }[];
    };
    expect(studies.filter(({ front }) => front.length > 2).length).toBeGreaterThan(10);
    for (const { directions, trials, front } of studies) {
      const records = trials.map(([state, values, constraints], number) =>
        blankTrial(number, { state, constraints, values: values?.map((v) => decodeNumber(v) as number) ?? null }),
      );
      expect(paretoFront(records, directions).map(({ number }) => number)).toEqual(front);
    }
  });

  test("a front that grows trial by trial has the values of the whole one, and changes just when they do", () => {
    fc.assert(
      fc.property(someStudy, ([directions, trials]) => {
        const growing = new RunningFront(directions);
        const valuesOf = (n: number): string[] =>
          [
            ...new Set(
              paretoFront(trials.slice(0, n), directions).map(({ values }) => JSON.stringify(values?.map(String))),
            ),
          ].sort();
        trials.forEach((trial, i) => {
          const changed = growing.take(trial);
          expect(growing.values.map((values) => JSON.stringify(values.map(String))).sort()).toEqual(valuesOf(i + 1));
          expect(changed).toBe(String(valuesOf(i)) !== String(valuesOf(i + 1)));
        });
      }),
      { numRuns: cases(300) },
    );
  });
});

describe("feasibility", () => {
  test("every constraint at most 0; NaN is none", () => {
    expect(isFeasible({ constraints: {} })).toBe(true);
    expect(isFeasible({ constraints: { a: 0, b: -3 } })).toBe(true);
    expect(isFeasible({ constraints: { a: -1, b: 1e-12 } })).toBe(false);
    expect(isFeasible({ constraints: { a: NaN } })).toBe(false);
    expect(isFeasible({ constraints: { a: -1, b: NaN } })).toBe(false);
    expect(isFeasible({ constraints: { a: -Infinity } })).toBe(true);
  });

  test("a violation is the sum of what is above 0; NaN is the farthest", () => {
    expect(violationOf({ constraints: { a: 2, b: -5, c: 0.5 } })).toBe(2.5);
    expect(violationOf({ constraints: { a: -1 } })).toBe(0);
    expect(violationOf({ constraints: { a: NaN, b: -5 } })).toBe(Infinity);
  });

  test("the best is feasible, however good the others are; without one, the least violating is shown", () => {
    const far = complete(0, [1], { a: 3 });
    const near = complete(1, [9], { a: 1 });
    const unknown = complete(2, [0], { a: NaN });
    const fits = complete(3, [20], { a: 0 });
    expect(bestTrialOf([far, near, unknown, fits], "minimize")).toBe(fits);
    expect(bestTrialOf([far, near, unknown], "minimize")).toBeNull();
    expect(leastViolating([far, near, unknown], "minimize")).toBe(near);
    expect(leastViolating([unknown], "minimize")).toBe(unknown);
    expect(leastViolating([unknown, far], "minimize")).toBe(far);
    const asNear = complete(4, [8], { a: 0.5, b: 0.5 });
    expect(leastViolating([far, near, asNear], "minimize")).toBe(asNear);
    expect(leastViolating([far, near, asNear], "maximize")).toBe(near);
    expect(leastViolating([blankTrial(0, { state: "pruned", constraints: { a: 1 } })], "minimize")).toBeNull();
  });

  test("a banned trial is in no front and never the best", () => {
    const header = { name: "s", objectives: [{ metric: "value", direction: "minimize" }] } as unknown as StudyHeader;
    const annotations = new Map([[0, { note: "", tags: [], banned: true }]]);
    const state = createStudyState(header, [complete(0, [1]), complete(1, [2])], { annotations });
    expect(bestOfStudy(state)?.number).toBe(1);
    expect(frontOfStudy(state).map(({ number }) => number)).toEqual([1]);
    const several = { ...header, objectives: [...header.objectives, { metric: "b", direction: "maximize" as const }] };
    const pairs = createStudyState(several, [complete(0, [1, 5]), complete(1, [2, 1]), complete(2, [3, 2])], {
      annotations,
    });
    expect(frontOfStudy(pairs).map(({ number }) => number)).toEqual([1, 2]);
  });
});
