import { afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  type AdjointCost,
  type AskedTimes,
  methods,
  odeint,
  odeintAdjoint,
  type OdeintOptions,
} from "../../../src/ode/index.js";
import { type SolverName, solverNames, type TensorFunction, type TensorSolution } from "../../../src/ode/index.js";
import { useBackend } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { relative, tidied } from "../tensor/kernels/builds.js";

beforeAll(async () => {
  await useBackend("cpu");
});
afterEach(() => {
  tf.disposeVariables();
});

const isFixed = (method: SolverName): boolean => methods.get(method)?.estimate === null;
const adaptive = solverNames.filter((method) => !isFixed(method));
const controlOf = (method: SolverName) =>
  isFixed(method) ? { method, stepSize: 1 / 8 } : { method, rtol: 1e-6, atol: 1e-6 };

/** Either, on tensors. */
type Solve = (...args: [TensorFunction, tf.Tensor, AskedTimes, OdeintOptions?]) => TensorSolution;
const solvers: readonly (readonly [string, Solve])[] = [
  ["odeint", odeint],
  ["odeintAdjoint", odeintAdjoint],
];

const START = [1, -0.5];
const MATRIX = [-0.3, -1.2, 0.9, 0.2];
/** The weights of the loss at three times. */
const SEED = [0.3, -0.7, 1.1, 0.4, -0.6, 0.9];

/** The loss in float64: y' = tanh(M y + t). */
function lossOf(y0: number[], matrix: number[], times: number[], method: SolverName): number {
  const [a, b, c, d] = matrix as [number, number, number, number];
  const f = (t: number, y: Float64Array): number[] => {
    const [u, v] = [y[0] as number, y[1] as number];
    return [Math.tanh(a * u + b * v + t), Math.tanh(c * u + d * v + t)];
  };
  const tight = isFixed(method) ? controlOf(method) : { method, rtol: 1e-10, atol: 1e-10 };
  const { path } = odeint(f, Float64Array.from(y0), times, tight);
  return path.reduce((sum, y, i) => sum + y.reduce((s, x, j) => s + x * (SEED[2 * i + j] as number), 0), 0);
}

/** Central differences of a function of a list. */
function differences(of: (x: number[]) => number, x: number[]): number[] {
  const h = 1e-4;
  return x.map((_, i) => {
    const moved = (by: number): number => of(x.map((value, j) => (i === j ? value + by : value)));
    return (moved(h) - moved(-h)) / (2 * h);
  });
}

/** The same loss's gradients by tensors. */
function gradientsOf(times: number[], method: SolverName, solve: Solve): number[][] {
  return tidied(() => {
    const loss = (y0: tf.Tensor, matrix: tf.Tensor, t: tf.Tensor): tf.Tensor => {
      const f = (now: tf.Scalar, y: tf.Tensor): tf.Tensor => tf.tanh(tf.add(tf.reshape(tf.dot(matrix, y), [2]), now));
      const params = solve === odeintAdjoint ? { adjointParams: [matrix] } : {};
      const { path } = solve(f, y0, t as tf.Tensor1D, { ...controlOf(method), ...params });
      return tf.sum(tf.mul(path, tf.tensor2d(SEED, [3, 2])));
    };
    const inputs = [tf.tensor1d(START), tf.tensor2d(MATRIX, [2, 2]), tf.tensor1d(times)];
    return tf
      .grads(loss as never)(inputs)
      .map((gradient) => [...gradient.dataSync()]);
  });
}

describe.each([
  ["forwards", [0, 0.5, 1.25]],
  ["back in time", [1.25, 0.75, 0]],
] as const)("gradients %s", (direction, given) => {
  const times = [...given];
  const forwards = direction === "forwards";
  test.each(solverNames.filter((name) => forwards || ["rk4", "dopri5"].includes(name)))(
    "%s, direct: finite differences",
    (method) => {
      const [byStart, byMatrix, byTimes] = gradientsOf(times, method, odeint) as [number[], number[], number[]];
      expect(
        relative(
          byStart,
          differences((y0) => lossOf(y0, MATRIX, times, method), START),
        ),
      ).toBeLessThan(1e-4);
      expect(
        relative(
          byMatrix,
          differences((matrix) => lossOf(START, matrix, times, method), MATRIX),
        ),
      ).toBeLessThan(1e-4);
      // The steps' grid jumps with the times where it is not that of the times: see below.
      if (isFixed(method)) return;
      expect(
        relative(
          byTimes,
          differences((t) => lossOf(START, MATRIX, t, method), times),
        ),
      ).toBeLessThan(1e-4);
    },
  );

  test.each(adaptive.filter((name) => forwards || name === "dopri5"))("%s, adjoint: the direct ones", (method) => {
    const [direct, adjoint] = solvers.map(([, solve]) => gradientsOf(times, method, solve)) as [number[][], number[][]];
    direct.forEach((gradient, i) => expect(relative(adjoint[i] as number[], gradient)).toBeLessThan(1e-4));
  });
});

