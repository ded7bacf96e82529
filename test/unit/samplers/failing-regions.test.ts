/** Searches in which a part of the space always fails: the sampler gets through its first trials, and stays away from it. */
import { describe, expect, test } from "vitest";
import type { FailureClass, Params, SearchSpace, Trial } from "../../../src/core/index.js";
import { float } from "../../../src/core/index.js";
import { TpeSampler } from "../../../src/samplers/tpe/tpe.js";
import { streamOf } from "../../../src/testing/sampler-scenes.js";
import { trialOf } from "../../fixtures/trials.js";

/** The record of a trial of these parameters. */
type Outcome = (number: number, params: Params) => Trial;

function search(space: SearchSpace, outcome: Outcome, trials: number, seed: number): Trial[] {
  const sampler = new TpeSampler();
  const history: Trial[] = [];
  for (let n = 0; n < trials; n++) {
    const params = sampler.suggest(space, { direction: "minimize", trials: history }, streamOf(seed, n));
    history.push(outcome(n, params));
  }
  return history;
}

const failed = (number: number, params: Params, failure: FailureClass = "diverged"): Trial =>
  trialOf(number, params, { state: "failed", failure: { class: failure, message: "", where: "" } });

const x = (params: Params, name = "x"): number => params[name] as number;
const seeds = Array.from({ length: 20 }, (_, i) => i);

test.each([0, 1, 2, 3, 4])("twenty trials give ten complete ones where half of the range fails (seed %d)", (seed) => {
  // Ten draws take every tenth of the range once, whatever becomes of it: five complete. So do the next ten, until the
  // fifth of them has completed.
  const halfFails: Outcome = (n, params) =>
    x(params) > 0.5 ? failed(n, params) : trialOf(n, params, { value: x(params) });
  const trials = search({ x: float(0, 1) }, halfFails, 20, seed);
  const first = trials.slice(0, 10);
  expect(first.map(({ params }) => Math.floor(10 * x(params))).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(first.filter(({ state }) => state === "complete")).toHaveLength(5);
  expect(trials.filter(({ state }) => state === "complete").length).toBeGreaterThanOrEqual(10);
});

describe.each<[string, (number: number, params: Params) => Trial]>([
  ["failing", failed],
  ["NaN as the worst value", (number, params) => trialOf(number, params, { value: Number.NaN })],
])("a rate that diverges above .3, of 1e-5 to 10: %s", (_name, bad) => {
  // A quarter of the range in its logarithm diverges; the best is .1, close to it.
  const outcome: Outcome = (n, params) =>
    x(params) > 0.3 ? bad(n, params) : trialOf(n, params, { value: Math.abs(Math.log10(x(params)) + 1) });
  const space = { x: float(1e-5, 10, { log: true }) };

  test("at most 10 of 40 proposals diverge, in 19 of 20 seeds", () => {
    const good = seeds.filter((seed) => {
      const proposals = search(space, outcome, 60, seed).slice(20);
      return proposals.filter(({ params }) => x(params) > 0.3).length <= 10;
    });
    expect(good.length).toBeGreaterThanOrEqual(19);
  });
});

test("five floats of which half of the space fails: the best of 100 is better than that of 100 at random, in 18 of 20 seeds", () => {
  const names = ["a", "b", "c", "d", "e"];
  const space = Object.fromEntries(names.map((name) => [name, float(-5, 5)]));
  const square = (params: Params): number => names.reduce((sum, name) => sum + ((params[name] as number) - 2) ** 2, 0);
  // The optimum is at 2, …, 2; where the sum of the coordinates is below 0 everything fails.
  const fails = (params: Params): boolean => names.reduce((sum, name) => sum + (params[name] as number), 0) < 0;
  const outcome: Outcome = (n, params) =>
    fails(params) ? failed(n, params, "exception") : trialOf(n, params, { value: square(params) });
  const best = (trials: readonly Trial[]): number =>
    Math.min(...trials.map(({ state, value }) => (state === "complete" ? (value as number) : Infinity)));
  const better = seeds.filter((seed) => {
    const rng = streamOf(seed, 1_000);
    const random = Array.from({ length: 100 }, (_, n) =>
      outcome(n, Object.fromEntries(names.map((name) => [name, -5 + 10 * rng()]))),
    );
    return best(search(space, outcome, 100, seed)) < best(random);
  });
  expect(better.length).toBeGreaterThanOrEqual(18);
});

test("where ten of eleven draws fail the first draws end with fifteen, and a third of the next forty complete: 18 of 20 seeds", () => {
  const names = ["a", "b", "c", "d", "e"];
  const space = Object.fromEntries(names.map((name) => [name, float(0, 1)]));
  const outcome: Outcome = (n, params) =>
    names.some((name) => (params[name] as number) > 0.62)
      ? failed(n, params)
      : trialOf(n, params, { value: x(params, "a") });
  const good = seeds.filter((seed) => {
    const proposals = search(space, outcome, 55, seed).slice(15);
    return proposals.filter(({ state }) => state === "complete").length >= 13;
  });
  expect(good.length).toBeGreaterThanOrEqual(18);
});

test("the preset of Optuna's rule learns nothing from failed trials", () => {
  const space = { x: float(0, 1) };
  const known = Array.from({ length: 12 }, (_, n) => trialOf(n, { x: n / 12 }, { value: n }));
  const ask = (trials: readonly Trial[]): Params =>
    new TpeSampler({ preset: "optuna" }).suggest(space, { direction: "minimize", trials }, streamOf(1, 20));
  expect(ask([...known, failed(12, { x: 0.01 }), failed(13, { x: 0.02 })])).toEqual(ask(known));
});
