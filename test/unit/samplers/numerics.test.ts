// The arithmetic in WebAssembly against the same formulas written down in JavaScript, bit for bit.
import { describe, expect, test } from "vitest";
import { categorical, createRng, float, int } from "../../../src/core/index.js";
import type { Distribution } from "../../../src/core/index.js";
import { LOG_SQRT_2PI, ndtr } from "../../../src/core/normal.js";
import { scalesOf, unitPoints } from "../../../src/samplers/numerics.js";
import { KernelDensity } from "../../../src/samplers/tpe/kernel-density.js";
import { noisiness } from "../../../src/samplers/tpe/noise.js";
import type { UnitDimension } from "../../../src/search-space/unit-interval.js";
import { toUnit, unitDimension } from "../../../src/search-space/unit-interval.js";

const dimensionsOf = (...distributions: Distribution[]): UnitDimension[] => distributions.map(unitDimension);

test("values become points of the unit cube as by toUnit, in rows of any number", () => {
  const dimensions = dimensionsOf(
    float(-5, 5),
    float(1e-5, 1e-1, { log: true }),
    int(1, 128),
    categorical(["a", "b", "c"]),
    int(1, 1024, { log: true }),
  );
  const rng = createRng(1, "values");
  // more than the memory holds at first
  const rows = Array.from({ length: 20_000 }, (_, k) =>
    Float64Array.of(
      ...[-5 + 10 * rng(), 10 ** (-5 + 4 * rng()), 1 + Math.floor(128 * rng()), k % 3],
      k % 7 === 0 ? NaN : 1 + Math.floor(1024 * rng()),
    ),
  );
  const points = unitPoints(dimensions, rows);
  expect(points).toHaveLength(rows.length);
  const wrong = rows.filter(
    (row, k) => !dimensions.every((d, i) => Object.is(points[k]?.[i], toUnit(d, row[i] as number))),
  );
  expect(wrong).toEqual([]);
  expect([...scalesOf(dimensions).subarray(0, 5)]).toEqual([0, 0, 0, 3, 0]);
});

describe("the log density of a Parzen estimator", () => {
  const cut = (u: number, h: number): number => ndtr((1 - u) / h) - ndtr(-u / h);

  test("one kernel, no prior: that of a normal cut to the interval, all over it and into its tails", () => {
    const line = dimensionsOf(float(0, 1));
    const rng = createRng(2, "kernels");
    for (let i = 0; i < 2000; i++) {
      const [u, h, x] = [rng(), 10 ** (-3 * rng()), rng()] as const;
      const inside = u / h > 6 && (1 - u) / h > 6;
      const z = (x - u) * (1 / h);
      const expected = 0 + (-Math.log(h * (inside ? 1 : cut(u, h))) - LOG_SQRT_2PI) - 0.5 * z * z;
      const density = new KernelDensity(line, [Float64Array.of(u)], [1], 0, Float64Array.of(h));
      expect(density.logPdf([Float64Array.of(x)])[0]).toBe(expected);
    }
  });

  test("choices, what a point lacks, and what a candidate lacks", () => {
    const dimensions = dimensionsOf(categorical(["a", "b", "c"]), float(0, 1));
    const at = (...x: number[]): Float64Array => Float64Array.from(x);
    const points = [at(0, 0.5), at(2, NaN), at(NaN, 0.5)];
    const [s, h] = [0.2, 0.04];
    const density = new KernelDensity(dimensions, points, [3, 2, 1], 2, at(s, h));
    const own = (1 + s) / (1 + 3 * s);
    const other = s / (1 + 3 * s);
    const peak = 1 / (h * Math.sqrt(2 * Math.PI));
    const [a, b, lacking] = density.logPdf([at(0, 0.5), at(1, 0.9), at(NaN, 0.9)]);
    expect(a).toBeCloseTo(Math.log((3 * own * peak + 2 * other + (peak + 2) / 3) / 8), 12);
    // ten bandwidths away from every point that has the number
    expect(b).toBeCloseTo(Math.log((2 * other + 2 / 3) / 8), 12);
    expect(lacking).toBeCloseTo(Math.log(4 / 8), 12);
  });

  test("more kernels than the memory holds at first", () => {
    const line = dimensionsOf(float(0, 1));
    const points = Array.from({ length: 60_000 }, (_, k) => Float64Array.of(k % 2));
    const density = new KernelDensity(line, points, new Float64Array(60_000).fill(1), 0, Float64Array.of(0.01));
    // half of the kernels peak at 0, and half of each of these is cut off
    expect(density.logPdf([Float64Array.of(0)])[0]).toBeCloseTo(Math.log(1 / (0.01 * Math.sqrt(2 * Math.PI))), 9);
  });
});

/** The statistic as docs/decisions/0007-tpe.md words it. */
function ratioOf(points: readonly Float64Array[], values: readonly number[], choices: readonly number[]): number {
  const pairs = points.flatMap((p, i) =>
    points.slice(0, i).map((q, j) => {
      const apart = choices.map((n, d) => {
        const [x, y] = [p[d] as number, q[d] as number];
        if (Object.is(x, y)) return 0;
        return Number.isNaN(x) || Number.isNaN(y) || (n > 0 && x !== y) ? 1 : (x - y) ** 2;
      });
      const distance = apart.reduce((sum, square) => sum + square, 0);
      return { of: [i, j], distance, difference: Math.abs((values[i] as number) - (values[j] as number)) };
    }),
  );
  const told = pairs.filter(({ difference }) => !Number.isNaN(difference));
  const median = (some: readonly { difference: number }[]): number =>
    some.map(({ difference }) => difference).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))[(some.length - 1) >> 1] ??
    NaN;
  const nearFirst = (some: typeof told): typeof told => [...some].sort((a, b) => a.distance - b.distance);
  const quarter = Math.floor(told.length / 4);
  const sorted = nearFirst(told);
  const own = points.map((_, i) => told.filter(({ of }) => of.includes(i))).filter((some) => some.length > 0);
  const byScale = median(sorted.slice(0, quarter)) / median(sorted.slice(sorted.length - quarter));
  const nearest = own.flatMap((some) => nearFirst(some).slice(0, 2));
  return Math.sqrt((byScale * median(nearest)) / median(own.map((some) => ({ difference: median(some) }))));
}

test("how noisy values are, with ties, choices, missing parameters and infinities", () => {
  const dimensions = dimensionsOf(float(0, 1), categorical(["a", "b", "c"]), float(0, 1));
  const seen = new Set<number>();
  for (let seed = 0; seed < 200; seed++) {
    const rng = createRng(seed, "noise");
    const n = 16 + Math.floor(24 * rng());
    const coarse = seed % 2 === 0 ? 4 : 1e9;
    const share = (): number => Math.round(coarse * rng()) / coarse;
    const points = Array.from({ length: n }, () =>
      Float64Array.of(share(), Math.floor(3 * rng()), rng() < 0.2 ? NaN : share()),
    );
    const slope = rng();
    const values = points.map((p) => {
      if (rng() < 0.1) return Infinity;
      return slope * (p[0] as number) + (1 - slope) * rng();
    });
    const level = (ratioOf(points, values, [0, 3, 0]) - 0.7) / (0.9 - 0.7);
    const expected = level > 0 ? Math.min(1, level) : 0;
    expect(noisiness(dimensions, points, values)).toBe(expected);
    seen.add(expected);
  }
  // not only the two ends
  expect(seen.size).toBeGreaterThan(10);
});
