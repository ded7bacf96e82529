import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { odeintEvent } from "../../../src/ode/index.js";
import { useBackend } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { tidied } from "../tensor/kernels/builds.js";

beforeAll(async () => {
  await useBackend("cpu");
});
afterEach(() => {
  tf.disposeVariables();
});

const G = 9.81;
const fall = (_t: number, y: Float64Array): number[] => [y[1] as number, -G];
const height = (_t: number, y: Float64Array): number => y[0] as number;

describe("in float64", () => {
  test("a ball that bounces: times and speeds in closed form", () => {
    // Each time it meets the ground it leaves it with 0.8 of its speed.
    let [t, y] = [0, Float64Array.of(10, 0)];
    let [expected, speed] = [Math.sqrt((2 * 10) / G), Math.sqrt(2 * G * 10)];
    for (let bounce = 0; bounce < 5; bounce++) {
      const { eventTime, state } = odeintEvent(fall, y, t, { eventFn: height });
      expect(eventTime).toBeCloseTo(expected, 7);
      expect(state[0]).toBeCloseTo(0, 6);
      expect(state[1]).toBeCloseTo(-speed, 6);
      speed *= 0.8;
      expected += (2 * speed) / G;
      // Off the ground, which is an event itself.
      [t, y] = [eventTime, Float64Array.of(1e-9, -0.8 * (state[1] as number))];
    }
  });

  test.each(["dopri5", "bosh3", "dopri8", "tsit5", "rk4", "explicit_adams"] as const)(
    "a line crossed, by %s",
    (method) => {
      const options = { method, stepSize: 0.37, eventFn: (t: number, y: Float64Array) => (y[0] as number) - 2 * t };
      const { eventTime, state, counts } = odeintEvent(() => [-1], Float64Array.of(6), 0, options);
      expect(eventTime).toBeCloseTo(2, 8);
      expect(state[0]).toBeCloseTo(4, 8);
      expect(counts.accepted).toBeGreaterThan(0);
    },
  );

  test("back in time, up to a limit", () => {
    const options = { eventFn: height, reverseTime: true, until: -20 };
    const { eventTime } = odeintEvent(() => [2], Float64Array.of(10), 0, options);
    expect(eventTime).toBeCloseTo(-5, 8);
  });

  test("of several numbers the first that changes its sign", () => {
    const eventFn = (t: number, y: Float64Array): number[] => [t - 3, (y[0] as number) - 1.5, t - 7];
    expect(odeintEvent(() => [1], Float64Array.of(0), 0, { eventFn }).eventTime).toBeCloseTo(1.5, 8);
  });

  test("an event at the start is found there, with a state of one's own", () => {
    const y0 = Float64Array.of(0, 5);
    const { eventTime, state, counts } = odeintEvent(fall, y0, 3, { eventFn: height });
    expect([eventTime, [...state], counts.evaluations]).toEqual([3, [0, 5], 0]);
    expect(state).not.toBe(y0);
  });

  test("none by the limit is an error, even if the last step goes on to one", () => {
    const find = (until: number) => () =>
      odeintEvent(() => [-1], Float64Array.of(1), 0, { eventFn: height, until, firstStep: 4 }).eventTime;
    expect(find(1.01)()).toBeCloseTo(1, 8);
    expect(find(0.99)).toThrow(
      expect.objectContaining({ code: "ode-no-event", message: "no event by the limit at t=0.99" }),
    );
  });

  test("none at all costs the budget, or the minimum step, never more", () => {
    const never = (extra: object) => () =>
      odeintEvent(() => [1], Float64Array.of(1), 0, { eventFn: height, ...extra }).eventTime;
    expect(never({ maxEvaluations: 500 })).toThrow(/^budget of 500 evaluations spent at t=/u);
    expect(never({ method: "rk4", stepSize: 0.5, maxEvaluations: 500 })).toThrow(
      "budget of 500 evaluations spent at t=62.5",
    );
    expect(never({ maxSeconds: 1e-9 })).toThrow(/^time limit of 1e-9 s spent at t=0/u);
  });

  test("a function that is not a number is an error", () => {
    const find = (eventFn: (t: number) => number) => () =>
      odeintEvent(() => [1], Float64Array.of(1), 0, { eventFn, maxEvaluations: 500 }).eventTime;
    expect(find(() => NaN)).toThrow("eventFn is not finite at t=0");
    expect(find((t) => (t > 0 ? NaN : 1))).toThrow(/^eventFn is not finite at t=/u);
  });
});