test("on a grid of the times asked for, the steps' sizes have gradients: those of finite differences", () => {
  for (const method of ["euler", "midpoint", "heun", "rk4", "explicit_adams"] as const) {
    const loss = (t: number[]): number => {
      const { path } = odeint((now, y) => [Math.sin((y[0] as number) + now)], Float64Array.of(1), t, { method });
      return path.reduce((sum, y, i) => sum + (i + 1) * (y[0] as number), 0);
    };
    const times = [0, 0.5, 1.25, 1.5, 2.5, 3];
    const found = tidied(() => {
      const of = tf.grad((t: tf.Tensor) => {
        const f = (now: tf.Scalar, y: tf.Tensor): tf.Tensor => tf.sin(tf.add(y, now));
        const { path } = odeint(f, tf.tensor1d([1]), t as tf.Tensor1D, { method });
        return tf.sum(tf.mul(path, tf.tensor2d([1, 2, 3, 4, 5, 6], [6, 1])));
      });
      return [...of(tf.tensor1d(times)).dataSync()];
    });
    expect(relative(found, differences(loss, times)), method).toBeLessThan(1e-5);
  }
});

describe("variables", () => {
  test("that func computes with have gradients, and no others", () => {
    const rate = tf.variable(tf.scalar(-0.5), true, "rate");
    tf.variable(tf.scalar(3), true, "other");
    tf.variable(tf.scalar(3), false, "fixed");
    for (const [, solve] of solvers) {
      tidied(() => {
        const f = (_t: tf.Scalar, y: tf.Tensor): tf.Tensor => tf.mul(y, rate);
        const { value, grads } = tf.variableGrads(() => {
          const { path } = solve(f, tf.tensor1d([2]), [0, 1, 2], { rtol: 1e-5, atol: 1e-6 });
          return tf.sum<tf.Scalar>(path);
        });
        const [y1, y2] = [2 * Math.exp(-0.5), 2 * Math.exp(-1)];
        expect(value.dataSync()[0]).toBeCloseTo(2 + y1 + y2, 4);
        expect(
          Object.entries(grads)
            .filter(([, gradient]) => gradient !== null)
            .map(([name]) => name),
        ).toEqual(["rate"]);
        expect(grads["rate"]?.dataSync()[0]).toBeCloseTo(y1 + 2 * y2, 3);
      });
    }
  });

  test("of several tensors' states: as of one", () => {
    const k = tf.variable(tf.tensor1d([0.7]), true, "k");
    for (const solve of [odeint, odeintAdjoint] as (typeof odeint)[])
      tidied(() => {
        const options = { rtol: 1e-5, atol: 1e-6 };
        const parts = tf.variableGrads(() => {
          const f = (_t: tf.Scalar, [x, v]: readonly tf.Tensor[]): tf.Tensor[] => [
            v as tf.Tensor,
            tf.neg(tf.mul(k, x as tf.Tensor)),
          ];
          const { path } = solve(f, [tf.tensor1d([1]), tf.tensor1d([0])], [0, 1, 2], options);
          expect(path.map(({ shape }) => shape)).toEqual([
            [3, 1],
            [3, 1],
          ]);
          return tf.add<tf.Scalar>(tf.sum(path[0] as tf.Tensor), tf.sum(tf.square(path[1] as tf.Tensor)));
        });
        const whole = tf.variableGrads(() => {
          const f = (_t: tf.Scalar, y: tf.Tensor): tf.Tensor => {
            const [x, v] = tf.split(y, 2);
            return tf.concat([v as tf.Tensor, tf.neg(tf.mul(k, x as tf.Tensor))]);
          };
          const { path } = solve(f, tf.tensor1d([1, 0]), [0, 1, 2], options);
          const [x, v] = tf.split(path, 2, 1);
          return tf.add<tf.Scalar>(tf.sum(x as tf.Tensor), tf.sum(tf.square(v as tf.Tensor)));
        });
        // Another norm, other steps: equal to the tolerance.
        expect(relative(parts.grads["k"]?.dataSync() ?? [], whole.grads["k"]?.dataSync() ?? [])).toBeLessThan(1e-3);
      });
  });

  test("of a func whose slope is its own state, a variable or a constant", () => {
    const v = tf.variable(tf.tensor1d([3]), true, "v");
    const fixed = tf.tensor1d([2]);
    for (const [, solve] of solvers)
      tidied(() => {
        const y0 = tf.tensor1d([1]);
        const end = (f: (t: tf.Scalar, y: tf.Tensor) => tf.Tensor): number =>
          solve(f, y0, [0, 1]).path.dataSync()[1] as number;
        expect(end((_t, y) => y)).toBeCloseTo(Math.E, 5);
        expect(end(() => v)).toBeCloseTo(4, 5);
        expect(end(() => fixed)).toBeCloseTo(3, 5);
        const { grads } = tf.variableGrads(() => tf.sum<tf.Scalar>(solve(() => v, y0, [0, 2]).path));
        expect(grads["v"]?.dataSync()[0]).toBeCloseTo(2, 5);
        expect([v.isDisposed, fixed.isDisposed]).toEqual([false, false]);
      });
    fixed.dispose();
  });
});

