import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { categorical, createRng, float, int } from "../../../src/core/index.js";
import type { History, Params, SearchSpace, Trial } from "../../../src/core/index.js";
import { digitPermutations, firstPrimes, radicalInverse } from "../../../src/samplers/qmc/halton.js";
import { QmcSampler } from "../../../src/samplers/qmc/qmc.js";
import type { QmcSamplerOptions } from "../../../src/samplers/qmc/qmc.js";
import { scrambled, SOBOL_DIMENSIONS, sobolAt, sobolCoordinate } from "../../../src/samplers/qmc/sobol.js";
import { trialOf } from "../../../src/testing/trials.js";

interface Points {
  readonly columns: readonly number[];
  readonly points: readonly (readonly number[])[];
}
const scipy = JSON.parse(readFileSync(new URL("../../fixtures/samplers/qmc.json", import.meta.url), "utf8")) as Record<
  "sobol" | "halton",
  Points
> & { sobol_far: Points & { from: number } };

/** What the sampler gives for trials 0 … count - 1. */
function draw(space: SearchSpace, count: number, options: QmcSamplerOptions = {}, seed = 0): Params[] {
  const sampler = new QmcSampler(options);
  const trials: Trial[] = [];
  for (let n = 0; n < count; n++)
    trials.push(trialOf(n, sampler.suggest(space, { direction: "minimize", trials, seed }), { value: n }));
  return trials.map(({ params }) => params);
}

describe("Sobol' points", () => {
  test("equal SciPy's unscrambled ones, in 256 coordinates and far along", () => {
    const { columns, points } = scipy.sobol;
    const ours = points.map((_, n) => columns.map((c) => sobolAt(sobolCoordinate(c), n)));
    expect(ours).toEqual(points);
    const { from, ...far } = scipy.sobol_far;
    expect(far.points.map((_, i) => far.columns.map((c) => sobolAt(sobolCoordinate(c), from + i)))).toEqual(far.points);
  });

  /** The least number of a coordinate pair's points in an elementary interval of area 2^-m, and the largest. */
  const occupancy = (of: (c: number, n: number) => number, pair: readonly [number, number], m: number): number[] => {
    const counts: number[] = [];
    for (let k = 0; k <= m; k++) {
      const boxes = new Map<number, number>();
      for (let n = 0; n < 2 ** m; n++) {
        const box = Math.floor(of(pair[0], n) * 2 ** k) * 2 ** m + Math.floor(of(pair[1], n) * 2 ** (m - k));
        boxes.set(box, (boxes.get(box) ?? 0) + 1);
      }
      counts.push(boxes.size, Math.max(...boxes.values()));
    }
    return counts;
  };

  test("stay a (0, m, 2)-net when scrambled: one point in every elementary interval", () => {
    for (let seed = 0; seed < 20; seed++) {
      const coordinates = [0, 1].map((c) => scrambled(sobolCoordinate(c), createRng(seed, "net", c)));
      const of = (c: number, n: number): number => sobolAt(coordinates[c] as never, n);
      const m = 6;
      expect(occupancy(of, [0, 1], m)).toEqual(Array.from({ length: 2 * (m + 1) }, (_, i) => (i % 2 ? 1 : 2 ** m)));
    }
  });

  test("stay stratified in each of the 256 coordinates when scrambled", () => {
    const wrong: number[] = [];
    for (let c = 0; c < SOBOL_DIMENSIONS; c++) {
      const coordinate = scrambled(sobolCoordinate(c), createRng(3, c));
      const strata = new Set(Array.from({ length: 64 }, (_, n) => Math.floor(sobolAt(coordinate, n) * 64)));
      if (strata.size !== 64) wrong.push(c);
    }
    expect(wrong).toEqual([]);
  });

  test("are each uniformly distributed over seeds when scrambled", () => {
    const thirds = [0, 0, 0];
    for (let seed = 0; seed < 3000; seed++) {
      const u = sobolAt(scrambled(sobolCoordinate(4), createRng(seed, "uniform")), 5);
      thirds[Math.floor(3 * u)]!++;
    }
    // 4.5 standard deviations of a share of a third
    for (const count of thirds) expect(Math.abs(count - 1000)).toBeLessThan(4.5 * Math.sqrt(3000 * (2 / 9)));
  });
});

