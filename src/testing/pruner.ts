/** The conformance suite of pruners. */
import assert from "node:assert/strict";
import { requireKnownKeys } from "../core/index.js";
import type { KnownKeys } from "../core/index.js";
import type { PruneDecision, Pruner } from "../pruners/pruner.js";
import { badReports, goodRows, historyOf, judged, sceneOf } from "./pruner-scenes.js";
import type { Scene } from "./pruner-scenes.js";
import { RunCounts } from "./run-counts.js";
import type { TestRunner } from "./runner.js";
import { reportedTrial } from "./trials.js";

/** When a pruner judges. */
export interface PrunerTiming {
  /** Steps below this are never pruned. */
  readonly nWarmupSteps: number;
  /** Steps from one check to the next. */
  readonly intervalSteps: number;
}

/** A pruner to be tried; what of this it has decides which cases apply. */
export interface PrunerCase {
  readonly name: string;
  /** Makes one that judges from the first trial on: with neither startup nor least trials. Called often. */
  readonly make: (timing: PrunerTiming) => Pruner;
  /** Whether it keeps to {@link PrunerTiming}. @default true */
  readonly timed?: boolean;
  /** Whether maximizing is minimizing the negative: not for limits in absolute numbers. @default true */
  readonly mirrors?: boolean;
  /** Whether it ever prunes. @default true */
  readonly prunes?: boolean;
  /** Whether complete trials alone have a vote: not where all that came as far are compared. @default true */
  readonly completeVote?: boolean;
}

const SCENES = 300;
/** Of the scenes, how many must end either way: a property of decisions that are all alike says little. */
const bothWays = { pruned: 15, "not pruned": 15 };

/** Checks `property` over scenes; it gives the decision, of which there must be both kinds. */
function holds(of: PrunerCase, property: (scene: Scene, timing: PrunerTiming) => PruneDecision): void {
  const counts = new RunCounts();
  for (let seed = 0; seed < SCENES; seed++) {
    const scene = sceneOf(seed);
    const { nWarmupSteps, intervalSteps } = scene;
    try {
      counts.count(property(scene, { nWarmupSteps, intervalSteps }).prune ? "pruned" : "not pruned");
    } catch (error) {
      throw new assert.AssertionError({ message: `${(error as Error).message}\nin ${JSON.stringify(scene)}` });
    }
  }
  if (of.prunes ?? true) counts.expectAtLeast(bothWays);
}

const relaxed = { nWarmupSteps: 0, intervalSteps: 1 };

/** Registers what every pruner must do. */
export function prunerConformance(runner: TestRunner, of: PrunerCase): void {
  requireKnownKeys("prunerConformance", of, {
    name: true,
    make: true,
    timed: true,
    mirrors: true,
    prunes: true,
    completeVote: true,
  } satisfies KnownKeys<PrunerCase>);
  runner.describe(`pruner ${of.name}`, () => {
    casesOfDecisions(runner, of);
    casesOfScenes(runner, of);
    if (of.timed ?? true) casesOfTiming(runner, of);
  });
}

function casesOfDecisions({ it }: TestRunner, { make, prunes = true }: PrunerCase): void {
  const good = historyOf("minimize", goodRows);
  if (prunes)
    it("prunes a trial that is worse than all others and getting worse", () => {
      assert.equal(make(relaxed).decide(judged(badReports), good).prune, true);
    });
  it("decides with a flag and one line that names the step", () => {
    const decision = make(relaxed).decide(judged(badReports), good);
    assert.deepEqual(Object.keys(decision).sort(), ["prune", "reason"]);
    assert.match(decision.reason, /^step 6: [^\n]+$/);
  });
  it("prunes nothing where nothing is reported", () => {
    assert.equal(make(relaxed).decide(judged([]), good).prune, false);
    assert.equal(make(relaxed).decide(judged([]), historyOf("maximize", [])).prune, false);
  });
}