test("the adjoint system has tolerances, a method and counts of its own", () => {
  const k = tf.variable(tf.scalar(0.5), true, "k");
  const cost = (own: object): number => {
    let solution: (TensorSolution & AdjointCost) | null = null;
    tidied(() => {
      tf.variableGrads(() => {
        solution = odeintAdjoint((_t, y: tf.Tensor) => tf.sin(tf.mul(y, k)), tf.tensor1d([1]), [0, 5], {
          ...{ rtol: 1e-5, atol: 1e-5 },
          ...own,
        });
        expect(solution.adjointCounts()).toBeNull();
        return tf.sum<tf.Scalar>(solution.path);
      });
    });
    return (solution as unknown as AdjointCost).adjointCounts()?.evaluations ?? 0;
  };
  expect(cost({ adjointRtol: 1e-2, adjointAtol: 1e-2 })).toBeLessThan(cost({}));
  expect(cost({ adjointMethod: "rk4", adjointOptions: { stepSize: 0.5 } })).toBe(40);
});

test("a parameter of the adjoint that is named twice has its gradient once", () => {
  tidied(() => {
    // y' = c y from 1 is e^c at 1, as its derivative by c.
    const end = (c: tf.Tensor): tf.Tensor => {
      const options = { rtol: 1e-5, atol: 1e-6, adjointParams: [c, c] };
      return tf.sum(odeintAdjoint((_t, y: tf.Tensor) => tf.mul(y, c), tf.tensor1d([1]), [0, 1], options).path);
    };
    expect(tf.grad(end)(tf.scalar(0.3)).dataSync()[0]).toBeCloseTo(Math.exp(0.3), 4);
  });
});

test.each(solvers)("%s leaves no tensors behind", (_name, solve) => {
  const k = tf.variable(tf.scalar(0.5), true, "k");
  const y0 = tf.tensor2d([[1, 2]]);
  const run = (method: SolverName): void => {
    const options = { method, ...(isFixed(method) ? { stepSize: 0.25 } : { rtol: 1e-4, atol: 1e-4 }) };
    const f = (_t: tf.Scalar, y: tf.Tensor): tf.Tensor => tf.sin(tf.mul(y, k));
    solve(f, y0, [0, 1, 3], options).path.dispose();
    const { value, grads } = tf.variableGrads(() => tf.sum<tf.Scalar>(solve(f, y0, [0, 1, 3], options).path));
    tf.dispose([value, grads]);
  };
  for (const method of solverNames) {
    const before = tf.memory();
    run(method);
    expect([method, tf.memory().numTensors, tf.memory().numDataBuffers]).toEqual([
      method,
      before.numTensors,
      before.numDataBuffers,
    ]);
  }
  y0.dispose();
});

test("tensors alive during a solution do not grow with its steps", () => {
  const most = (steps: number): number => {
    let largest = 0;
    const y0 = tf.tensor1d([1, 2]);
    const f = (_t: tf.Scalar, y: tf.Tensor): tf.Tensor => {
      largest = Math.max(largest, tf.memory().numTensors);
      return tf.neg(y);
    };
    for (const method of solverNames) {
      const size = isFixed(method) ? { stepSize: 1 / steps } : { maxStep: 1 / steps };
      odeint(f, y0, [0, 1], { method, ...size }).path.dispose();
    }
    y0.dispose();
    return largest;
  };
  expect(most(64)).toBeLessThanOrEqual(most(24));
});
