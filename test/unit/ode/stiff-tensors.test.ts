/** The stiff method on tensors: beside its float64, and its gradients beside finite differences and the adjoint system. */
import { beforeAll, describe, expect, test } from "vitest";
import { odeint, odeintAdjoint, odeintEvent, type OdeintOptions } from "../../../src/ode/index.js";
import { useBackend } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import type { Scalar, Tensor } from "../../../src/tensor/tf.js";
import { backends } from "../tensor/backends.js";

const times = [0, 0.3, 1];
const rows = [
  [0.4, 0.8],
  [-1, 0.3],
  [2, -0.6],
];
const at = { w: 1.3 };

/** y1' = -k (y1 - tanh(w y2)), y2' = -y2³ + sin t: the first follows the second within 1/k. */
const numbers =
  (k: number, w: number) =>
  (t: number, y: ArrayLike<number>): number[] =>
    Array.from({ length: y.length / 2 }, (_, b) => [
      -k * (y[2 * b]! - Math.tanh(w * y[2 * b + 1]!)),
      -(y[2 * b + 1]! ** 3) + Math.sin(t),
    ]).flat();

const tensors =
  (k: Tensor, w: Tensor) =>
  (t: Scalar, y: Tensor): Tensor => {
    const [a, b] = tf.split(y, 2, y.rank - 1) as [Tensor, Tensor];
    const fast = tf.mul(tf.neg(k), tf.sub(a, tf.tanh(tf.mul(w, b))));
    return tf.concat([fast, tf.add(tf.neg(tf.mul(b, tf.square(b))), tf.sin(t))], y.rank - 1);
  };

/** Weights of a sum over the whole path, that of the first time 0. */
const weight = (i: number): number => (i < 6 ? 0 : Math.cos(1 + 3 * i));
const lossOf = (path: readonly ArrayLike<number>[]): number =>
  path.flatMap((y) => Array.from(y)).reduce((sum, v, i) => sum + weight(i) * v * (1 + v / 3), 0);
const lossTensor = (path: Tensor): Tensor => {
  const weights = tf.tensor(
    Array.from({ length: path.size }, (_, i) => weight(i)),
    path.shape,
  );
  return tf.sum(tf.mul(tf.mul(weights, path), tf.add(1, tf.div(path, 3))));
};

const exactly: OdeintOptions = { method: "esdirk54", rtol: 1e-10, atol: 1e-11 };
const lossAt = (k: number, w: number, y0: readonly number[], t: readonly number[]): number =>
  lossOf(odeint(numbers(k, w), Float64Array.from(y0), t, exactly).path);

/** Central differences in float64 of what float64 solves nearly exactly. */
function differences(k: number, t: readonly number[]): Record<string, number[]> {
  const y0 = rows.flat();
  const by = (f: (x: number) => number, x: number, h: number): number => (f(x + h) - f(x - h)) / (2 * h);
  const moved = (list: readonly number[], i: number, x: number): number[] => list.map((v, j) => (j === i ? x : v));
  return {
    k: [by((x) => lossAt(x, at.w, y0, t), k, 1e-3 * k)],
    w: [by((x) => lossAt(k, x, y0, t), at.w, 1e-4)],
    y0: y0.map((v, i) => by((x) => lossAt(k, at.w, moved(y0, i, x), t), v, 1e-4)),
    t: t.map((v, i) => (i === 0 ? 0 : by((x) => lossAt(k, at.w, y0, moved(t, i, x)), v, 1e-4))),
  };
}

const largest = (list: ArrayLike<number>): number => Math.max(...Array.from(list, Math.abs));
const off = (found: ArrayLike<number>, wanted: ArrayLike<number>): number =>
  largest(Array.from(wanted, (v, i) => v - found[i]!));

/** The loss's gradients by tensors of k, w, y0 and the times. */
function gradients(k: number, t: readonly number[], options: OdeintOptions, adjoint = false): Record<string, number[]> {
  const found = tf.tidy(() => {
    const inputs = [tf.scalar(k), tf.scalar(at.w), tf.tensor2d(rows), tf.tensor1d([...t])];
    const { grads } = tf.valueAndGrads((stiffness: Tensor, w: Tensor, y0: Tensor, asked: Tensor) => {
      const f = tensors(stiffness, w);
      const solved = adjoint
        ? odeintAdjoint(f, y0, asked as tf.Tensor1D, { ...options, adjointParams: [stiffness, w] })
        : odeint(f, y0, asked as tf.Tensor1D, options);
      return lossTensor(solved.path) as Scalar;
    })(inputs);
    return grads.map((grad) => Array.from(grad.dataSync()));
  });
  return { k: found[0]!, w: found[1]!, y0: found[2]!, t: [0, ...found[3]!.slice(1)] };
}

