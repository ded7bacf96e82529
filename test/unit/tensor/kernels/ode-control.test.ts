import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { classOf } from "../../../../src/executors/protocol.js";
import type { Ops } from "../../../../src/tensor/index.js";
import { installOps, odeMethods, odeMlp, plainOps, useBackend } from "../../../../src/tensor/index.js";
import { tableaus, weightsAt } from "../../../../src/tensor/ops/ode-methods.js";
import * as tf from "../../../../src/tensor/tf.js";
import { builds, freshOps, isas, missing, relative, tidied } from "./builds.js";
import { type OdeInput, small, solveOde } from "./ode-problem.js";
import { cases } from "../../../cases.js";

const ofBuild: readonly (readonly [string, Ops])[] = [
  ...builds.map((build) => [build, freshOps(build).ops] as const),
  ["none", plainOps],
];

beforeAll(async () => {
  await useBackend("cpu");
});

/** y' = matrix · y + shift from y0, off the tape: one layer, so that it is solved in closed form. */
function linear(ops: Ops, matrix: number[][], y0: number[], times: number[], options: Parameters<typeof odeMlp>[3]) {
  const before = installOps(ops);
  try {
    return tidied(() => {
      const layer = { weight: tf.tensor2d(matrix), bias: tf.zeros<tf.Rank.R1>([y0.length]) };
      const { path, counts } = odeMlp(tf.tensor2d([y0]), [layer], times, options);
      return { path: Float32Array.from(path.dataSync()), counts };
    });
  } finally {
    installOps(before);
  }
}

describe("the tableaus", () => {
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
  /** Butcher's conditions up to order 5: the elementary weights of all rooted trees, and what they must be. */
  function conditions(weights: readonly number[], a: readonly (readonly number[])[], c: readonly number[], theta = 1) {
    const times = (v: readonly number[]): number[] =>
      a.map((row) => row.reduce((sum, x, j) => sum + x * (v[j] as number), 0));
    const by = (u: readonly number[], v: readonly number[]): number[] => u.map((x, i) => x * (v[i] as number));
    const [c2, ac] = [by(c, c), times(c)];
    const [c3, ac2, cac, aac] = [by(c2, c), times(c2), by(c, ac), times(ac)];
    const orders: [readonly number[], number][][] = [
      [[[...c].map(() => 1), 1]],
      [[c, 2]],
      [
        [c2, 3],
        [ac, 6],
      ],
      [
        [c3, 4],
        [cac, 8],
        [ac2, 12],
        [aac, 24],
      ],
      [
        ...[
          [by(c3, c), 5],
          [by(c2, ac), 10],
          [by(c, ac2), 15],
          [by(c, aac), 30],
          [by(ac, ac), 20],
        ],
        ...[
          [times(c3), 20],
          [times(cac), 40],
          [times(ac2), 60],
          [times(aac), 120],
        ],
      ] as [readonly number[], number][],
    ];
    return orders.map((all, p) =>
      Math.max(...all.map(([weight, gamma]) => Math.abs(dot(weights, weight) - theta ** (p + 1) / gamma))),
    );
  }
  test.each(odeMethods)("%s satisfies the conditions of its order, its estimate's and its interpolant's", (method) => {
    const { a, b, c, order, error } = tableaus[method];
    a.forEach((row, i) => {
      expect(row.reduce((sum, x) => sum + x, 0)).toBeCloseTo(c[i] as number, 14);
    });
    const met = (weights: readonly number[], theta = 1): number => {
      const found = conditions(weights, a, c, theta).findIndex((residual) => residual > 1e-12);
      return found < 0 ? 5 : found;
    };
    expect(met(b)).toBe(order);
    if (!error) return;
    expect(met(b.map((weight, i) => weight - (error[i] as number)))).toBe(order - 1);
    // torchdiffeq takes Euler's step with the slope of the middle.
    expect(met(weightsAt(tableaus[method], 0.5), 0.5)).toBeGreaterThanOrEqual(method === "bosh3" ? 1 : 4);
  });
});

