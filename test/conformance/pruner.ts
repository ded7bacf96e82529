import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Direction, History, Trial } from "../../src/core/index.js";
import type { Pruner } from "../../src/pruners/pruner.js";
import { RunCounts } from "../fixtures/run-counts.js";
import { reportedTrial } from "../fixtures/trials.js";

/** When a pruner under test may judge; what of this it has decides which tests apply. */
export interface PrunerUnderTest {
  readonly name: string;
  /** With these warm-up steps and interval, and neither startup nor least trials. */
  readonly make: (options: { nWarmupSteps: number; intervalSteps: number }) => Pruner;
  /** Whether it has a warm-up and an interval. @default true */
  readonly compares?: boolean;
  /** Whether it ever prunes. @default true */
  readonly prunes?: boolean;
}

/** Eighths: exact in binary, as their sums are. */
const value = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -40, max: 40 }).map((n) => n / 8) },
  { weight: 1, arbitrary: fc.constant(NaN) },
);
/**
 * Between any two of the others' values, and between their tenths: at a tie the last bit decides, and interpolation does
 * not round alike in both directions (which Optuna's recorded decisions show).
 */
const APART = 1 / 32;
const states = fc.constantFrom("complete", "complete", "complete", "pruned", "failed", "running" as const);
/** Trials of which few or none have a report at the step that is judged. */
const short = { trials: { maxLength: 9 }, reports: { maxLength: 9 } };
/** Trials of which most have one. */
const long = { trials: { minLength: 6, maxLength: 12 }, reports: { minLength: 6, maxLength: 9 } };
/** The judged trial's reports: as the others', or worse (when minimizing) by some, and getting worse. */
const own = (reports: fc.ArrayConstraints) =>
  fc
    .tuple(fc.array(value, reports), fc.constantFrom(0, 4, 8), fc.boolean())
    .map(([values, worse, rising]) => values.map((v, i) => v + APART + worse + (rising ? i : 0)));
const sceneOf = ({ trials, reports }: Record<"trials" | "reports", fc.ArrayConstraints>) =>
  fc.record({
    trials: fc.array(fc.tuple(states, fc.array(value, reports)), trials),
    own: own(reports),
    nWarmupSteps: fc.nat(4),
    intervalSteps: fc.integer({ min: 1, max: 3 }),
  });
const scene = fc.oneof({ weight: 1, arbitrary: sceneOf(short) }, { weight: 4, arbitrary: sceneOf(long) });

type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

function historyOf(
  direction: Direction,
  rows: readonly (readonly [Trial["state"], readonly number[]])[],
  sign = 1,
): History {
  return {
    direction,
    trials: rows.map(([state, reports], i) =>
      reportedTrial(
        i,
        state,
        reports.map((v) => sign * v),
      ),
    ),
  };
}

const runs = { numRuns: 150 };
/** Of the runs, how many must end either way: a property of decisions that are all alike says little. */
const bothWays = { pruned: 8, "not pruned": 8 };

