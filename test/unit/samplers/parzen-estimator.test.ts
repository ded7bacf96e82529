import { describe, expect, test } from "vitest";
import type { SearchSpace } from "../../../src/core/index.js";
import { createRng, float, int } from "../../../src/core/index.js";
import { ParzenEstimator } from "../../../src/samplers/tpe/parzen-estimator.js";
import { fixture } from "./fixtures.js";

interface Case {
  name: string;
  space: SearchSpace;
  observations: Record<string, number[]>;
  samples: Record<string, number[]>;
  weights: "default" | "ascending";
  predeterminedWeights: number[] | null;
  priorWeight: number;
  magicClip: boolean;
  endpoints: boolean;
  multivariate: boolean;
  logPdf: number[];
}

const { cases } = fixture<{ cases: Case[] }>("parzen.json");
const ascending = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

describe("logPdf equals Optuna 5.0.0's to 1e-9", () => {
  test.each([...new Set(cases.map((c) => c.name))])("%s", (name) => {
    for (const { logPdf: expected, weights, samples, ...given } of cases.filter((c) => c.name === name)) {
      const { name: _name, ...options } = given;
      const estimator = new ParzenEstimator({ ...options, ...(weights === "ascending" ? { weights: ascending } : {}) });
      const actual = estimator.logPdf(samples);
      expect(actual).toHaveLength(expected.length);
      actual.forEach((v, i) => {
        const e = expected[i] as number;
        expect(Math.abs(v - e), `${name}, sample ${i}`).toBeLessThan(1e-9 * Math.max(1, Math.abs(e)));
      });
    }
  });
});

test("a density integrates to 1, and samples follow it", () => {
  const space = { x: float(0, 1), n: int(1, 12) };
  const estimator = new ParzenEstimator({ space, observations: { x: [0.2, 0.25, 0.9], n: [3, 4, 11] } });
  const cells = 400;
  const xs = Array.from({ length: cells }, (_, i) => (i + 0.5) / cells);
  let total = 0;
  let left = 0;
  for (let n = 1; n <= 12; n++) {
    const mass = estimator.logPdf({ x: xs, n: xs.map(() => n) }).map((v) => Math.exp(v) / cells);
    total += mass.reduce((a, b) => a + b, 0);
    if (n <= 6) left += mass.slice(0, cells / 2).reduce((a, b) => a + b, 0);
  }
  expect(total).toBeCloseTo(1, 4);
  const size = 20_000;
  const drawn = estimator.sample(createRng(3, "parzen"), size);
  const hits = drawn.x?.filter((x, i) => x < 0.5 && (drawn.n?.[i] as number) <= 6).length as number;
  // four standard deviations of a binomial share
  expect(Math.abs(hits / size - left)).toBeLessThan(4 * Math.sqrt((left * (1 - left)) / size));
  expect(drawn.x?.every((x) => x >= 0 && x <= 1) && drawn.n?.every((n) => Number.isInteger(n))).toBe(true);
});

describe("mistakes are told", () => {
  const space = { a: float(-1, 1) };
  const observations = { a: [0] };
  test.each([[() => [0]], [() => [-1]], [() => [Infinity]], [() => [NaN]], [() => []]])("weights %s", (weights) => {
    expect(() => new ParzenEstimator({ space, observations, weights })).toThrow(/weights\(1\) gave/);
  });
  test("prior weight, lengths and names", () => {
    expect(() => new ParzenEstimator({ space, observations, priorWeight: -1 })).toThrow(/priorWeight/);
    expect(() => new ParzenEstimator({ space, observations, predeterminedWeights: [1, 2] })).toThrow(/2 weights/);
    expect(() => new ParzenEstimator({ space, observations: {} })).toThrow(/no values of "a"/);
  });
});
