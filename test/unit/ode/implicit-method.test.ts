/** esdirk54 as a method: its tableau by Butcher's conditions, its stability, its orders measured, its stages solved. */
import { describe, expect, test } from "vitest";
import { DenseLu } from "../../../src/ode/dense-lu.js";
import { Evaluations } from "../../../src/ode/evaluations.js";
import { float64Vectors } from "../../../src/ode/float64-vectors.js";
import { odeint } from "../../../src/ode/index.js";
import { numberLinearizer } from "../../../src/ode/linearize.js";
import { esdirk54, esdirk54Tableau } from "../../../src/ode/methods/esdirk54.js";
import { constant } from "../../../src/ode/time.js";
import { polynomialsAt } from "../../../src/tensor/ops/ode-methods.js";
import { largestDefect, treesUpTo } from "./rooted-trees.js";

const { a: below, c, gamma, error, path } = esdirk54Tableau;
const stages = c.map((_, i) => i);
/** The whole matrix. */
const A = stages.map((i) => stages.map((j) => (j < i ? below[i]![j]! : j === i && i > 0 ? gamma : 0)));
const b = A[6]!;

const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, v, i) => sum + v * y[i]!, 0);
const ones = c.map(() => 1);
const trees = treesUpTo(5);
/** By how much weights miss the conditions of an order at the fraction x of a step. */
const misses = (weights: readonly number[], order: number, x = 1): number =>
  largestDefect(trees[order]!, A, weights, x);

describe("the tableau", () => {
  test("c is the sums of the rows, and the stages are of order 2", () => {
    stages.forEach((i) => {
      expect(dot(A[i]!, ones)).toBeCloseTo(c[i]!, 14);
      expect(dot(A[i]!, c)).toBeCloseTo(c[i]! ** 2 / 2, 14);
    });
  });

  test("the pair: of order 5, and of order 4 but not 5", () => {
    const embedded = b.map((weight, i) => weight - error[i]! / 2);
    for (const order of [1, 2, 3, 4]) {
      expect(misses(b, order)).toBeLessThan(1e-15);
      expect(misses(embedded, order)).toBeLessThan(1e-15);
    }
    expect(misses(b, 5)).toBeLessThan(1e-15);
    expect(misses(embedded, 5)).toBeGreaterThan(1e-3);
  });

  test("the path: of order 4 at every fraction, from the step's start to its end", () => {
    for (const x of [0, 0.1, 0.35, 0.5, 0.8, 1]) {
      const weights = polynomialsAt(path, x);
      for (const order of [1, 2, 3, 4]) expect(misses(weights, order, x)).toBeLessThan(1e-14);
    }
    polynomialsAt(path, 1).forEach((weight, i) => expect(weight).toBeCloseTo(b[i]!, 13));
    polynomialsAt(path, 0).forEach((weight) => expect(weight).toBeCloseTo(0, 20));
  });

  /** Weights' state after a step of y' = z y from 1; z real. */
  const after = (weights: readonly number[], z: number): number => {
    const matrix = stages.flatMap((i) => stages.map((j) => (i === j ? 1 : 0) - z * A[i]![j]!));
    return 1 + z * dot(weights, Array.from(new DenseLu(matrix, 7).solve(ones)));
  };

  test("it is L-stable: what is fast is gone, and between the steps it does not grow with its speed", () => {
    for (const z of [-1e2, -1e4, -1e8]) {
      expect(Math.abs(after(b, z))).toBeLessThan(Math.min(1, 50 / Math.abs(z)));
      for (const x of [0.2, 0.5, 0.8]) expect(Math.abs(after(polynomialsAt(path, x), z))).toBeLessThan(3);
    }
    for (const z of [-0.01, -1, -3]) expect(Math.abs(after(b, z) - Math.exp(z))).toBeLessThan(2e-3 * Math.abs(z) ** 5);
  });

  test("it is A-stable: |R| is at most 1 on the imaginary axis", () => {
    // y' = i w y as a system of two.
    for (const w of [0.1, 0.5, 1, 2, 3, 5, 10, 30, 100, 1000]) {
      const n = 14;
      const matrix = new Float64Array(n * n);
      for (const i of stages)
        for (const j of stages) {
          matrix[2 * i * n + 2 * j + 1] = w * A[i]![j]!;
          matrix[(2 * i + 1) * n + 2 * j] = -w * A[i]![j]!;
        }
      for (let i = 0; i < n; i++) matrix[i * n + i]! += 1;
      const k = new DenseLu(matrix, n).solve(stages.flatMap(() => [0, w]));
      const re =
        1 +
        dot(
          b,
          stages.map((i) => k[2 * i]!),
        );
      const im = dot(
        b,
        stages.map((i) => k[2 * i + 1]!),
      );
      expect(Math.hypot(re, im)).toBeLessThanOrEqual(1 + 1e-12);
    }
  });
});

