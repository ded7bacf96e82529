/** Stiff problems in float64: beside SciPy's Radau, exact solutions, and what an explicit method makes of them. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { odeint, type OdeintOptions } from "../../../src/ode/index.js";
import { type RightHandSide, robertson, vanDerPol } from "./detest-problems.js";

interface Stiff {
  name: string;
  y0: number[];
  times: number[];
  reference: number[][];
  Radau: { tolerance: number; errors: number[]; evaluations: number }[];
}

const { stiff } = JSON.parse(readFileSync(new URL("../../fixtures/ode/detest.json", import.meta.url), "utf8")) as {
  stiff: [Stiff, Stiff];
};
const [oscillator, kinetics] = stiff;

const slopes =
  (f: RightHandSide) =>
  (t: number, y: Float64Array): Float64Array => {
    const slope = new Float64Array(y.length);
    f(t, y, slope);
    return slope;
  };

function solve(f: RightHandSide, { y0, times, reference }: Stiff, tolerance: number, options: OdeintOptions = {}) {
  const control = { method: "esdirk54", rtol: tolerance, atol: tolerance, ...options } as const;
  const { path, counts } = odeint(slopes(f), Float64Array.from(y0), times, control);
  const error = Math.max(...path.map((y, i) => Math.max(...y.map((v, k) => Math.abs(v - reference[i]![k]!)))));
  return { path, counts, error };
}

/** ∂f/∂y of van der Pol's equation. */
const jacobian = (_: number, y: Float64Array): number[][] => [
  [0, 1],
  [-2000 * y[0]! * y[1]! - 1, 1000 * (1 - y[0]! ** 2)],
];

describe("van der Pol's oscillator with mu = 1000 over 3000", () => {
  test.each(oscillator.Radau)("at $tolerance: Radau's error and evaluations within a factor of 3", (radau) => {
    const { counts, error } = solve(vanDerPol, oscillator, radau.tolerance);
    expect(error).toBeLessThan(3 * Math.max(...radau.errors));
    // Radau had the Jacobian given; here forward differences are among the evaluations.
    expect(counts.evaluations).toBeLessThan(3 * radau.evaluations);
    expect(counts.jacobians).toBeLessThan(counts.accepted + counts.rejected);
    const given = solve(vanDerPol, oscillator, radau.tolerance, { jacobian });
    expect(given.error).toBeLessThan(3 * Math.max(...radau.errors));
    expect(given.counts.evaluations).toBeLessThan(counts.evaluations);
  });

  test("an explicit method meets its budget, and says where", () => {
    const before = { method: "dopri5", rtol: 1e-6, atol: 1e-6 } as const;
    expect(() => solve(vanDerPol, oscillator, 1e-6, { ...before, maxEvaluations: 20_000 })).toThrow(
      /^budget of 20000 evaluations spent at t=\d/,
    );
  });
});

test("Robertson's kinetics over 40000: within the tolerance, and nothing lost", () => {
  for (const { tolerance, evaluations } of kinetics.Radau) {
    const { path, counts, error } = solve(robertson, kinetics, tolerance);
    expect(error).toBeLessThan(tolerance);
    expect(counts.evaluations).toBeLessThan(3 * evaluations);
    for (const y of path) expect(Math.abs(y[0]! + y[1]! + y[2]! - 1)).toBeLessThan(1e-9);
  }
});

describe("with the time: Prothero and Robinson's problem, y = cos t however fast it is sought", () => {
  const f = (sign: number) => (t: number, y: Float64Array) => [sign * -1e5 * (y[0]! - Math.cos(t)) - Math.sin(t)];

  test("from off the solution: through the first layer, then in large steps", () => {
    const { path, counts } = odeint(f(1), Float64Array.of(3), [0, 1, 5, 10], {
      method: "esdirk54",
      rtol: 1e-6,
      atol: 1e-8,
    });
    [1, 5, 10].forEach((t, i) => expect(path[i + 1]![0]).toBeCloseTo(Math.cos(t), 5));
    // An explicit method is stable in steps of 3.3e-5.
    expect(counts.accepted).toBeLessThan(500);
    expect(counts.jacobians).toBeLessThan(5);
  });

  test("back in time", () => {
    const { path } = odeint(f(-1), Float64Array.of(Math.cos(10)), [10, 5, 0], {
      method: "esdirk54",
      rtol: 1e-6,
      atol: 1e-8,
    });
    expect(path[1]![0]).toBeCloseTo(Math.cos(5), 5);
    expect(path[2]![0]).toBeCloseTo(1, 5);
  });
});

