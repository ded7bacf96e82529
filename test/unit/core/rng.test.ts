import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createNormal, createRng, deriveSeed, shuffle } from "../../../src/core/index.js";

interface Case {
  seed: number;
  path: (string | number)[];
  derived: number;
  uniform: number[];
}

const cases = JSON.parse(readFileSync(new URL("../../fixtures/core/rng.json", import.meta.url), "utf8")) as Case[];

describe("the seeded streams", () => {
  test.each(cases)("seed $seed, path $path: known answers", ({ seed, path, derived, uniform }) => {
    const rng = createRng(seed, ...path);
    expect(deriveSeed(seed, ...path)).toBe(derived);
    expect(uniform.map(() => rng())).toEqual(uniform);
  });

  test("streams of one seed do not follow one another: no correlation, all of [0, 1)", () => {
    const n = 20_000;
    const [a, b] = [createRng(5, 0, "init"), createRng(5, 1, "init")];
    let [sum, squares, products, low, high] = [0, 0, 0, 1, 0];
    for (let i = 0; i < n; i++) {
      const [x, y] = [a(), b()];
      sum += x;
      squares += x * x;
      products += (x - 0.5) * (y - 0.5);
      low = Math.min(low, x);
      high = Math.max(high, x);
    }
    // four standard errors of a uniform's moments
    expect(Math.abs(sum / n - 1 / 2)).toBeLessThan(4 * Math.sqrt(1 / 12 / n));
    expect(Math.abs(squares / n - 1 / 3)).toBeLessThan(4 * Math.sqrt(4 / 45 / n));
    expect(Math.abs(products / n)).toBeLessThan((4 * (1 / 12)) / Math.sqrt(n));
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThan(1);
  });

  test("normal numbers have a normal's first four moments", () => {
    const normal = createNormal(createRng(9, "normal"));
    const n = 40_000;
    const values = Array.from({ length: n }, normal);
    const moment = (k: number): number => values.reduce((s, v) => s + v ** k, 0) / n;
    expect(Math.abs(moment(1))).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / n));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
  });

  test("shuffling gives every order of three equally often", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = shuffle([0, 1, 2], createRng(i, "shuffle")).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    const chiSquare = [...counts.values()].reduce((s, count) => s + (count - 1000) ** 2 / 1000, 0);
    expect(counts.size).toBe(6);
    expect(chiSquare).toBeLessThan(20.5); // 0.999 quantile with 5 degrees of freedom
  });
});