type Slope = (t: number, y: Float64Array) => number[];

/** Steps of one size, without control; the largest errors at their ends, in their middles, and of the estimate. */
function errorsOf(f: Slope, exact: (t: number) => number[], span: number, steps: number) {
  const evaluations = new Evaluations<Float64Array>((t, y) => Float64Array.from(f(t.value, y)), 0, {
    maxEvaluations: Infinity,
    maxSeconds: Infinity,
  });
  const stepper = esdirk54.start({
    ...{ vectors: float64Vectors, evaluations, linearizer: numberLinearizer(null), torchdiffeqPath: false },
    tolerance: { rtol: 1e-11, atol: 1e-11 },
  });
  const h = constant(span / steps);
  let [y, slope]: [Float64Array, Float64Array | null] = [Float64Array.from(exact(0)), null];
  const found = { end: 0, middle: 0, estimate: 0 };
  const distance = (state: Float64Array, t: number) =>
    Math.max(...exact(t).map((value, i) => Math.abs(value - state[i]!)));
  for (let n = 0; n < steps; n++) {
    const t = n * h.value;
    const step = stepper.step(constant(t), h, y, slope);
    expect(step.shrink).toBeUndefined();
    const middle = float64Vectors.combine(y, step.k, polynomialsAt(step.path!, 0.5), h);
    found.middle = Math.max(found.middle, distance(middle, t + h.value / 2));
    found.estimate = Math.max(found.estimate, ...step.error!.map(Math.abs));
    [y, slope] = [step.end, step.slope];
    found.end = Math.max(found.end, distance(y, t + h.value));
  }
  return found;
}

/** The order that errors fall with between two sizes of steps. */
const measured = (coarse: number, fine: number): number => Math.log2(coarse / fine);

describe("the orders", () => {
  // With the time: y' = y cos t, y = exp(sin t). Coupled and nonlinear: y1' = y2, y2' = -y1 (y1² + y2²)^1.5, a circle.
  const problems: [string, Slope, (t: number) => number[]][] = [
    ["y' = y cos t", (t, [y]) => [y! * Math.cos(t)], (t) => [Math.exp(Math.sin(t))]],
    ["a circle", (_, y) => [y[1]!, -y[0]! * Math.hypot(y[0]!, y[1]!) ** 3], (t) => [Math.cos(t), -Math.sin(t)]],
  ];
  test.each(problems)("%s: 5 at the ends, 4 and more in the middle, 5 of the estimate of one step", (_, f, exact) => {
    const [coarse, fine] = [errorsOf(f, exact, 4, 40), errorsOf(f, exact, 4, 80)];
    expect(Math.abs(measured(coarse.end, fine.end) - 5)).toBeLessThan(0.3);
    expect(measured(coarse.middle, fine.middle)).toBeGreaterThan(4.7);
    expect(Math.abs(measured(coarse.estimate, fine.estimate) - 5)).toBeLessThan(0.3);
  });

  test("measured by odeint as of any other method: under a tolerance that is no bound", () => {
    const errorWith = (steps: number): number => {
      const h = 2 / steps;
      const control = { method: "esdirk54", firstStep: h, maxStep: h, rtol: 1e6, atol: 1e6 } as const;
      const { path, counts } = odeint((_, y) => [y[0]! * (1 - y[0]!)], Float64Array.of(0.1), [0, 2], control);
      expect(counts).toMatchObject({ accepted: steps, rejected: 0 });
      return Math.abs(path[1]![0]! - 1 / (1 + 9 * Math.exp(-2)));
    };
    expect(Math.abs(measured(errorWith(16), errorWith(32)) - 5)).toBeLessThan(0.3);
  });

  test("a problem as stiff as can be: Prothero and Robinson's, with errors that fall with the stages' order", () => {
    const f: Slope = (t, [y]) => [-1e6 * (y! - Math.cos(t)) - Math.sin(t)];
    const exact = (t: number): number[] => [Math.cos(t)];
    const [coarse, fine] = [errorsOf(f, exact, 4, 20), errorsOf(f, exact, 4, 40)];
    expect(coarse.end).toBeLessThan(1e-4);
    expect(measured(coarse.end, fine.end)).toBeGreaterThan(1.7);
    expect(measured(coarse.middle, fine.middle)).toBeGreaterThan(1.7);
  });
});