describe("Halton points", () => {
  test("equal SciPy's unscrambled ones", () => {
    const primes = firstPrimes(100);
    const { columns, points } = scipy.halton;
    const ours = points.map((_, n) => columns.map((c) => radicalInverse(n, primes[c] as number)));
    expect(ours).toEqual(points);
  });

  test("keep one point in every interval of length b^-m when scrambled", () => {
    fc.assert(
      fc.property(fc.constantFrom(2, 3, 5, 7), fc.nat(), (base, seed) => {
        const permutations = digitPermutations(base, createRng(seed, "halton"));
        const points = Array.from({ length: base ** 2 }, (_, n) => radicalInverse(n, base, permutations));
        expect(points.every((u) => u >= 0 && u < 1)).toBe(true);
        expect(new Set(points.map((u) => Math.floor(u * base ** 2))).size).toBe(base ** 2);
      }),
      { numRuns: 50 },
    );
  });
});

describe("the qmc sampler", () => {
  const space = {
    x: float(0, 1),
    lr: float(1e-4, 1, { log: true }),
    n: int(1, 8),
    c: categorical(["a", "b", "c", "d"]),
  };

  test("gives trial n point n, whatever became of the others, and of any seed but the study's", () => {
    const plain = draw({ x: float(0, 1), y: float(0, 1) }, 32, { scramble: false });
    expect(plain.map((p) => [p["x"], p["y"]])).toEqual(scipy.sobol.points.map((row) => row.slice(0, 2)));
    const sampler = new QmcSampler();
    const mixed = draw(space, 10).map((params, n) => trialOf(n, params, { state: n % 2 ? "failed" : "running" }));
    const history: History = { direction: "maximize", trials: mixed, seed: 0 };
    expect(sampler.suggest(space, history)).toEqual(draw(space, 11)[10]);
    expect(draw(space, 8, {}, 1)).not.toEqual(draw(space, 8, {}, 2));
    expect(draw(space, 8, { seed: 5 }, 1)).toEqual(draw(space, 8, { seed: 5 }, 2));
  });

  test.each(["sobol", "halton"] as const)("spreads each kind of parameter evenly (%s)", (sequence) => {
    const count = (values: readonly unknown[]): number[] =>
      [...new Set(values)].map((value) => values.filter((v) => v === value).length);
    const drawn = draw(space, 64, { sequence, seed: 2 });
    // sobol: exactly even; halton: each of n parts of b^k points is off by at most a point a digit
    const off = sequence === "sobol" ? 0 : 4;
    const uneven = (parts: number, values: readonly unknown[]): number =>
      Math.max(...count(values).map((n) => Math.abs(n - 64 / parts)));
    expect(
      uneven(
        8,
        drawn.map((p) => p["n"]),
      ),
    ).toBeLessThanOrEqual(off);
    expect(
      uneven(
        4,
        drawn.map((p) => p["c"]),
      ),
    ).toBeLessThanOrEqual(off);
    expect(
      uneven(
        4,
        drawn.map((p) => Math.floor(-Math.log10(p["lr"] as number))),
      ),
    ).toBeLessThanOrEqual(off);
  });

  test("covers a space more evenly than random points: lower star discrepancy", () => {
    const square = { x: float(0, 1), y: float(0, 1) };
    const discrepancy = (points: readonly (readonly [number, number])[]): number => {
      let worst = 0;
      for (const [a] of points)
        for (const [, b] of points) {
          const inside = points.filter(([x, y]) => x < a && y < b).length / points.length;
          worst = Math.max(worst, Math.abs(inside - a * b));
        }
      return worst;
    };
    const rng = createRng(1, "random points");
    for (const sequence of ["sobol", "halton"] as const) {
      const ours = draw(square, 64, { sequence, seed: 1 }).map((p) => [p["x"], p["y"]] as [number, number]);
      const random = ours.map(() => [rng(), rng()] as [number, number]);
      expect(discrepancy(ours)).toBeLessThan(0.6 * discrepancy(random));
    }
  });

  test("parameters that are drawn one by one do not follow each other", () => {
    const alone = (name: string): unknown[] => draw({ [name]: float(0, 1) }, 8).map((p) => p[name]);
    expect(alone("x")).not.toEqual(alone("y"));
  });

  test("more parameters than Sobol' numbers are refused in one line; Halton takes them", () => {
    const wide = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`x${i}`, float(0, 1)]));
    const history: History = { direction: "minimize", trials: [] };
    expect(() => new QmcSampler().suggest(wide, history)).toThrow(/at most 256 .* has 257: take sequence halton/);
    expect(() => {
      new QmcSampler().checkSpace(wide);
    }).toThrow(expect.objectContaining({ code: "too-many-parameters" }));
    expect(Object.keys(new QmcSampler({ sequence: "halton" }).suggest(wide, history))).toHaveLength(257);
    expect(() => new QmcSampler({ sequence: "fibonacci" as never })).toThrow(/known: sobol, halton/);
  });
});
