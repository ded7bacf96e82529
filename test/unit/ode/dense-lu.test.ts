/** Small dense systems: against LAPACK's solutions, closed forms, and PyTorch's gradients. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { DenseLu, SingularMatrixError } from "../../../src/ode/dense-lu.js";
import { solveDense, solveFactored } from "../../../src/ode/solve-dense.js";
import { useBackend } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import type { Tensor2D, Tensor3D } from "../../../src/tensor/tf.js";
import { backends } from "../tensor/backends.js";

interface Case {
  kind: string;
  batch: number;
  n: number;
  condition: number;
  A: number[];
  b: number[];
  g: number[];
  x: number[];
  dA: number[];
  db: number[];
}

const { cases } = JSON.parse(readFileSync(new URL("../../fixtures/ode/lu.json", import.meta.url), "utf8")) as {
  cases: Case[];
};

/** The largest difference over the largest number. */
function relative(found: ArrayLike<number>, wanted: readonly number[]): number {
  expect(found.length).toBe(wanted.length);
  const largest = Math.max(...wanted.map(Math.abs));
  return Math.max(...wanted.map((value, i) => Math.abs(value - found[i]!))) / largest;
}

/** Of one matrix, in row order. */
const times = (a: readonly number[], x: ArrayLike<number>): number[] =>
  Array.from({ length: x.length }, (_, i) => Array.from(x).reduce((sum, v, j) => sum + a[i * x.length + j]! * v, 0));

describe("in float64", () => {
  test.each(cases)("$kind: $batch of $n x $n as LAPACK has it", ({ n, A, b, g, x, db, condition }) => {
    const lu = new DenseLu(A, n);
    const before = Float64Array.from(b);
    expect(relative(lu.solve(before), x)).toBeLessThan(1e-15 * condition + 1e-13);
    expect(Array.from(before)).toEqual(b);
    // The gradient of b by g: what is solved with the transposed matrix.
    expect(relative(lu.solveTransposed(g), db)).toBeLessThan(1e-15 * condition + 1e-13);
  });

  test("closed forms: 2 x 2, a permutation, a triangle", () => {
    // Cramer's rule: x = (3*3 - 1*5)/5, (2*5 - 1*3)/5.
    expect(relative(new DenseLu([2, 1, 1, 3], 2).solve([3, 5]), [0.8, 1.4])).toBeLessThan(1e-15);
    expect(Array.from(new DenseLu([0, 1, 0, 0, 0, 1, 1, 0, 0], 3).solve([1, 2, 3]))).toEqual([3, 1, 2]);
    expect(Array.from(new DenseLu([0, 1, 0, 0, 0, 1, 1, 0, 0], 3).solveTransposed([1, 2, 3]))).toEqual([2, 3, 1]);
    expect(Array.from(new DenseLu([1, 2, 3, 0, 1, 4, 0, 0, 1], 3).solve([14, 14, 3]))).toEqual([1, 2, 3]);
  });

  test("the largest size: what is solved solves", () => {
    const size = fc.integer({ min: 1, max: 64 });
    fc.assert(
      fc.property(size, fc.integer(), (n, seed) => {
        // Not diagonally dominant, but the diagonal is what keeps the condition low.
        let state = seed >>> 0;
        const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
        const a = Array.from({ length: n * n }, (_, at) => next() + (at % n === (at / n + 1) % n ? 8 : 0));
        for (let i = 0; i < n; i++) a[i * n + ((i + 1) % n)]! += 8;
        const b = Array.from({ length: n }, next);
        const lu = new DenseLu(a, n);
        expect(relative(times(a, lu.solve(b)), b)).toBeLessThan(1e-12);
        const transposed = a.map((_, at) => a[(at % n) * n + Math.trunc(at / n)]!);
        expect(relative(times(transposed, lu.solveTransposed(b)), b)).toBeLessThan(1e-12);
      }),
      { numRuns: 30 },
    );
  });

  test("a singular matrix is an error that says which and where", () => {
    expect(() => new DenseLu([1, 2, 2, 4], 2)).toThrow(SingularMatrixError);
    expect(() => new DenseLu([1, 2, 2, 4], 2)).toThrow("the matrix is singular: no pivot in row 1");
    expect(() => new DenseLu([1, 0, 0, 1, 0, 0, 0, 1], 2)).toThrow("matrix 1 of 2 is singular: no pivot in row 0");
    expect(() => new DenseLu([NaN], 1)).toThrow(SingularMatrixError);
    expect(() => new DenseLu([1, 0, 0, Infinity], 2)).toThrow("no pivot in row 1");
    expect(new SingularMatrixError(0, 0, 1)).toMatchObject({ code: "singular-matrix", failureClass: "diverged" });
  });

  test("sizes that do not fit are named", () => {
    expect(() => new DenseLu([], 65)).toThrow("a linear system of 65 numbers: 1 to 64");
    expect(() => new DenseLu([1, 2, 3], 2)).toThrow("3 numbers are no matrices of 2 x 2");
    expect(() => new DenseLu([1, 0, 0, 1], 2).solve([1])).toThrow("a right side of 1 numbers: 2");
  });
});

describe.each(backends)("on tensors: %s", (backend) => {
  beforeAll(() => useBackend(backend));

  test.each(cases)("$kind: $batch of $n x $n and its gradients as PyTorch has them", (given) => {
    const { batch, n, condition } = given;
    const before = tf.memory().numTensors;
    const found = tf.tidy(() => {
      const [a, b] = [tf.tensor3d(given.A, [batch, n, n]), tf.tensor2d(given.b, [batch, n])];
      const g = tf.tensor2d(given.g, [batch, n]);
      const { value, grads } = tf.valueAndGrads((A: tf.Tensor, B: tf.Tensor) => {
        const x = solveDense(A as Tensor3D, B as Tensor2D);
        expect(relative(x.dataSync(), given.x)).toBeLessThan(1e-6);
        return tf.sum(tf.mul(x, g));
      })([a, b]);
      const lu = new DenseLu(given.A, n);
      const constant = tf.valueAndGrad((B: tf.Tensor) => tf.sum(tf.mul(solveFactored(lu, B as Tensor2D), g)))(b);
      return [value, ...grads, constant.value, constant.grad].map((tensor) => Array.from(tensor.dataSync()));
    });
    const [value, dA, db, again, dbAgain] = found as [number[], number[], number[], number[], number[]];
    const exact = given.x.reduce((sum, x, i) => sum + x * given.g[i]!, 0);
    const size = given.x.reduce((sum, x, i) => sum + Math.abs(x * given.g[i]!), 0);
    expect(Math.abs(value[0]! - exact)).toBeLessThan(1e-6 * size);
    expect(relative(dA, given.dA)).toBeLessThan(1e-6);
    expect(relative(db, given.db)).toBeLessThan(1e-6);
    expect(again).toEqual(value);
    expect(dbAgain).toEqual(db);
    expect(condition).toBeGreaterThanOrEqual(1);
    expect(tf.memory().numTensors).toBe(before);
  });

  test("shapes that do not fit, and a singular matrix of the batch", () => {
    tf.tidy(() => {
      const b = tf.tensor2d([1, 2], [1, 2]);
      expect(() => solveDense(tf.zeros([1, 2, 3]), b)).toThrow("matrices of [1, 2, 3] and a right side of [1, 2]");
      expect(() => solveDense(tf.zeros([2, 2, 2]), b)).toThrow("[B, n, n] and [B, n]");
      expect(() => solveDense(tf.zeros([1, 2, 2]), b)).toThrow(SingularMatrixError);
    });
  });
});