function casesOfScenes(runner: TestRunner, of: PrunerCase): void {
  const { it } = runner;
  const { make } = of;
  if (of.mirrors ?? true)
    it("maximizes as it minimizes the negative", () => {
      holds(of, ({ rows, own }, timing) => {
        const down = make(timing).decide(judged(own), historyOf("minimize", rows));
        const negative = own.map((v) => -v);
        const up = make(timing).decide(judged(negative), historyOf("maximize", rows, -1));
        assert.equal(up.prune, down.prune);
        return down;
      });
    });
  it("decides the same from the same records, whatever was asked before, and does not change them", () => {
    const reused = make(relaxed);
    holds(of, ({ rows, own }) => {
      const history = historyOf("minimize", rows);
      const trial = judged(own);
      const before = structuredClone({ history, trial });
      const first = reused.decide(trial, history);
      assert.deepEqual(reused.decide(trial, history), first);
      assert.deepEqual(make(relaxed).decide(trial, structuredClone(history)), first);
      assert.deepEqual(structuredClone({ history, trial }), before);
      return first;
    });
  });
  it("judges frozen records of unequal lengths, with NaN among them, without an error", () => {
    holds(of, ({ rows, own }, timing) => {
      const history = historyOf("maximize", rows, -1);
      history.trials.forEach((t) => Object.freeze(t.intermediate));
      Object.freeze(history.trials);
      const trial = Object.freeze(judged(own.map((v) => -v)));
      const decision = make(timing).decide(trial, Object.freeze(history));
      assert.equal(typeof decision.prune, "boolean");
      return decision;
    });
  });
  if (of.completeVote ?? true) voteOfComplete(runner, of);
  it("does not mind the order of the history", () => {
    holds(of, ({ rows, own }, timing) => {
      const history = historyOf("minimize", rows);
      const forwards = make(timing).decide(judged(own), history);
      const reversed = { ...history, trials: history.trials.toReversed() };
      assert.deepEqual(make(timing).decide(judged(own), reversed), forwards);
      return forwards;
    });
  });
}

function voteOfComplete({ it }: TestRunner, of: PrunerCase): void {
  const { make } = of;
  it("gives no vote to trials that are not complete", () => {
    holds(of, ({ rows, own }, timing) => {
      const history = historyOf("minimize", rows);
      const complete = { ...history, trials: history.trials.filter(({ state }) => state === "complete") };
      const all = make(timing).decide(judged(own), history);
      assert.deepEqual(make(timing).decide(judged(own), complete), all);
      return all;
    });
  });
}

function casesOfTiming({ it }: TestRunner, { make }: PrunerCase): void {
  const good = historyOf("minimize", goodRows);
  it("never prunes a step below the warm-up, and can at its end", () => {
    for (let n = 1; n <= 6; n++) {
      const pruner = make({ nWarmupSteps: 5, intervalSteps: 1 });
      assert.equal(pruner.decide(judged(badReports.slice(0, n)), good).prune, n >= 5, `step ${n}`);
    }
  });
  it("checks every interval from the warm-up's end, and makes up for a missed one at the next report", () => {
    const pruner = make({ nWarmupSteps: 2, intervalSteps: 3 });
    const others = Array.from({ length: 9 }, (_, k) => reportedTrial(k, "complete", Array<number>(12).fill(1)));
    const checked = (steps: readonly number[]): number[] =>
      steps.filter((_, i) => {
        const reached = steps.slice(0, i + 1);
        const trial = judged(
          reached.map((s) => 7 + s),
          reached,
        );
        return pruner.decide(trial, { direction: "minimize", trials: others }).prune;
      });
    assert.deepEqual(checked([1, 2, 3, 4, 5, 6, 7, 8, 9]), [2, 5, 8]);
    assert.deepEqual(checked([1, 3, 4, 6, 7, 9]), [3, 6, 9]);
  });
  it("prunes all-NaN reports once judged; NaN votes count as reported and as nothing else", () => {
    const nan = judged([NaN, NaN, NaN]);
    assert.equal(make(relaxed).decide(nan, good).prune, true);
    const others = historyOf("minimize", [...goodRows, ["complete", [NaN, NaN, NaN]]]);
    assert.equal(make({ nWarmupSteps: 4, intervalSteps: 1 }).decide(nan, others).prune, false);
    const trial = judged([2, 3, 4]);
    assert.deepEqual(make(relaxed).decide(trial, others), make(relaxed).decide(trial, good));
  });
}