test("a wrong Jacobian costs steps or evaluations, not accuracy", () => {
  const f = (_: number, y: Float64Array) => [-3 * y[0]! ** 2];
  const exact = 1 / 7;
  const solveWith = (slope: (y: number) => number) =>
    odeint(f, Float64Array.of(1), [0, 2], {
      method: "esdirk54",
      rtol: 1e-8,
      atol: 1e-8,
      jacobian: (_, y) => [[slope(y[0]!)]],
    });
  const [right, wrong] = [solveWith((y) => -6 * y), solveWith(() => 0)];
  expect(Math.abs(right.path[1]![0]! - exact)).toBeLessThan(1e-8);
  expect(Math.abs(wrong.path[1]![0]! - exact)).toBeLessThan(1e-8);
  expect(wrong.counts.evaluations).toBeGreaterThan(right.counts.evaluations);
});

test("the largest state: 64 numbers, heat along a rod, against its slowest modes", () => {
  const n = 64;
  const heat: RightHandSide = (_, y, out) => {
    for (let i = 0; i < n; i++) out[i] = (n + 1) ** 2 * ((y[i - 1] ?? 0) - 2 * y[i]! + (y[i + 1] ?? 0));
  };
  const mode = (k: number, i: number): number => Math.sin((k * Math.PI * (i + 1)) / (n + 1));
  const rate = (k: number): number => 4 * (n + 1) ** 2 * Math.sin((k * Math.PI) / (2 * (n + 1))) ** 2;
  const y0 = Float64Array.from({ length: n }, (_, i) => mode(1, i) + 0.5 * mode(40, i));
  const { path, counts } = odeint(slopes(heat), y0, [0, 0.01, 0.2], { method: "esdirk54", rtol: 1e-6, atol: 1e-9 });
  [0.01, 0.2].forEach((t, at) => {
    const exact = Array.from({ length: n }, (_, i) =>
      [1, 40].reduce((sum, k) => sum + (k === 1 ? 1 : 0.5) * Math.exp(-rate(k) * t) * mode(k, i), 0),
    );
    exact.forEach((value, i) => expect(Math.abs(value - path[at + 1]![i]!)).toBeLessThan(1e-5));
  });
  // A linear problem: one Jacobian of 65 evaluations.
  expect(counts.jacobians).toBe(1);
});

describe("what can't be solved ends by a typed error", () => {
  const stiffly = { method: "esdirk54", rtol: 1e-6, atol: 1e-6 } as const;

  test("a state beyond 64 numbers", () => {
    const f = (_: number, y: Float64Array) => y.map((v) => -v);
    expect(() => odeint(f, new Float64Array(65).fill(1), [0, 1], stiffly)).toThrow(
      "an implicit method takes states of at most 64 numbers, not 65",
    );
  });

  test("a solution that ends: y' = y², infinite at 1", () => {
    const f = (_: number, y: Float64Array) => [y[0]! ** 2];
    expect(() => odeint(f, Float64Array.of(1), [0, 2], stiffly)).toThrow(/^(underflow in dt|budget .*) at t=(1|0\.99)/);
  });

  test("a right-hand side that is not finite beyond a place", () => {
    const f = (_: number, y: Float64Array) => [-Math.sqrt(y[0]!)];
    // y = (1 - t/2)² up to 2, where the root's slope is infinite; no number beyond.
    expect(() => odeint(f, Float64Array.of(1), [0, 3], { ...stiffly, maxEvaluations: 5000 })).toThrow(/ at t=(2|1\.9)/);
  });

  test("a step below the least one, and the budget", () => {
    const f = (_: number, y: Float64Array) => [-1000 * (y[0]! - 1)];
    const from = Float64Array.of(0);
    expect(() => odeint(f, from, [0, 1], { ...stiffly, minStep: 0.1 })).toThrow("underflow in dt at t=0");
    expect(() => odeint(f, from, [0, 1], { ...stiffly, maxEvaluations: 30 })).toThrow("budget of 30 evaluations");
  });

  test("a Jacobian of another shape, or none", () => {
    const f = (_: number, y: Float64Array) => [-y[0]!, -y[1]!];
    const solveWith = (jacobian: unknown) =>
      odeint(f, Float64Array.of(1, 2), [0, 1], { ...stiffly, jacobian: jacobian as never });
    expect(() => solveWith(() => [[1, 0]])).toThrow("jacobian gave no 2 rows of 2 numbers");
    expect(() => solveWith(() => [[1, 0], [0]])).toThrow("jacobian gave no 2 rows of 2 numbers");
    expect(() => solveWith(() => undefined)).toThrow("jacobian gave no 2 rows of 2 numbers");
    expect(() => solveWith("exact")).toThrow("odeint: jacobian is no function of t and y");
  });
});
