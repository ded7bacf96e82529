import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { odeint, odeintAdjoint, type OdeintOptions, solverNames } from "../../../src/ode/index.js";
import { methods } from "../../../src/ode/index.js";
import { installOps, odeMethods, odeMlp, plainOps, useBackend } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { relative, tidied } from "../tensor/kernels/builds.js";
import { constant, errorOf, linear, type Problem, sine, turn } from "./problems.js";
import { cases } from "../../cases.js";

beforeAll(async () => {
  await useBackend("cpu");
});

const adaptive = solverNames.filter((name) => methods.get(name)?.estimate !== null);
const TIGHT = { rtol: 1e-8, atol: 1e-9 };
/** Of methods of fixed steps so many that they are as good as their order allows; error at most what that gives. */
function settingsOf(name: (typeof solverNames)[number]): [OdeintOptions, number] {
  const { estimate, order } = methods.get(name) as { estimate: number | null; order: number };
  return estimate === null
    ? [{ method: name, stepSize: 1 / 512 }, 20 * 512 ** -order + 1e-8]
    : [{ method: name, ...TIGHT }, 1e-6];
}

describe.each(solverNames)("%s", (name) => {
  test.each([
    [constant, 0, 3],
    [sine, 1, 3],
    [linear, 0, 3],
    [turn, 0, 3],
  ] as readonly [Problem, number, number][])("solves $name forwards and back in time", ({ f, exact }, from, to) => {
    const [options, bound] = settingsOf(name);
    const rising = Array.from({ length: 9 }, (_, i) => from + ((to - from) * i) / 8);
    for (const times of [rising, [...rising].reverse()]) {
      const { path } = odeint(f, Float64Array.from(exact(times[0] as number)), times, options);
      path.forEach((state, i) => {
        const truth = exact(times[i] as number);
        const size = Math.max(1, ...truth.map(Math.abs));
        expect(errorOf(state, truth) / size, `at ${times[i]}`).toBeLessThan(bound);
      });
    }
  });
});

test("there and back again", () => {
  const gaps = fc.array(fc.double({ min: 1e-3, max: 0.8, noNaN: true }), { minLength: 1, maxLength: 5 });
  const first = fc.double({ min: -2, max: 0, noNaN: true });
  fc.assert(
    fc.property(first, gaps, fc.constantFrom(...adaptive), (start, between, method) => {
      const times = [start];
      for (const gap of between) times.push((times.at(-1) as number) + gap);
      const there = odeint(turn.f, Float64Array.of(1, 0), times, { method, ...TIGHT }).path;
      const back = odeint(turn.f, there.at(-1) as Float64Array, [...times].reverse(), { method, ...TIGHT }).path;
      back.forEach((state, i) => expect(errorOf(state, there.at(-1 - i) as Float64Array)).toBeLessThan(1e-6));
    }),
    { numRuns: cases(25) },
  );
});

test("one time asked for is y0, without an evaluation", () => {
  const never = (): never => {
    throw new Error("called");
  };
  const y0 = Float64Array.of(1, 2);
  const { path, counts } = odeint(never, y0, [5]);
  expect(path).toEqual([y0]);
  expect(path[0]).not.toBe(y0);
  expect(counts).toEqual({ evaluations: 0, accepted: 0, rejected: 0 });
  tidied(() => expect(odeint(never, tf.tensor2d([[3]]), [5]).path.shape).toEqual([1, 1, 1]));
});

test.each(solverNames)("%s counts the evaluations that are made", (method) => {
  let made = 0;
  const f = (t: number, y: Float64Array): number[] => (made++, turn.f(t, y));
  const fixed = methods.get(method)?.estimate === null ? { stepSize: 0.1 } : {};
  const { counts } = odeint(f, Float64Array.of(1, 0), [0, 0.3, 1], { method, ...fixed });
  expect(counts.evaluations).toBe(made);
});

