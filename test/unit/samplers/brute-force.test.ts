import { describe, expect, test } from "vitest";
import { categorical, float, int } from "../../../src/core/index.js";
import type { Distribution, Params, SearchSpace, Trial } from "../../../src/core/index.js";
import { BruteForceSampler } from "../../../src/samplers/brute-force/brute-force.js";
import { GridSampler } from "../../../src/samplers/grid.js";
import { finiteSpaces, streamOf } from "../../../src/testing/sampler-scenes.js";
import { trialOf } from "../../../src/testing/trials.js";

const suggest = (space: SearchSpace, trials: readonly Trial[], seed = 0): Params | null =>
  new BruteForceSampler().suggest(space, { direction: "minimize", trials }, streamOf(seed, trials.length));

function visitAll(space: SearchSpace, seed: number, most = 2000): Trial[] {
  const sampler = new BruteForceSampler();
  const trials: Trial[] = [];
  while (trials.length < most) {
    const n = trials.length;
    const params = sampler.suggest(space, { direction: "minimize", trials }, streamOf(seed, n));
    if (params === null) break;
    trials.push(trialOf(n, params, n % 3 ? { value: n } : { state: n % 2 ? "failed" : "running" }));
  }
  return trials;
}

describe("the brute-force sampler", () => {
  test.each(Object.entries(finiteSpaces))("visits every point once and ends: %s", (_name, space) => {
    const points = (trials: readonly Trial[]): string[] => trials.map((t) => JSON.stringify(t.params)).sort();
    const trials = visitAll(space, 1);
    const every: Trial[] = [];
    for (;;) {
      const params = new GridSampler().suggest(space, { direction: "minimize", trials: every });
      if (params === null) break;
      every.push(trialOf(every.length, params, { value: 0 }));
    }
    expect(points(trials)).toEqual(points(every));
    expect(trials).not.toEqual(visitAll(space, 2).length > 1 ? visitAll(space, 2) : []);
  });

  test("each of the points that are left is as likely", () => {
    const space = { n: int(0, 9) };
    const taken = [0, 1, 5, 9].map((n, i) => trialOf(i, { n }, { value: 0 }));
    const counts = new Map<unknown, number>();
    for (let seed = 0; seed < 3000; seed++) {
      const n = suggest(space, taken, seed)?.["n"];
      counts.set(n, (counts.get(n) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([2, 3, 4, 6, 7, 8]);
    // 4.5 standard deviations of a sixth
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(4.5 * Math.sqrt(3000 * (5 / 36)));
  });

  test("eight asks before any result are eight points; what was enqueued or failed is not proposed again", () => {
    const space = { a: categorical(["x", "y"]), n: int(1, 5) };
    const trials: Trial[] = [
      trialOf(0, { a: "x", n: 1 }, { state: "waiting" }),
      trialOf(1, { a: "y", n: 1 }, { state: "failed" }),
    ];
    for (let n = 2; n < 10; n++) trials.push(trialOf(n, suggest(space, trials) as Params, { state: "running" }));
    expect(new Set(trials.map((t) => JSON.stringify(t.params))).size).toBe(10);
    expect(suggest(space, trials)).toBeNull();
  });

  test("large spaces are counted, not laid out: beyond 2^53 points, and many conditional trees at once", () => {
    const wide = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`p${i}`, int(1, 1000)]));
    const tree = (i: number): [string, Distribution][] => [
      [`use${i}`, categorical([true, false])],
      [`size${i}`, int(1, 3, { when: { [`use${i}`]: true } })],
    ];
    const trees: SearchSpace = Object.fromEntries(Array.from({ length: 25 }, (_, i) => tree(i)).flat());
    for (const space of [wide, trees]) {
      const trials = visitAll(space, 3, 50);
      expect(new Set(trials.map((t) => JSON.stringify(t.params))).size).toBe(50);
    }
    // 4 points a tree: one in four has it off
    const off = visitAll(trees, 4, 50).flatMap((t) => Object.entries(t.params).filter(([, value]) => value === false));
    expect(Math.abs(off.length - 1250 / 4)).toBeLessThan(4.5 * Math.sqrt(1250 * (3 / 16)));
  });

  test("a continuous range is a mistake that names the parameter and the way out", () => {
    const space = { n: int(1, 3), "train.lr": float(1e-5, 1e-1, { log: true }) };
    expect(() => suggest(space, [])).toThrow(
      /"train\.lr".*\[0\.00001, 0\.1\] is continuous.*step or a list of choices/,
    );
    expect(() => {
      new BruteForceSampler().checkSpace(space);
    }).toThrow(expect.objectContaining({ code: "brute-force-needs-steps" }));
  });

  test("one tree with more combinations than can be counted is refused", () => {
    const deep: Record<string, Distribution> = {};
    for (let i = 0; i < 18; i++)
      deep[`b${i}`] = i === 0 ? categorical([0, 1]) : categorical([0, 1], { when: { [`b${i - 1}`]: [0, 1] } });
    expect(() => suggest(deep, [])).toThrow(/b0, b1, .*more than 100000/);
  });
});

test("of more points than can be numbered each parameter takes all of its values", () => {
  // 10^20 points: whole numbers of that size are multiples of 2^14, whose last digit is even
  const names = Array.from({ length: 20 }, (_, i) => `n${i}`);
  const huge: SearchSpace = Object.fromEntries(names.map((name) => [name, int(0, 9)]));
  const points = Array.from({ length: 200 }, (_, seed) => suggest(huge, [], seed));
  for (const name of names) expect(new Set(points.map((point) => point?.[name])).size, name).toBe(10);
});
