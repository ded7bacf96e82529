import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SearchSpace } from "../../../src/core/index.js";
import { categorical, createRng, float, int } from "../../../src/core/index.js";
import { GridSampler } from "../../../src/samplers/grid.js";
import { drawUniform, valueAtQuantile } from "../../../src/search-space/draw-uniform.js";
import { RandomSampler } from "../../../src/samplers/random.js";
import { drawOrder } from "../../../src/search-space/parents-first.js";
import { fitsSpace } from "../../../src/testing/fits-space.js";
import { buildParams, indexPoints, samePoint } from "../../../src/search-space/points.js";
import { fromUnit, toUnit, unitDimension } from "../../../src/search-space/unit-interval.js";
import { finiteSpaces } from "../../../src/testing/sampler-scenes.js";
import { trialOf } from "../../fixtures/trials.js";
import type { History } from "../../../src/core/index.js";

const nothing: History = { direction: "minimize", trials: [] };

describe("random draws are uniform", () => {
  const N = 40_000;
  const draw = (d: SearchSpace[string]): unknown[] => {
    const rng = createRng(5, "uniform");
    return Array.from({ length: N }, () => drawUniform(d, rng));
  };
  /** Four standard deviations of a binomial share. */
  const near = (share: number, expected: number): void =>
    expect(Math.abs(share - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / N));

  test("floats, in the logarithm for log ranges", () => {
    near(draw(float(-2, 6)).filter((x) => (x as number) < 0).length / N, 0.25);
    near(draw(float(1e-4, 1, { log: true })).filter((x) => (x as number) < 1e-3).length / N, 0.25);
  });
  test("every value of a stepped, integer or categorical parameter equally often, ends included", () => {
    for (const d of [int(3, 7), float(0, 1, { step: 0.25 }), categorical(["a", "b", "c", "d", "e"])]) {
      const values = draw(d);
      const different = [...new Set(values)];
      expect(different).toHaveLength(5);
      for (const v of different) near(values.filter((x) => x === v).length / N, 0.2);
    }
  });
  test("log integers by the width of their cell", () => {
    const values = draw(int(1, 9, { log: true }));
    near(values.filter((x) => x === 1).length / N, Math.log(1.5 / 0.5) / Math.log(9.5 / 0.5));
    near(values.filter((x) => x === 9).length / N, Math.log(9.5 / 8.5) / Math.log(9.5 / 0.5));
  });
  test("quantiles are inside at both ends", () => {
    for (const d of [float(0.1, 0.7, { step: 0.1 }), int(1, 5, { log: true }), float(1e-7, 3, { log: true })])
      for (const u of [0, 1 - Number.EPSILON / 2]) expect(fitsSpace({ d }, { d: valueAtQuantile(d, u) })).toBe(true);
  });
});

describe("conditions", () => {
  test("parents are drawn first, wherever they stand", () => {
    const space = { c: int(0, 1, { when: { b: 1 } }), b: int(0, 1, { when: { a: 1 } }), a: int(0, 1) };
    expect(drawOrder(space)).toEqual(["a", "b", "c"]);
  });
  test("a circle is an error", () => {
    expect(() => drawOrder({ a: int(0, 1, { when: { b: 1 } }), b: int(0, 1, { when: { a: 1 } }) })).toThrow(
      /form a cycle/,
    );
  });
  test("the same point is judged on active parameters", () => {
    const space = { mode: categorical(["u", "v"]), rate: float(0, 1, { step: 0.1, when: { mode: "v" } }) };
    expect(samePoint(space, { mode: "u" }, { mode: "u", rate: 0.3 })).toBe(true);
    expect(samePoint(space, { mode: "v", rate: 0.1 + 0.2 }, { mode: "v", rate: 0.3 })).toBe(true);
    expect(samePoint(space, { mode: "v", rate: 0.4 }, { mode: "v", rate: 0.3 })).toBe(false);
    expect(samePoint(space, { mode: "v", rate: 0.3 }, { mode: "v" })).toBe(false);
  });
});

