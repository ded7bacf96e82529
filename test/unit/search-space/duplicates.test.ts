import { describe, expect, test } from "vitest";
import type { OnDuplicate, SearchSpace, Trial } from "../../../src/core/index.js";
import { categorical, createRng, float, int } from "../../../src/core/index.js";
import type { Proposal } from "../../../src/search-space/duplicates.js";
import { propose, spaceSize, visitedPoints } from "../../../src/search-space/duplicates.js";
import { GridSampler } from "../../../src/samplers/grid.js";
import { RandomSampler } from "../../../src/samplers/random.js";
import type { Sampler } from "../../../src/samplers/sampler.js";
import { TpeSampler } from "../../../src/samplers/tpe/tpe.js";
import { streamOf } from "../../../src/testing/sampler-scenes.js";
import { trialOf } from "../../fixtures/trials.js";

// 20 points: 2 x 5 under "u", 10 under "v"
const space: SearchSpace = {
  mode: categorical(["u", "v"]),
  a: int(0, 1, { when: { mode: "u" } }),
  b: float(0, 1, { step: 0.25, when: { mode: "u" } }),
  n: int(1, 10, { when: { mode: "v" } }),
};

function run(
  sampler: Sampler,
  rule: OnDuplicate,
  most: number,
  state: Trial["state"] = "complete",
): [Trial[], Proposal] {
  const trials: Trial[] = [];
  for (;;) {
    const proposal = propose(sampler, space, { direction: "minimize", trials }, streamOf(1, trials.length), {
      onDuplicate: rule,
    }) as Proposal;
    if (proposal.kind === "exhausted" || trials.length === most) return [trials, proposal];
    const value = proposal.kind === "reuse" ? (proposal.of.value ?? null) : trials.length;
    trials.push(trialOf(trials.length, proposal.params, state === "complete" ? { value } : { state }));
  }
}

const different = (trials: Trial[]): number => new Set(trials.map((t) => JSON.stringify(t.params))).size;
const samplers: [string, () => Sampler][] = [
  ["random", () => new RandomSampler()],
  ["tpe", () => new TpeSampler()],
  ["tpe as Optuna's", () => new TpeSampler({ preset: "optuna" })],
];

test("the size counts active parameters", () => {
  expect(spaceSize(space)).toBe(20);
  expect(spaceSize({ x: float(0, 1) })).toBe(Infinity);
});

describe.each(samplers)("%s", (_name, make) => {
  test("resample: every point once, then exhausted", () => {
    const [trials, last] = run(make(), "resample", 60);
    expect(last.kind).toBe("exhausted");
    expect([trials.length, different(trials)]).toEqual([20, 20]);
  });
  test("resample: points that fail are not tried again", () => {
    expect(run(make(), "resample", 60, "failed")[0]).toHaveLength(20);
  });
  test("reuse: a repeat takes over the value; exhausted when all points are known", () => {
    const [trials, last] = run(make(), "reuse", 400);
    expect(last.kind).toBe("exhausted");
    expect(different(trials)).toBe(20);
    expect(trials.length).toBeGreaterThan(20);
    const values = new Map<string, number | null>();
    for (const t of trials) {
      const key = JSON.stringify(t.params);
      if (values.has(key)) expect(t.value).toBe(values.get(key));
      values.set(key, t.value ?? null);
    }
  });
  test("run: repeats are accepted and nothing is exhausted", () => {
    const [trials, last] = run(make(), "run", 60);
    expect(last.kind).toBe("run");
    expect(trials).toHaveLength(60);
  });
});

test("reuse only takes over complete trials", () => {
  const one: SearchSpace = { c: categorical(["x", "y"]) };
  const always: Sampler = { name: "always", suggest: () => ({ c: "x" }) };
  const ask = (over: Partial<Trial>): Proposal =>
    propose(always, one, { direction: "minimize", trials: [trialOf(0, { c: "x" }, over)] }, createRng(0), {
      onDuplicate: "reuse",
    }) as Proposal;
  expect(ask({ value: 1 })).toMatchObject({ kind: "reuse", of: { number: 0 } });
  expect(ask({ state: "running" })).toEqual({ kind: "run", params: { c: "y" } });
  expect(ask({ state: "pruned" })).toEqual({ kind: "run", params: { c: "y" } });
});

test("a grid ends under every rule", () => {
  for (const rule of ["resample", "reuse", "run"] as const) {
    const [trials, last] = run(new GridSampler(), rule, 60);
    expect([trials.length, last.kind]).toEqual([20, "exhausted"]);
  }
});

test("visited points are counted once, foreign ones not at all", () => {
  const trials = [{ mode: "v", n: 3 }, { mode: "v", n: 3, a: 1 }, { mode: "v", n: 11 }, {}].map((p, i) =>
    trialOf(i, p),
  );
  expect(visitedPoints(space, { direction: "minimize", trials })).toBe(1);
});
