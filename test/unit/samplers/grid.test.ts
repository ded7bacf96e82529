import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { categorical, createRng, float, int } from "../../../src/core/index.js";
import type { History, Params, SearchSpace, Trial } from "../../../src/core/index.js";
import { GridSampler } from "../../../src/samplers/grid.js";
import type { GridSamplerOptions } from "../../../src/samplers/grid.js";
import { finiteSpaces } from "../../../src/testing/sampler-scenes.js";
import { trialOf } from "../../../src/testing/trials.js";

/** Asks until there is nothing left. */
function all(space: SearchSpace, options: GridSamplerOptions, history: Partial<History> = {}, seed = 1): Trial[] {
  const sampler = new GridSampler(options);
  const trials = [...(history.trials ?? [])];
  for (;;) {
    const left = sampler.remaining(space, { direction: "minimize", ...history, trials });
    const params = sampler.suggest(
      space,
      { direction: "minimize", ...history, trials },
      createRng(seed, trials.length),
    );
    if ((params === null) !== (left === 0)) throw new Error(`${left} left, proposed ${JSON.stringify(params)}`);
    if (params === null) return trials;
    trials.push(trialOf(trials.length, params, { state: trials.length % 2 ? "failed" : "complete", value: 1 }));
  }
}

const texts = (trials: readonly { readonly params: Params }[]): string[] =>
  trials.map(({ params }) => JSON.stringify(params));

describe("the grid sampler", () => {
  const small = Object.entries(finiteSpaces).filter(([, space]) => new GridSampler().size(space) <= 60);
  test.each(small)("repeat: all points once, then all again in the same order: %s", (_name, space) => {
    const once = texts(all(space, {}));
    expect(new Set(once).size).toBe(once.length);
    expect(texts(all(space, { repeat: 3 }))).toEqual([...once, ...once, ...once]);
  });

  test("random: so many different points, each as often as it is to be, all once before any twice", () => {
    const continuous: SearchSpace = { lr: float(1e-5, 1e-1, { log: true }), layers: int(1, 2) };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        (random, repeat, finite) => {
          const space: SearchSpace = finite ? { a: int(1, 3), b: categorical(["x", "y", "z"]) } : continuous;
          const trials = texts(all(space, { random, repeat }));
          const points = trials.slice(0, random);
          expect(new Set(points).size).toBe(random);
          expect(trials).toEqual(Array.from({ length: repeat }, () => points).flat());
        },
      ),
      { numRuns: 30 },
    );
    expect(texts(all(continuous, { random: 5 }, {}, 1))).not.toEqual(texts(all(continuous, { random: 5 }, {}, 2)));
  });

  test("more random points than a finite space has are all of them", () => {
    expect(new Set(texts(all({ n: int(1, 4) }, { random: 9 })))).toEqual(
      new Set([1, 2, 3, 4].map((n) => `{"n":${n}}`)),
    );
  });

  test("what was enqueued counts at its point, off the grid it counts for nothing; retries are no trials of their own", () => {
    const space = { n: int(1, 2) };
    const trials = [
      trialOf(0, { n: 2 }, { state: "waiting" }),
      trialOf(1, { n: 7 }, { value: 0 }),
      trialOf(2, { n: 1 }, { state: "failed" }),
      trialOf(3, { n: 1 }, { value: 1, retry_of: 2 }),
    ];
    expect(
      all(space, { repeat: 2 }, { trials })
        .slice(4)
        .map(({ params }) => params["n"]),
    ).toEqual([1, 2]);
  });

  test("banned points are left out, those that were not tried included", () => {
    const space = { n: int(1, 3) };
    const trials = [trialOf(0, { n: 2 }, { state: "waiting" })];
    const banned = [{ n: 2 }, { n: 3 }, { n: 9 }];
    expect(
      all(space, { repeat: 2 }, { trials, banned })
        .slice(1)
        .map(({ params }) => params["n"]),
    ).toEqual([1, 1]);
  });

  test("conditional points have no repeats without a meaning", () => {
    // sgd has a momentum, adam none: 2 + 1 points, not 4.
    const space: SearchSpace = {
      optimizer: categorical(["sgd", "adam"]),
      momentum: categorical([0.5, 0.9], { when: { optimizer: "sgd" } }),
    };
    expect(new GridSampler().size(space)).toBe(3);
    expect(texts(all(space, { repeat: 2 }))).toHaveLength(6);
  });

  test("what it cannot be is refused in a line", () => {
    expect(() => new GridSampler({ repeat: 0 })).toThrow("grid: repeat must be an integer of at least 1, got 0");
    expect(() => new GridSampler({ random: 1.5 })).toThrow("grid: random must be an integer of at least 1, got 1.5");
    expect(() => new GridSampler({ times: 2 } as GridSamplerOptions)).toThrow(/unknown option "times"/);
    expect(() => new GridSampler({ repeat: 2 }).checkSpace({ x: float(0, 1) })).toThrow(/needs a step for "x"/);
  });
});