/** What every pruner must pass. */
export function prunerConformance({ name, make, compares = true, prunes = true }: PrunerUnderTest): void {
  describe(`${name} is a pruner`, () => {
    /** Checks `property` over scenes; it gives the decision, of which there must be both kinds. */
    const holds = (property: (s: Scene) => { readonly prune: boolean }): void => {
      const counts = new RunCounts();
      const counting = fc.property(scene, (s) => {
        counts.count(property(s).prune ? "pruned" : "not pruned");
      });
      fc.assert(counting, runs);
      if (prunes) counts.expectAtLeast(bothWays);
    };
    const relaxed = (): Pruner => make({ nWarmupSteps: 0, intervalSteps: 1 });
    const good: [Trial["state"], number[]][] = Array.from({ length: 9 }, (_, i) => ["complete", [1, 1, 1, 1, 1, i]]);
    const bad = reportedTrial(50, "running", [7, 8, 9, 9, 9, 9]);

    test.runIf(prunes)("a trial that is worse than all others and getting worse is pruned", () => {
      expect(relaxed().decide(bad, historyOf("minimize", good)).prune).toBe(true);
    });

    test("a decision is a flag and one line that names the step", () => {
      const decision = relaxed().decide(bad, historyOf("minimize", good));
      expect(Object.keys(decision).sort()).toEqual(["prune", "reason"]);
      expect(decision.reason).toMatch(/^step 6: [^\n]+$/);
    });

    test("nothing reported, nothing pruned", () => {
      expect(relaxed().decide(reportedTrial(1, "running", []), historyOf("minimize", good)).prune).toBe(false);
      expect(relaxed().decide(reportedTrial(1, "running", []), historyOf("maximize", [])).prune).toBe(false);
    });

    test("maximizing is minimizing the negative", () => {
      holds(({ trials: rows, own, ...options }) => {
        const down = make(options).decide(reportedTrial(50, "running", own), historyOf("minimize", rows));
        const negative = own.map((v) => -v);
        const up = make(options).decide(reportedTrial(50, "running", negative), historyOf("maximize", rows, -1));
        expect(up.prune).toBe(down.prune);
        return down;
      });
    });

    test("the same records give the same decision, whatever was asked before; they are not changed", () => {
      const reused = relaxed();
      holds(({ trials: rows, own }) => {
        const history = historyOf("minimize", rows);
        const trial = reportedTrial(50, "running", own);
        const before = structuredClone({ history, trial });
        const first = reused.decide(trial, history);
        expect(reused.decide(trial, history)).toEqual(first);
        expect(relaxed().decide(trial, structuredClone(history))).toEqual(first);
        expect({ history, trial }).toEqual(before);
        return first;
      });
    });

    test("frozen records of unequal lengths, with NaN among them, are judged without an error", () => {
      holds(({ trials: rows, own, ...options }) => {
        const history = historyOf("maximize", rows, -1);
        history.trials.forEach((t) => Object.freeze(t.intermediate));
        Object.freeze(history.trials);
        const trial = Object.freeze(
          reportedTrial(
            50,
            "running",
            own.map((v) => -v),
          ),
        );
        const decision = make(options).decide(trial, Object.freeze(history));
        expect(typeof decision.prune).toBe("boolean");
        return decision;
      });
    });

    test("trials that are not complete do not vote", () => {
      holds(({ trials: rows, own, ...options }) => {
        const trial = reportedTrial(50, "running", own);
        const complete = rows.filter(([state]) => state === "complete");
        const all = make(options).decide(trial, historyOf("minimize", rows));
        expect(make(options).decide(trial, historyOf("minimize", complete))).toEqual(all);
        return all;
      });
    });

    test("the order of the history does not matter", () => {
      holds(({ trials: rows, own, ...options }) => {
        const trial = reportedTrial(50, "running", own);
        const forwards = make(options).decide(trial, historyOf("minimize", rows));
        expect(make(options).decide(trial, historyOf("minimize", rows.toReversed()))).toEqual(forwards);
        return forwards;
      });
    });

    test.runIf(compares)("a step below the warm-up is never pruned, the one at its end can be", () => {
      for (let n = 1; n <= 6; n++) {
        const trial = reportedTrial(
          50,
          "running",
          bad.intermediate.slice(0, n).map(([, v]) => v),
        );
        const pruner = make({ nWarmupSteps: 5, intervalSteps: 1 });
        const { prune } = pruner.decide(trial, historyOf("minimize", good));
        if (n < 5) expect(prune).toBe(false);
        else expect(prune).toBe(true);
      }
    });

    test.runIf(compares)("checks come every interval from the warm-up's end, a missed one at the next report", () => {
      const pruner = make({ nWarmupSteps: 2, intervalSteps: 3 });
      const checked = (steps: number[]): number[] =>
        steps.filter((_, i) => {
          const reached = steps.slice(0, i + 1);
          const trial = reportedTrial(
            50,
            "running",
            reached.map((s) => 7 + s),
            reached,
          );
          const others = Array.from({ length: 9 }, (_x, k) =>
            reportedTrial(k, "complete", [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
          );
          return pruner.decide(trial, { direction: "minimize", trials: others }).prune;
        });
      expect(checked([1, 2, 3, 4, 5, 6, 7, 8, 9])).toEqual([2, 5, 8]);
      expect(checked([1, 3, 4, 6, 7, 9])).toEqual([3, 6, 9]);
    });

    test.runIf(compares)(
      "all-NaN reports are pruned once judged; NaN votes count as reported and as nothing else",
      () => {
        const nan = reportedTrial(50, "running", [NaN, NaN, NaN]);
        expect(make({ nWarmupSteps: 0, intervalSteps: 1 }).decide(nan, historyOf("minimize", good)).prune).toBe(true);
        const others = historyOf("minimize", [...good, ["complete", [NaN, NaN, NaN]]]);
        expect(make({ nWarmupSteps: 4, intervalSteps: 1 }).decide(nan, others).prune).toBe(false);
        const trial = reportedTrial(50, "running", [2, 3, 4]);
        const withNan = relaxed().decide(trial, others);
        expect(withNan).toEqual(relaxed().decide(trial, historyOf("minimize", good)));
      },
    );
  });
}
