import { describe, expect, test } from "vitest";
import type { ExplicitMethod } from "../../../src/ode/explicit-step.js";
import { type Method, methods, odeint, type SolverName } from "../../../src/ode/index.js";
import { adamsWeights } from "../../../src/ode/methods/explicit-adams.js";
import { pathPolynomials, polynomialsAt } from "../../../src/tensor/ops/ode-methods.js";
import { errorOf, linear, type Problem, turn } from "./problems.js";
import { largestDefect, treesUpTo } from "./rooted-trees.js";

const explicit = [...methods.values()].filter((method): method is ExplicitMethod => "tableau" in method);
const trees = treesUpTo(9);
/** A condition that fails, fails by more; one that holds, by no more than the coefficients' digits. */
const [holds, fails] = [1e-13, 1e-7];
const seventeenths = Array.from({ length: 17 }, (_, i) => (i + 1) / 17);

test("there are as many rooted trees as there should be (OEIS A000081)", () => {
  expect(trees.map((some) => some.length)).toEqual([0, 1, 1, 2, 4, 9, 20, 48, 115, 286]);
});

describe.each(explicit.map((method) => [method.name, method] as const))("the tableau of %s", (_name, method) => {
  const { a, b, c, error, fsal } = method.tableau;

  test("meets the conditions of its order, and not of the next", () => {
    for (let order = 1; order <= method.order; order++)
      expect(largestDefect(trees[order] ?? [], a, b)).toBeLessThan(holds);
    expect(largestDefect(trees[method.order + 1] ?? [], a, b)).toBeGreaterThan(fails);
  });

  test("has the stages' times as the sums of its rows", () => {
    a.forEach((row, i) => expect(row.reduce((sum, x) => sum + x, 0)).toBeCloseTo(c[i] as number, 13));
  });

  test.runIf(error)("has an error estimate of its order, and not of the next", () => {
    const embedded = b.map((weight, i) => weight - (error?.[i] as number));
    const estimate = method.estimate as number;
    for (let order = 1; order <= estimate; order++)
      expect(largestDefect(trees[order] ?? [], a, embedded)).toBeLessThan(holds);
    expect(largestDefect(trees[estimate + 1] ?? [], a, embedded)).toBeGreaterThan(fails);
  });

  test.runIf(fsal)("evaluates its last stage at the next step's start", () => {
    expect(c.at(-1)).toBe(1);
    expect([...(a.at(-1) as number[]), 0]).toEqual(b);
  });
});

describe("the path within a step", () => {
  test.each([
    ["dopri5", 4],
    ["tsit5", 4],
    ["dopri8", 4],
  ] as const)("of %s is of order %i at 17 places", (name, order) => {
    const { tableau } = explicit.find((method) => method.name === name) as ExplicitMethod;
    for (const x of seventeenths) {
      const weights = polynomialsAt(pathPolynomials(tableau), x);
      for (let o = 1; o <= order; o++) expect(largestDefect(trees[o] ?? [], tableau.a, weights, x)).toBeLessThan(1e-12);
    }
  });

  test.each([
    ["bosh3", 3],
    ["dopri5", 4],
    ["tsit5", 4],
    ["dopri8", 8],
  ] as const)("of %s converges with its order, %i", (method, order) => {
    // One step of size h, looked at within it: the local error falls with order + 1.
    const worst = (h: number): number => {
      const times = [0.3, ...seventeenths.slice(0, -1).map((x) => 0.3 + x * h)];
      const start = Float64Array.from(linear.exact(0.3));
      const { path, counts } = odeint(linear.f, start, times, { method, firstStep: h, rtol: 1e3, atol: 1e3 });
      expect(counts.accepted).toBe(1);
      return Math.max(...path.map((y, i) => errorOf(y, linear.exact(times[i] as number))));
    };
    const h = method === "dopri8" ? 0.8 : 0.2;
    const slope = Math.log2(worst(h) / worst(h / 2));
    expect(slope).toBeGreaterThan(order + 1 - 0.3);
    expect(slope).toBeLessThan(order + 2);
  });
});

describe("the measured order", () => {
  /** Steps over [0, 2] in the asymptotic range, their errors above rounding: of tsit5 that is on linear problems alone. */
  const cases: readonly (readonly [SolverName, Problem, number])[] = [
    ["euler", turn, 64],
    ["midpoint", turn, 64],
    ["heun", turn, 256],
    ["rk4", turn, 64],
    ["explicit_adams", turn, 512],
    ["bosh3", turn, 64],
    ["dopri5", linear, 64],
    ["tsit5", linear, 64],
    ["dopri8", turn, 8],
  ];
  test.each(cases)("of %s is its declared one", (name, { f, exact }, steps) => {
    const method = methods.get(name) as Method;
    const errorWith = (count: number): number => {
      const h = 2 / count;
      const size = method.estimate === null ? { stepSize: h } : { firstStep: h, maxStep: h, rtol: 1e6, atol: 1e6 };
      const { path, counts } = odeint(f, Float64Array.from(exact(0)), [0, 2], { method: name, ...size });
      expect(counts).toMatchObject({ rejected: 0, accepted: count });
      return errorOf(path[1] as Float64Array, exact(2));
    };
    expect(Math.abs(Math.log2(errorWith(steps) / errorWith(2 * steps)) - method.order)).toBeLessThan(0.3);
  });
});

test("the weights of Adams and Bashforth are the known ones", () => {
  const known = [
    [1],
    [3 / 2, -1 / 2],
    [23 / 12, -16 / 12, 5 / 12],
    [55 / 24, -59 / 24, 37 / 24, -9 / 24],
    [1901 / 720, -2774 / 720, 2616 / 720, -1274 / 720, 251 / 720],
  ];
  for (const weights of known)
    adamsWeights(weights.length).forEach((found, i) => expect(found).toBeCloseTo(weights[i] as number, 13));
  // 11 of them, from torchdiffeq's table: the first and the last.
  const eleven = adamsWeights(11);
  expect(eleven[0]).toBeCloseTo(2132509567 / 479001600, 12);
  expect(eleven[10]).toBeCloseTo(134211265 / 479001600, 12);
});