describe.each(ofBuild)("%s", (name, ops) => {
  test.each(["euler", "midpoint", "heun", "rk4"] as const)("%s has its order on the circle", (method) => {
    // y' = [[0, -1], [1, 0]] y turns by one radian a unit of time.
    const errorOf = (steps: number): number => {
      const { path } = linear(ops, [[0, -1], [1, 0]], [1, 0], [0, 2], { method, stepSize: 2 / steps }); // prettier-ignore
      return Math.hypot((path[2] as number) - Math.cos(2), (path[3] as number) - Math.sin(2));
    };
    // Steps large enough that float32's rounding is far below the error.
    const steps = method === "rk4" ? 5 : 20;
    const measured = Math.log2(errorOf(steps) / errorOf(2 * steps));
    expect(Math.abs(measured - tableaus[method].order)).toBeLessThan(0.3);
  });

  test.each(["bosh3", "dopri5", "tsit5"] as const)("%s keeps to its tolerance, forwards and backwards", (method) => {
    for (const end of [3, -3])
      for (const tolerance of [1e-2, 1e-4]) {
        const times = [0, end / 7, end / 2, end];
        const { path, counts } = linear(ops, [[0, -1], [1, 0]], [1, 0], times, { method, rtol: tolerance, atol: tolerance }); // prettier-ignore
        // The rough middle of bosh3, see its tableau.
        const exact = times.flatMap((t) => [Math.cos(t), Math.sin(t)]);
        expect(relative(path, exact)).toBeLessThan((method === "bosh3" ? 40 : 5) * tolerance);
        expect(counts.accepted).toBeGreaterThan(1);
      }
  });

  test("the path is exact where the solution is a line, between steps too", () => {
    const layer = { weight: tf.zeros<tf.Rank.R2>([1, 1]), bias: tf.tensor1d([2]) };
    const before = installOps(ops);
    for (const method of odeMethods) {
      const { path } = odeMlp(tf.tensor2d([[1]]), [layer], [0, 0.13, 0.5, 1.9, 2], { method, stepSize: 0.7 });
      expect(relative(path.dataSync(), [1, 1.26, 2, 4.8, 5]), method).toBeLessThan(1e-6);
    }
    installOps(before);
  });

  test("one time asked for is y0 itself, and its gradient passes through", () => {
    for (const gradient of ["direct", "adjoint"] as const) {
      const { tensors, counts } = solveOde(ops, { ...small, times: [0.5], gradient });
      expect(counts).toEqual({ evaluations: 0, accepted: 0, rejected: 0 });
      expect(tensors.get("path")).toHaveLength(15);
      expect(Math.max(...(tensors.get("d weight0") as Float32Array).map(Math.abs))).toBe(0);
      expect(Math.max(...(tensors.get("d y0") as Float32Array).map(Math.abs))).toBeGreaterThan(0.5);
    }
  });

  test("a budget, a least step and numbers that are not finite end a solution", () => {
    const turn = [[0, -300], [300, 0]]; // prettier-ignore
    const solving =
      (options: Partial<Parameters<typeof odeMlp>[3]>, matrix = turn, y0 = [1, 0]) =>
      () =>
        linear(ops, matrix, y0, [0, 10], { method: "dopri5", ...options });
    expect(solving({ maxEvaluations: 200 })).toThrow(/^budget of 200 evaluations spent at t=0\.\d+$/);
    expect(solving({ method: "rk4", stepSize: 0.01, maxEvaluations: 100 })).toThrow(
      /^budget of 100 evaluations spent at t=0\.25$/,
    );
    expect(solving({ minStep: 0.1 })).toThrow(/^underflow in dt at t=0$/);
    expect(solving({}, turn, [Infinity, 0])).toThrow("the right-hand side is not finite at t=0");
    expect(solving({}, turn, [NaN, 0])).toThrow("the right-hand side is not finite at t=0");
    expect(solving({}, [[NaN, 0], [0, 0]])).toThrow("the right-hand side is not finite at t=0"); // prettier-ignore
    // Grows past float32's range at t = 0.89: steps shrink until none is left.
    expect(solving({ rtol: 1e-2, maxEvaluations: 1500 }, [[100, 0], [0, 100]], [1, 1])).toThrow(/^(underflow in dt|budget of 1500 evaluations spent) at t=0\.8/); // prettier-ignore
    try {
      solving({ maxEvaluations: 200 })();
    } catch (error) {
      expect(error).toMatchObject({ name: "OdeError", code: "ode-budget", exitCode: 1 });
      expect(classOf(error)).toBe("diverged");
    }
    // A method of fixed steps ends by itself.
    const { path } = linear(ops, [[100, 0], [0, 100]], [1, 1], [0, 10], { method: "euler", stepSize: 0.1 }); // prettier-ignore
    expect(path[2]).not.toSatisfy(Number.isFinite);
  });

  test("a budget ends a solution of more steps than any memory holds", () => {
    for (const gradient of ["direct", "adjoint"] as const)
      expect(() => solveOde(ops, { ...small, method: "rk4", stepSize: 1e-9, gradient, maxEvaluations: 40 })).toThrow(
        /^budget of 40 evaluations spent at t=/,
      );
  });

  test("the adjoint system has its own budget", () => {
    const problem: OdeInput = { ...small, gradient: "adjoint", maxEvaluations: 40 };
    expect(() => solveOde(ops, problem)).toThrow(/^budget of 40 evaluations spent at t=/);
    expect(solveOde(ops, { ...problem, adjoint: { method: "euler" } }).adjointCounts?.evaluations).toBe(3);
  });

  test("what does not fit is refused", () => {
    const run =
      (options: object, times = [0, 1], D = 2, weight = [2, 2]) =>
      () => {
        const before = installOps(ops);
        try {
          odeMlp(tf.ones([3, D]), [{ weight: tf.ones(weight), bias: tf.ones([2]) } as never], times, {
            method: "rk4",
            ...options,
          });
        } finally {
          installOps(before);
        }
      };
    expect(run({})).not.toThrow();
    for (const bad of [
      { method: "rk5" },
      { activation: "sine" },
      { stepSize: 0 },
      { stepSize: NaN },
      { rtol: -1 },
      { atol: Infinity },
    ])
      expect(run(bad), JSON.stringify(bad)).toThrow(/^odeMlp: /);
    for (const bad of [
      { rtol: 0, atol: 0 },
      { minStep: -1 },
      { maxEvaluations: 0.5 },
      { augment: -1 },
      { time: true },
      { augment: 1 },
    ])
      expect(run(bad), JSON.stringify(bad)).toThrow(/^odeMlp: /);
    for (const times of [[], [0, 0], [0, 1, 1], [0, 1, 0.5], [NaN, 1], [0, Infinity]])
      expect(run({}, times), times.join()).toThrow(/time/);
    expect(run({}, [0, 1], 3)).toThrow("odeMlp: layer 0 takes 2 numbers, but gets 3");
    expect(run({}, [0, 1], 3, [2, 3])).toThrow("odeMlp: the last layer gives 2 numbers for a state of 3");
  });

  if (name === "none") return;
  // The weights' gradients of up to 32 evaluations are summed at once; a slope is handed on from one such group to the next.
  test.each(["bosh3", "dopri5", "tsit5"] as const)("%s: the gradient goes back through many steps", (method) => {
    const problem: OdeInput = { ...small, method, batch: 20, time: true, times: [0, 2.5, 9], rtol: 1e-4, atol: 1e-4 };
    const found = solveOde(ops, problem);
    const reference = solveOde(plainOps, problem);
    expect(found.counts.accepted).toBeGreaterThan(method === "bosh3" ? 10 : 5);
    expect(found.counts).toEqual(reference.counts);
    // The sizes of steps differ with the rounding of their errors, so gradients do by about the tolerance.
    for (const [key, values] of reference.tensors)
      expect(relative(found.tensors.get(key) ?? [], values), key).toBeLessThanOrEqual(1e-3);
  });

  test.each([1, 5, 20])("the adjoint system holds the error of the time's gradient, too: batch %i", (batch) => {
    const problem: OdeInput = { ...small, method: "bosh3", gradient: "adjoint", time: true, batch, scale: 3 };
    const [found, reference] = [ops, plainOps].map((each) => solveOde(each, { ...problem, times: [0, 0.5, 2] }));
    expect(found?.adjointCounts).toEqual(reference?.adjointCounts);
  });

  test("any problem is solved as op by op", () => {
    const problems = fc.record({
      method: fc.constantFrom("euler" as const, "midpoint" as const, "heun" as const, "rk4" as const),
      gradient: fc.constantFrom("direct" as const, "adjoint" as const),
      batch: fc.integer({ min: 1, max: 40 }),
      D: fc.integer({ min: 1, max: 19 }),
      units: fc.array(fc.integer({ min: 1, max: 21 }), { maxLength: 3 }),
      activation: fc.constantFrom("tanh" as const, "relu" as const, "gelu" as const, "silu" as const),
      time: fc.boolean(),
      augment: fc.integer({ min: 0, max: 2 }),
      times: fc.constantFrom([0, 1], [0.5, 0.25, -0.5], [0, 0.1, 0.4, 0.5, 0.9]),
      stepSize: fc.constantFrom(0, 0.06, 0.3),
    });
    fc.assert(
      fc.property(problems, (drawnProblem) => {
        const problem = { ...small, ...drawnProblem, scale: 1 };
        const found = solveOde(ops, problem);
        const reference = solveOde(plainOps, problem);
        expect(found.counts).toEqual(reference.counts);
        expect(found.adjointCounts).toEqual(reference.adjointCounts);
        // relu's slope jumps, and rounding decides on which side a unit is.
        const allowed = problem.activation === "relu" ? 1e-3 : 1e-5;
        for (const [key, values] of reference.tensors)
          expect(relative(found.tensors.get(key) ?? [], values), key).toBeLessThanOrEqual(allowed);
      }),
      { numRuns: 10, seed: 4 },
    );
  });
});