describe.each(["direct", "adjoint"] as const)("gradients, %s", (gradient) => {
  const control = { rtol: 1e-6, atol: 1e-6, gradient };

  test("of the time and the state of a fall, by height, speed and the start's time", () => {
    // h + v s - g s^2 / 2 = 0 at s = t - t0, where ds/dh = 1 / (g s - v), ds/dv = s / (g s - v).
    const [h, v, t0] = [10, 3, 0.5];
    const s = (v + Math.sqrt(v * v + 2 * G * h)) / G;
    const slope = G * s - v;
    tidied(() => {
      const find = (y0: tf.Tensor, start: tf.Tensor) => {
        const f = (_t: tf.Scalar, y: tf.Tensor): tf.Tensor => tf.concat([tf.slice(y, 1, 1), tf.tensor1d([-G])]);
        return odeintEvent(f, y0, start, { ...control, eventFn: (_t, y) => tf.slice(y, 0, 1) });
      };
      const inputs = [tf.tensor1d([h, v]), tf.scalar(t0)];
      const found = find(inputs[0] as tf.Tensor, inputs[1] as tf.Tensor);
      expect(found.eventTime.dataSync()[0]).toBeCloseTo(t0 + s, 5);
      const ofTime = tf.grads((y0: tf.Tensor, start: tf.Tensor) => find(y0, start).eventTime)(inputs);
      expect(ofTime[0]?.dataSync()[0]).toBeCloseTo(1 / slope, 5);
      expect(ofTime[0]?.dataSync()[1]).toBeCloseTo(s / slope, 5);
      expect(ofTime[1]?.dataSync()[0]).toBeCloseTo(1, 4);
      // The speed there is v - g s: by h it falls with g / slope.
      const ofSpeed = tf.grads((y0: tf.Tensor, start: tf.Tensor) => tf.sum(tf.slice(find(y0, start).state, 1, 1)))(
        inputs,
      );
      expect(ofSpeed[0]?.dataSync()[0]).toBeCloseTo(-G / slope, 4);
      expect(ofSpeed[0]?.dataSync()[1]).toBeCloseTo(1 - (G * s) / slope, 4);
      expect(ofSpeed[1]?.dataSync()[0]).toBeCloseTo(0, 4);
    });
  });

  test("by a variable: the end of life under a rate of fade", () => {
    const rate = tf.variable(tf.scalar(0.05), true, "rate");
    const before = tf.memory().numTensors;
    tidied(() => {
      const { value, grads } = tf.variableGrads(
        () =>
          odeintEvent((_t, y: tf.Tensor) => tf.neg(tf.mul(y, rate)), tf.tensor1d([1]), 0, {
            ...control,
            eventFn: (_t, y) => tf.sub(y, 0.7),
            until: 100,
          }).eventTime,
      );
      const life = -Math.log(0.7) / 0.05;
      expect(value.dataSync()[0]).toBeCloseTo(life, 4);
      expect((grads["rate"]?.dataSync()[0] ?? 0) / (-life / 0.05)).toBeCloseTo(1, 4);
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  test("by the number that crosses, beside one that is nearer to zero and does not", () => {
    tidied(() => {
      // y' = -y / 2 from 1 is at 0.7 when t = -2 ln(0.7 / y0), which y0 moves by 2 / y0; a width of 1e-3 leaves y - 0.7 far from 0.
      const find = (y0: tf.Tensor): tf.Tensor =>
        odeintEvent((_t, y: tf.Tensor) => tf.mul(-0.5, y), y0, 0, {
          ...{ rtol: 1e-6, atol: 1e-3, gradient, until: 100 },
          eventFn: (t, y) => tf.concat([tf.mul(1e-9, tf.reshape(tf.add(t, 1), [1])), tf.sub(y, 0.7)]),
        }).eventTime;
      expect(
        (tf
          .grad(find)(tf.tensor1d([1]))
          .dataSync()[0] as number) / 2,
      ).toBeCloseTo(1, 2);
    });
  });

  test("of a state of several tensors", () => {
    tidied(() => {
      const find = (h: tf.Tensor, v: tf.Tensor): tf.Tensor =>
        odeintEvent((_t, [, speed]) => [speed as tf.Tensor, tf.scalar(-G)], [h, v], 0, {
          ...control,
          eventFn: (_t, [place]) => place as tf.Tensor,
        }).eventTime;
      const [byHeight, bySpeed] = tf.grads(find)([tf.scalar(10), tf.scalar(0)]);
      const s = Math.sqrt(20 / G);
      expect(byHeight?.dataSync()[0]).toBeCloseTo(1 / (G * s), 4);
      expect(bySpeed?.dataSync()[0]).toBeCloseTo(1 / G, 4);
    });
  });
});
