import { expect, test } from "vitest";
import { createRng, stringifyJson } from "../../../src/core/index.js";
import type { History, Trial } from "../../../src/core/index.js";
import { MedianPruner } from "../../../src/pruners/median.js";
import type { Pruner } from "../../../src/pruners/pruner.js";
import { judgeReport, recomputeVerdicts, stateAtReport } from "../../../src/pruners/verdict.js";
import type { PruneVerdict } from "../../../src/pruners/verdict.js";
import { reportedTrial } from "../../fixtures/trials.js";

const makePruner = (): Pruner => new MedianPruner({ nStartupTrials: 3, nWarmupSteps: 2, nMinTrials: 2 });

/** A parallel study in miniature: three trials at a time, one report after the other, stopped as judged. */
function simulate(seed: number, dryRun: boolean): { trials: Trial[]; verdicts: PruneVerdict[] } {
  const rng = createRng(seed, "test");
  const pruner = makePruner();
  const trials: Trial[] = [];
  const verdicts: PruneVerdict[] = [];
  let finished = 0;
  const finish = (i: number, state: "complete" | "pruned"): void => {
    trials[i] = Object.freeze({ ...(trials[i] as Trial), state, finish_index: finished++ });
  };
  while (finished < 40) {
    while (trials.filter((t) => t.state === "running").length < 3)
      trials.push(reportedTrial(trials.length, "running", []));
    const active = trials.flatMap((t, i) => (t.state === "running" ? [i] : []));
    const i = active[Math.floor(rng() * active.length)] as number;
    const before = trials[i] as Trial;
    const step = before.intermediate.length + 1;
    const value = rng() < 0.1 ? NaN : (before.number % 7) / 10 + 1 / step + rng() * 0.2;
    const trial = {
      ...before,
      intermediate: [...before.intermediate, [step, value] as const],
      seen: [...before.seen, finished],
    };
    trials[i] = trial;
    const verdict = judgeReport(pruner, trial, { direction: "minimize", trials: [...trials] }, { dryRun });
    verdicts.push(verdict);
    if (verdict.stop) finish(i, "pruned");
    else if (step === 8) finish(i, "complete");
  }
  return { trials, verdicts };
}

const bare = ({ number, step, seen, prune, reason }: PruneVerdict) => ({ number, step, seen, prune, reason });
const inOrder = (a: PruneVerdict, b: PruneVerdict): number => a.number - b.number || (a.step ?? 0) - (b.step ?? 0);

test.each([1, 2, 3])("every decision of a parallel study can be had again from its records (seed %i)", (seed) => {
  const { trials, verdicts } = simulate(seed, false);
  const pruned = trials.filter((t) => t.state === "pruned").length;
  expect(pruned).toBeGreaterThan(5);
  const again = recomputeVerdicts(makePruner(), { direction: "minimize", trials });
  expect(again.map(bare)).toEqual(verdicts.toSorted(inOrder).map(bare));
  const parsed = JSON.parse(stringifyJson(trials)) as Trial[];
  expect(recomputeVerdicts(makePruner(), { direction: "minimize", trials: parsed })).toEqual(again);
});

test("a dry run records what would have been pruned and stops nothing", () => {
  const { trials, verdicts } = simulate(4, true);
  expect(verdicts.some((v) => v.prune)).toBe(true);
  expect(verdicts.every((v) => v.dryRun && !v.stop)).toBe(true);
  expect(trials.every((t) => t.state !== "pruned")).toBe(true);
});

test("the state at a report holds the complete trials that had finished by then, and the trial as it was", () => {
  const { trials, verdicts } = simulate(5, false);
  const history: History = { direction: "minimize", trials };
  for (const verdict of verdicts.slice(-60)) {
    const trial = trials[verdict.number] as Trial;
    const state = stateAtReport(history, trial, (verdict.step as number) - 1);
    expect(state.trial).toMatchObject({ state: "running", finish_index: null, number: verdict.number });
    expect(state.trial.intermediate).toHaveLength(verdict.step as number);
    expect(state.history.trials.every((t) => t.state === "complete" && (t.finish_index as number) < verdict.seen)).toBe(
      true,
    );
    expect(makePruner().decide(state.trial, state.history).reason).toBe(verdict.reason);
  }
});

test("without a `seen` the finished trials of the history are counted", () => {
  const history: History = {
    direction: "minimize",
    trials: [reportedTrial(0, "complete", [1]), reportedTrial(1, "failed", [])],
  };
  expect(judgeReport(makePruner(), reportedTrial(2, "running", []), history)).toMatchObject({
    seen: 2,
    step: null,
    stop: false,
  });
});