describe.skipIf(isas.length < 2)(
  `every instruction set solves with the same bits${missing === "" ? "" : ` (skipped: ${missing})`}`,
  () => {
    const all = isas.map((isa) => freshOps(`native ${isa}`).ops);
    test("any problem", () => {
      const problems = fc.record({
        method: fc.constantFrom(...odeMethods),
        gradient: fc.constantFrom("direct" as const, "adjoint" as const),
        batch: fc.integer({ min: 1, max: 70 }),
        D: fc.integer({ min: 1, max: 37 }),
        units: fc.array(fc.integer({ min: 1, max: 37 }), { maxLength: 3 }),
        activation: fc.constantFrom("tanh" as const, "relu" as const, "gelu" as const, "silu" as const),
        time: fc.boolean(),
        times: fc.constantFrom([0, 1], [0.5, 0.25, -0.5], [0, 0.1, 0.4, 0.5, 0.9]),
        stepSize: fc.constantFrom(0, 0.06),
      });
      fc.assert(
        fc.property(problems, (drawnProblem) => {
          const [first, ...others] = all.map((ops) => solveOde(ops, { ...small, ...drawnProblem }));
          for (const other of others) {
            expect(other.counts).toEqual(first?.counts);
            for (const [key, values] of first?.tensors ?? [])
              expect(new Uint32Array((other.tensors.get(key) as Float32Array).buffer), key).toEqual(
                new Uint32Array(values.buffer),
              );
          }
        }),
        { numRuns: cases(40), seed: 14 },
      );
    });
  },
);