// Adams and Bashforth's eleven slopes take small steps alone: else what is rounded grows.
test.each(solverNames)("%s on tensors is within 1e-5 of float64's largest", (method) => {
  const fixed = methods.get(method)?.estimate === null ? { stepSize: 1 / 256 } : { rtol: 1e-6, atol: 1e-6 };
  const times = [0, 0.25, 0.75, 2];
  const options = { method, ...fixed };
  const exact = odeint(
    (t, y) => [Math.sin((y[1] as number) + t), -Math.tanh(y[0] as number)],
    Float64Array.of(1, 0.5),
    times,
    options,
  );
  const single = tidied(() => {
    const f = (t: tf.Scalar, y: tf.Tensor): tf.Tensor => {
      const [a, b] = tf.unstack(y);
      return tf.stack([tf.sin(tf.add(b as tf.Tensor, t)), tf.neg(tf.tanh(a as tf.Tensor))]);
    };
    const { path, counts } = odeint(f, tf.tensor1d([1, 0.5]), times, options);
    return { path: [...path.dataSync()], counts };
  });
  expect(
    relative(
      single.path,
      exact.path.flatMap((state) => [...state]),
    ),
  ).toBeLessThan(1e-5);
});

test.each(odeMethods)("%s is the fused op's, op by op, with torchdiffeq's interpolation", (method) => {
  const before = installOps(plainOps);
  try {
    tidied(() => {
      const weight = tf.tensor2d([
        [0.3, -1.1],
        [1.2, -0.2],
      ]);
      const bias = tf.tensor1d([0.1, -0.3]);
      const y0 = tf.tensor2d([
        [1, 0],
        [0.4, -0.6],
        [0, 2],
      ]);
      const times = [0, 0.3, 0.5, 1.7];
      const control = { method, rtol: 1e-3, atol: 1e-4 };
      const fused = odeMlp(y0, [{ weight, bias }], times, control);
      const f = (_t: tf.Scalar, y: tf.Tensor2D): tf.Tensor => tf.add(tf.matMul(y, weight, false, true), bias);
      const own = odeint(f, y0, times, { ...control, interpolation: "torchdiffeq" });
      expect(own.counts).toEqual(fused.counts);
      expect(relative(own.path.dataSync(), fused.path.dataSync())).toBeLessThan(1e-6);
    });
  } finally {
    installOps(before);
  }
});

test("options may stand one level down, as torchdiffeq has them, and win", () => {
  const f = (_t: number, y: Float64Array): number[] => [-(y[0] as number)];
  const solve = (options: OdeintOptions) => odeint(f, Float64Array.of(1), [0, 1], options).counts.accepted;
  expect(solve({ method: "rk4", options: { stepSize: 0.25 } })).toBe(4);
  expect(solve({ method: "rk4", stepSize: 0.5, options: { stepSize: 0.25 } })).toBe(4);
});

test("the proportional-integral controller has fewer steps rejected", () => {
  const f = (_t: number, y: Float64Array): number[] => {
    const [x, v] = [y[0] as number, y[1] as number];
    return [v, 5 * (1 - x * x) * v - x];
  };
  const solve = (control: "integral" | "proportional-integral") =>
    odeint(f, Float64Array.of(2, 0), [0, 30], { rtol: 1e-5, atol: 1e-7, control });
  const [integral, proportional] = [solve("integral"), solve("proportional-integral")];
  expect(proportional.counts.rejected).toBeLessThan(integral.counts.rejected / 2);
  expect(errorOf(proportional.path[1] as Float64Array, integral.path[1] as Float64Array)).toBeLessThan(1e-2);
});

test("Float64Array has no gradients, and the adjoint's solver is odeint", () => {
  const [own, adjoint] = [odeint, odeintAdjoint].map((solve) => solve(turn.f, Float64Array.of(1, 0), [0, 1]));
  expect(adjoint).toMatchObject({ path: own?.path, counts: own?.counts });
});
