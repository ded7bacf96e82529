/** The benchmarks' tests that one side's values are lower, against SciPy and by hand. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

interface Sides {
  readonly a: readonly number[];
  readonly b: readonly number[];
}
interface Tests {
  readonly mannWhitneyLess: (a: readonly number[], b: readonly number[]) => { p: number; share: number };
  readonly vanElteren: (strata: readonly Sides[]) => { z: number; pLower: number; pHigher: number; share: number };
}
interface Fixture {
  readonly pairs: readonly (Sides & { p: number; pPlain: number; share: number })[];
  readonly sets: readonly { strata: Sides[]; z: number; pLower: number; pHigher: number; permuted: number }[];
}

const file = new URL("../../../bench/mann-whitney.mjs", import.meta.url).href;
const { mannWhitneyLess, vanElteren } = (await import(file)) as Tests;
const fixture = JSON.parse(
  readFileSync(new URL("../../fixtures/bench/tests.json", import.meta.url), "utf8"),
) as Fixture;

describe("Mann-Whitney", () => {
  test.each(fixture.pairs)("as SciPy's, ties and unequal sizes included", ({ a, b, p, share }) => {
    const found = mannWhitneyLess(a, b);
    expect(found.p).toBeCloseTo(p, 12);
    expect(found.share).toBeCloseTo(share, 12);
  });
});

describe("van Elteren's test", () => {
  test.each(fixture.pairs)("of one stratum is SciPy's Mann-Whitney without continuity correction", (pair) => {
    const found = vanElteren([pair]);
    expect(found.pLower).toBeCloseTo(pair.pPlain, 12);
    expect(found.share).toBeCloseTo(pair.share, 12);
  });

  test.each(fixture.sets)("as from the ranks themselves, and near the permutations' share", (set) => {
    const found = vanElteren(set.strata);
    expect(found.z).toBeCloseTo(set.z, 10);
    expect(found.pLower).toBeCloseTo(set.pLower, 12);
    expect(found.pHigher).toBeCloseTo(set.pHigher, 12);
    expect(Math.abs(found.pLower - set.permuted)).toBeLessThan(0.02);
  });

  test("by hand: two strata of different sizes", () => {
    // 1 | 2 3: rank sum of a is 1, expected 2, variance 2 / 3, weight 1 / 4. 1 4 | 2 3: 5 of 5. z = -.25 / sqrt(.0417 + .0667).
    const found = vanElteren([
      { a: [1], b: [2, 3] },
      { a: [1, 4], b: [2, 3] },
    ]);
    expect(found.z).toBeCloseTo(-0.25 / Math.sqrt(2 / 3 / 16 + 5 / 3 / 25), 12);
    expect(found.share).toBe(0.75);
  });

  test("studies without a value rank behind all, equal to one another", () => {
    const found = vanElteren([{ a: [Infinity, Infinity, 1], b: [Infinity, 2, 3] }]);
    // Pairs: 1 wins three times; each Infinity ties once and loses twice: (3 + .5 + .5) / 9.
    expect(found.share).toBeCloseTo(4 / 9, 12);
  });

  test("says nothing where all values are equal", () => {
    expect(vanElteren([{ a: [0, 0], b: [0, 0, 0] }])).toEqual({ z: 0, pLower: 0.5, pHigher: 0.5, share: 0.5 });
  });
});