describe("points of finite spaces", () => {
  test("counted over the tree, numbered there and back", () => {
    // depth 1: 1; depth 2: 4; depth 3: 4 x (u: 1, v: 5)
    expect(indexPoints(finiteSpaces["a conditional tree"] as SearchSpace)?.size).toBe(1 + 4 + 4 * 6);
    for (const space of Object.values(finiteSpaces)) {
      const points = indexPoints(space);
      const seen = new Set<string>();
      for (let i = 0; i < (points?.size ?? 0); i++) {
        const params = points?.at(i) ?? {};
        expect(fitsSpace(space, params)).toBe(true);
        expect(points?.indexOf(params)).toBe(i);
        seen.add(JSON.stringify(params));
      }
      expect(seen.size).toBe(points?.size);
    }
  });
  test("large spaces are counted without being walked", () => {
    const space = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`p${i}`, int(1, 100)]));
    expect(indexPoints(space)?.size).toBe(1e18);
  });
  test("a continuous range has none", () => expect(indexPoints({ x: float(0, 1) })).toBeNull());

  test("the grid visits every point once and ends", () => {
    for (const space of Object.values(finiteSpaces)) {
      const sampler = new GridSampler();
      const trials = [];
      for (let n = 0; n <= 2000; n++) {
        const params = sampler.suggest(space, { direction: "minimize", trials });
        if (params === null) break;
        trials.push(trialOf(n, params, n % 3 ? { value: n } : { state: n % 2 ? "failed" : "running" }));
      }
      expect(trials).toHaveLength(sampler.size(space));
      expect(new Set(trials.map((t) => JSON.stringify(t.params))).size).toBe(trials.length);
    }
  });
  test("the grid skips what was enqueued out of turn", () => {
    const trials = [trialOf(0, { n: 2 }, { value: 1 }), trialOf(1, { n: 1 }, { state: "waiting" })];
    expect(new GridSampler().suggest({ n: int(1, 3) }, { direction: "minimize", trials })).toEqual({ n: 3 });
  });
  test("a continuous range is a mistake that names the parameter and the way out", () => {
    const space = { n: int(1, 3), "train.lr": float(1e-5, 1e-1, { log: true }) };
    expect(() => new GridSampler().suggest(space, nothing)).toThrow(
      /"train\.lr".*continuous.*step or a list of choices/,
    );
  });
});

const distribution = fc.oneof(
  fc
    .tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.double({ min: 0, max: 1e6, noNaN: true }))
    .map(([a, w]) => float(a, a + w)),
  fc
    .tuple(fc.double({ min: 1e-9, max: 10, noNaN: true }), fc.double({ min: 1, max: 1e6, noNaN: true }))
    .map(([a, f]) => float(a, a * f, { log: true })),
  fc
    .tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 40 }), fc.constantFrom(0.1, 0.25, 3))
    .map(([a, n, s]) => float(a, a + n * s, { step: s })),
  fc
    .tuple(fc.integer({ min: -500, max: 500 }), fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 9 }))
    .map(([a, w, s]) => int(a, a + w, { step: s })),
  fc
    .tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 5000 }))
    .map(([a, w]) => int(a, a + w, { log: true })),
  fc
    .uniqueArray(fc.oneof(fc.string(), fc.integer(), fc.boolean()), { minLength: 1, maxLength: 6 })
    .map((c) => categorical(c)),
);

test("any space: draws fit it, and the unit interval leads there and back", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), distribution, { maxKeys: 5 }), fc.integer({ min: 0 }), (space, seed) => {
      const params = new RandomSampler().suggest(space, nothing, createRng(seed));
      expect(fitsSpace(space, params)).toBe(true);
      for (const [name, d] of Object.entries(space)) {
        if (d.type === "categorical") continue;
        const u = unitDimension(d);
        const x = params[name] as number;
        const back = fromUnit(u, toUnit(u, x));
        expect(Math.abs(back - x)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(x), d.high - d.low));
      }
    }),
    { numRuns: 200, seed: 1 },
  );
});

test("building parameters asks only for active ones", () => {
  const asked: string[] = [];
  buildParams({ a: int(0, 0), b: int(0, 1, { when: { a: 1 } }), c: int(0, 1, { when: { a: [0, 1] } }) }, (name) => {
    asked.push(name);
    return 0;
  });
  expect(asked).toEqual(["a", "c"]);
});