describe.each(backends)("%s", (backend) => {
  beforeAll(() => useBackend(backend));

  test("a batch takes the steps of float64, and ends where that does", () => {
    const options = { method: "esdirk54", rtol: 1e-5, atol: 1e-6, maxEvaluations: 3000 } as const;
    const exact = odeint(numbers(1000, at.w), Float64Array.from(rows.flat()), times, options);
    const before = tf.memory().numTensors;
    const solve = () => {
      const [k, w, y0] = [tf.scalar(1000), tf.scalar(at.w), tf.tensor2d(rows)];
      const { path, counts } = odeint(tensors(k, w), y0, times, options);
      expect(path.shape).toEqual([3, 3, 2]);
      const values = Array.from(path.dataSync());
      tf.dispose([k, w, y0, path]);
      return { values, counts };
    };
    const { values, counts } = solve();
    const wanted = exact.path.flatMap((y) => Array.from(y));
    expect(off(values, wanted)).toBeLessThan(1e-5 * largest(wanted));
    expect(Math.abs(counts.accepted - exact.counts.accepted)).toBeLessThan(2);
    expect(Math.abs(counts.rejected - exact.counts.rejected)).toBeLessThan(3);
    expect(solve().values).toEqual(values);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("gradients", () => {
  beforeAll(() => useBackend("wasm"));

  test("direct gradients of a stiff problem: finite differences", () => {
    const wanted = differences(1000, times);
    const before = tf.memory().numTensors;
    const found = gradients(1000, times, { method: "esdirk54", rtol: 1e-4, atol: 1e-5, maxEvaluations: 3000 });
    for (const name of ["w", "y0"])
      expect(off(found[name]!, wanted[name]!), name).toBeLessThan(5e-4 * largest(wanted[name]!));
    // A thousand times a difference of float32 numbers near 1.
    expect(off(found["t"]!, wanted["t"]!)).toBeLessThan(1e-3);
    // What the first component began with is forgotten, and how fast hardly matters: to the loss, 1e-3 for a factor of e.
    expect(Math.abs(wanted["k"]![0]! * 1000)).toBeLessThan(2e-3);
    expect(off(found["k"]!, wanted["k"]!)).toBeLessThan(0.1 * largest(wanted["k"]!));
    expect(tf.memory().numTensors).toBe(before);
  });

  test("direct gradients and the adjoint system's where that is solvable back in time", () => {
    const near = [0, 0.1, 0.2, 0.3];
    const options = { method: "esdirk54", rtol: 1e-5, atol: 1e-6, maxEvaluations: 3000 } as const;
    const wanted = differences(20, near);
    const [direct, adjoint] = [gradients(20, near, options), gradients(20, near, options, true)];
    for (const name of ["k", "w", "y0", "t"]) {
      expect(off(direct[name]!, wanted[name]!), name).toBeLessThan(5e-4 * largest(wanted[name]!));
      expect(off(adjoint[name]!, wanted[name]!), name).toBeLessThan(5e-4 * largest(wanted[name]!));
    }
  });

  test("the gradient is right where no iteration shows that the Jacobian is another one by now", () => {
    // s' = 1, z' = -50 (1 + s)² (z - a) from z = a: all guesses are exact, and z moves with a, however fast it would follow.
    const grad = tf.tidy(() =>
      tf
        .grad((a: Tensor) => {
          const f = (_: Scalar, y: Tensor) => {
            const [s, z] = tf.split(y, 2, 1) as [Tensor, Tensor];
            const speed = tf.mul(-50, tf.square(tf.add(1, s)));
            return tf.concat([tf.onesLike(s), tf.mul(speed, tf.sub(z, a))], 1);
          };
          const y0 = tf.reshape(tf.stack([tf.scalar(0), a]), [1, 2]);
          const options = { method: "esdirk54", rtol: 1e-3, atol: 1e-3, maxEvaluations: 3000 } as const;
          return tf.squeeze(tf.slice(odeint(f, y0, [0, 9], options).path, [1, 0, 1]));
        })(tf.scalar(2))
        .dataSync(),
    );
    expect(Math.abs(grad[0]! - 1)).toBeLessThan(1e-3);
  });

  test("the gradient is right where nothing moves: at rest from the start", () => {
    // y' = -100 (y³ - a): at rest at the cube root of a, whose derivative is 1 / (3 y²).
    const grad = tf.tidy(() =>
      tf
        .grad((a: Tensor) => {
          const f = (_: Scalar, y: Tensor) => tf.mul(-100, tf.sub(tf.mul(y, tf.square(y)), a));
          const { path } = odeint(f, tf.tensor2d([[2]]), [0, 50], {
            method: "esdirk54",
            rtol: 1e-3,
            atol: 1e-3,
            maxEvaluations: 3000,
          });
          return tf.squeeze(tf.slice(path, 1, 1));
        })(tf.scalar(8))
        .dataSync(),
    );
    expect(Math.abs(grad[0]! - 1 / 12)).toBeLessThan(1e-3 / 12);
  });
});

describe("shapes", () => {
  beforeAll(() => useBackend("cpu"));
  const options = { method: "esdirk54", rtol: 1e-5, atol: 1e-6, maxEvaluations: 3000 } as const;

  const solved = (f: (t: Scalar, y: Tensor) => Tensor, y0: Tensor): number[] =>
    Array.from(odeint(f, y0, [0, 0.5], options).path.dataSync());

  test("the last axis is the system: one number, one row, rows of rows", () => {
    tf.tidy(() => {
      const decay = (_: Scalar, y: Tensor) => tf.mul(-200, tf.sub(y, 0.5));
      expect(solved(decay, tf.scalar(1))[1]).toBeCloseTo(0.5, 5);
      const f = tensors(tf.scalar(1000), tf.scalar(at.w));
      const one = solved(f, tf.tensor1d(rows[0]!)).slice(2);
      const wanted = odeint(numbers(1000, at.w), Float64Array.from(rows[0]!), [0, 0.5], options).path[1]!;
      expect(off(one, wanted)).toBeLessThan(1e-5);
      const flat = solved(f, tf.tensor2d([...rows, [1, 1]], [4, 2]));
      const deep = solved(f, tf.tensor3d([...rows, [1, 1]].flat(), [2, 2, 2]));
      expect(deep).toEqual(flat);
    });
  });

  test("several tensors are one system: as if they stood beside each other", () => {
    const rate = 500;
    tf.tidy(() => {
      const whole = (_: Scalar, y: Tensor): Tensor => {
        const [a, b, c] = tf.split(y, 3, 1) as [Tensor, Tensor, Tensor];
        return tf.concat(
          [tf.mul(rate, tf.sub(c, a)), tf.sub(a, b), tf.sub(tf.mul(rate, tf.sub(a, c)), tf.mul(c, b))],
          1,
        );
      };
      const y0 = tf.tensor2d([
        [0, 1, 2],
        [3, -1, 1],
      ]);
      const { path: one } = odeint(whole, y0, [0, 1], options);
      const start = [tf.slice(y0, [0, 0], [2, 2]), tf.slice(y0, [0, 2], [2, 1])];
      const parts = (t: Scalar, [ab, c]: readonly Tensor[]) =>
        tf.split(whole(t, tf.concat([ab as Tensor, c as Tensor], 1)), [2, 1], 1);
      const { path, counts } = odeint(parts, start, [0, 1], options);
      const joined = tf.concat([path[0] as Tensor, path[1] as Tensor], 2);
      expect(off(joined.dataSync(), one.dataSync())).toBeLessThan(2e-4);
      // Were what the parts give each other unknown to the iteration, steps would be those of an explicit method.
      expect(counts.accepted).toBeLessThan(40);
    });
  });

  test("an event on a stiff solution", () => {
    const f = (t: number, y: Float64Array) => [-1e4 * (y[0]! - Math.cos(t))];
    const event = (_: number, y: Float64Array): number => y[0]! - 0.5;
    const found = odeintEvent(f, Float64Array.of(1), 0, { ...options, eventFn: event, rtol: 1e-8, atol: 1e-8 });
    // y lags behind the cosine by 1e-4.
    expect(found.eventTime).toBeCloseTo(Math.acos(0.5) + 1e-4, 6);
  });

  test("what has no Jacobian here is one clear error", () => {
    tf.tidy(() => {
      const f = (_: Scalar, y: Tensor) => tf.neg(y);
      expect(() => odeint(f, tf.ones([2, 65]), [0, 1], options)).toThrow(
        "an implicit method takes states of at most 64 numbers, not 65",
      );
      const two = (_: Scalar, y: readonly Tensor[]) => y.map((part) => tf.neg(part));
      expect(() => odeint(two, [tf.ones([2, 3]), tf.ones([3, 3])], [0, 1], options)).toThrow(
        "an implicit method takes parts of as many rows each, not 2, 3",
      );
      expect(() => odeint(f, tf.ones([1, 1]), [0, 1], { ...options, jacobian: () => [[-1]] })).toThrow(
        "odeint: jacobian is of states in float64: that of tensors comes from the tape",
      );
    });
  });
});
