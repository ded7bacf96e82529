import { beforeAll, describe, expect, test } from "vitest";
import { classOf } from "../../../src/executors/protocol.js";
import { odeint, odeintAdjoint, odeintEvent, solverNames } from "../../../src/ode/index.js";
import { installOps, odeMlp, plainOps, useBackend } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { tidied } from "../tensor/kernels/builds.js";

beforeAll(async () => {
  await useBackend("cpu");
});

const decay = (_t: number, y: Float64Array): number[] => [-(y[0] as number)];
const one = Float64Array.of(1);

describe("a solution that can't be carried on", () => {
  // y' = y^2 has a pole at t = 1.
  const pole = (_t: number, y: Float64Array): number[] => [(y[0] as number) ** 2];
  const tensorPole = (_t: tf.Scalar, y: tf.Tensor): tf.Tensor => tf.square(y);

  test.each(solverNames)("costs its budget and never more: %s", (method) => {
    const options = { method, stepSize: 1e-4, maxEvaluations: 777, rtol: 1e-12, atol: 1e-12 };
    let made = 0;
    const solve = () => odeint((t, y) => (made++, pole(t, y)), one, [0, 2], options);
    expect(solve).toThrow(expect.objectContaining({ code: "ode-budget", kind: "budget", failureClass: "diverged" }));
    expect(solve).toThrow(/^budget of 777 evaluations spent at t=0\.\d+$/u);
    expect(made).toBeLessThanOrEqual(2 * 777);
  });

  test("steps that fall below the time's last digit, or a least size, end it", () => {
    const solve = (minStep: number) => () => odeint(pole, one, [0, 2], { minStep, rtol: 1e-6 });
    expect(solve(0)).toThrow("underflow in dt at t=1");
    expect(solve(1e-4)).toThrow(/^underflow in dt at t=0\.99\d*$/u);
    const fixed = () => odeint(pole, one, [0, 2], { method: "rk4", stepSize: 0.1, minStep: 0.2 });
    expect(fixed).toThrow("underflow in dt at t=0");
  });

  test("the clock ends it", () => {
    const slow = (t: number, y: Float64Array): number[] => {
      const until = performance.now() + 2;
      while (performance.now() < until);
      return decay(t, y);
    };
    expect(() => odeint(slow, one, [0, 1e6], { maxSeconds: 0.02 })).toThrow(/^time limit of 0\.02 s spent at t=/u);
  });

  test("a number of the state at 0 without an absolute tolerance says so", () => {
    const relative = { rtol: 1e-6, atol: 0 };
    const both = (_t: number, y: Float64Array): number[] => [...y].map((value) => -value);
    const message = "atol is 0 and so is a number of the state, whose error has no scale then (give atol) at t=3";
    expect(() => odeint(both, Float64Array.of(1, 0), [3, 4], relative)).toThrow(message);
    tidied(() => expect(() => odeint((_t, y) => tf.neg(y), tf.tensor1d([1, 0]), [3, 4], relative)).toThrow(message));
    // Without a 0 in the state the relative tolerance alone is enough.
    expect(odeint(both, Float64Array.of(1, -2), [3, 4], relative).path).toHaveLength(2);
  });

  test("a slope that is not finite at the start says so", () => {
    expect(() => odeint(() => [NaN], one, [3, 4])).toThrow("the right-hand side is not finite at t=3");
    expect(() => odeint(() => [Infinity], one, [3, 4])).toThrow("the right-hand side is not finite at t=3");
  });

  test("so does a state", () => {
    expect(() => odeint(decay, Float64Array.of(NaN), [3, 4])).toThrow("the state is not finite at t=3");
    tidied(() => {
      const y0 = tf.tensor1d([1, Infinity]);
      expect(() => odeint((_t, y) => tf.neg(y), y0, [3, 4])).toThrow("the state is not finite at t=3");
    });
  });

  test("a trial has diverged by it, on tensors and in the adjoint as well, and no tensor stays", () => {
    const y0 = tf.tensor1d([1]);
    const before = tf.memory().numTensors;
    for (const solve of [odeint, odeintAdjoint] as (typeof odeint)[]) {
      let thrown: unknown = null;
      try {
        solve(tensorPole, y0, [0, 2], { maxEvaluations: 200, rtol: 1e-5, atol: 1e-5 });
      } catch (error) {
        thrown = error;
      }
      expect(classOf(thrown)).toBe("diverged");
      expect(tf.memory().numTensors).toBe(before);
    }
    y0.dispose();
  });

  test("a gradient that it ends leaves no tensor, however far the tape had come", () => {
    const y0 = tf.tensor1d([1]);
    const options = { maxEvaluations: 200, rtol: 1e-5, atol: 1e-5 };
    const before = tf.memory().numTensors;
    const ends = (loss: (y: tf.Tensor) => tf.Tensor): void => {
      expect(() => tidied(() => tf.grad(loss)(y0).dispose())).toThrow(/^budget of 200 evaluations spent at t=/u);
      expect(tf.memory().numTensors).toBe(before);
    };
    ends((y) => odeint(tensorPole, y, [0, 2], options).path);
    const event = { ...options, eventFn: (_t: tf.Scalar, y: tf.Tensor) => tf.add(y, 1) };
    ends((y) => odeintEvent(tensorPole, y, 0, event).eventTime);
    const layers = [{ weight: tf.tensor2d([[1]]), bias: tf.tensor1d([0]) }];
    const fixed = { method: "rk4", stepSize: 0.01, maxEvaluations: 200 } as const;
    const row = tf.tensor2d([[1]]);
    const { numTensors } = tf.memory();
    const plain = (y: tf.Tensor): tf.Tensor => odeMlp(y as tf.Tensor2D, layers, [0, 2], fixed).path;
    const installed = installOps(plainOps);
    expect(() => tidied(() => tf.grad(plain)(row).dispose())).toThrow(/^budget of 200 evaluations spent at t=/u);
    installOps(installed);
    expect(tf.memory().numTensors).toBe(numTensors);
    tf.dispose([y0, row, ...layers.flatMap(({ weight, bias }): tf.Tensor[] => [weight, bias])]);
  });

  test("a loss that goes on without it has its gradient: of the tape only the solution's part goes", () => {
    const y0 = tf.tensor1d([0.5]);
    const before = tf.memory().numTensors;
    tidied(() => {
      const loss = (y: tf.Tensor): tf.Tensor => {
        const square = tf.square(y);
        expect(() => odeint(tensorPole, y, [0, 4], { maxEvaluations: 200, rtol: 1e-5, atol: 1e-5 })).toThrow("budget");
        return tf.sum(square);
      };
      expect(tf.grad(loss)(y0).dataSync()[0]).toBe(1);
    });
    expect(tf.memory().numTensors).toBe(before);
    y0.dispose();
  });

  test("an adjoint system that ends early is an error when the gradient is taken", () => {
    const y0 = tf.tensor1d([1]);
    const backwards = () => {
      const options = { rtol: 1e-2, atol: 1e-2, maxEvaluations: 60, adjointRtol: 1e-6, adjointAtol: 1e-6 };
      const loss = (y: tf.Tensor): tf.Tensor =>
        odeintAdjoint(tensorPole, y, [0, 0.9], { ...options, adjointParams: [] }).path;
      tidied(() => tf.grad(loss)(y0).dispose());
    };
    expect(backwards).toThrow(/^budget of 60 evaluations spent at t=0\.\d+$/u);
    y0.dispose();
  });
});

describe("a mistake is one line that says what would be right", () => {
  const says = (solve: () => unknown, message: string | RegExp): void => {
    let thrown: unknown = null;
    try {
      solve();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ exitCode: 2 });
    expect((thrown as Error).message).toMatch(message);
    expect((thrown as Error).message).not.toContain("\n");
  };
  const solve =
    (t: ArrayLike<number>, options = {}) =>
    () =>
      odeint(decay, one, t, options as never);

  test("of the times", () => {
    says(solve([]), "odeint: no times");
    says(solve([0, 1, 1]), "odeint: times must rise or fall throughout, but 1 follows 1");
    says(solve([0, 1, 0.5]), "odeint: times must rise or fall throughout, but 0.5 follows 1");
    says(solve([2, 1, 1.5]), "odeint: times must rise or fall throughout, but 1.5 follows 1");
    says(solve([0, NaN]), "odeint: time 1 is NaN: a finite number");
    says(solve([0, Infinity]), "odeint: time 1 is Infinity: a finite number");
    says(() => odeint(decay, one, 3 as never), "odeint: t is no list of times");
    says(() => odeint(decay, one, undefined as never), "odeint: t is no list of times");
    tidied(() =>
      says(() => odeint((_t, y) => y, tf.scalar(1), tf.tensor2d([[0, 1]]) as never), /t has the shape \[1, 2\]/u),
    );
  });

  test("of options", () => {
    says(
      solve([0, 1], { method: "dopri" }),
      /^odeint: unknown method "dopri": did you mean "dopri\d"\? known: euler, /u,
    );
    says(solve([0, 1], { method: "heun2" }), /unknown method "heun2": did you mean "heun"\?/u);
    says(solve([0, 1], { rtoll: 1 }), /^odeint: unknown option "rtoll": did you mean "rtol"\?/u);
    says(
      solve([0, 1], { options: { step_size: 1 } }),
      /^odeint: options: unknown option "step_size": did you mean "stepSize"\?/u,
    );
    says(solve([0, 1], { rtol: -1 }), "odeint: rtol is -1: a number from 0 on");
    says(solve([0, 1], { rtol: NaN }), "odeint: rtol is NaN: a number from 0 on");
    says(solve([0, 1], { rtol: "1e-3" }), "odeint: rtol is 1e-3: a number from 0 on");
    says(solve([0, 1], { rtol: 0, atol: 0 }), "odeint: rtol and atol are both 0");
    says(solve([0, 1], { stepSize: 0 }), "odeint: stepSize is 0: a number above 0");
    says(solve([0, 1], { maxEvaluations: 1.5 }), "odeint: maxEvaluations is 1.5: a whole number above 0");
    says(solve([0, 1], { maxSeconds: 0 }), "odeint: maxSeconds is 0: a number above 0");
    says(solve([0, 1], { safety: 2 }), "odeint: safety is 2: a number above 0, at most 1");
    says(solve([0, 1], { maxFactor: 1 }), "odeint: maxFactor is 1: a number above 1");
    says(solve([0, 1], { control: "pi" }), /unknown control "pi"/u);
    says(solve([0, 1], "rk4"), "odeint: expected an object of options, got a string");
    const adjoint = (options: object) => () => odeintAdjoint(decay, one, [0, 1], options);
    says(adjoint({ adjointMethod: "rk" }), /^odeintAdjoint, adjoint: unknown method "rk": did you mean "rk4"\?/u);
    says(adjoint({ adjointParams: [1] }), "odeintAdjoint: adjointParams is no list of tensors");
    says(
      adjoint({ adjointOptions: { rtl: 1 } }),
      /^odeintAdjoint, adjoint: options: unknown option "rtl": did you mean "rtol"\?/u,
    );
    says(adjoint({ adjointOptions: null }), "odeintAdjoint, adjoint: options: expected an object of options, got null");
    const event = { eventFn: () => 0, adjointOptions: { method: "rk4" } };
    says(() => odeintEvent(decay, one, 0, event as never), /^odeintEvent, adjoint: options: unknown option "method":/u);
  });

  test("of states and what func gives", () => {
    says(() => odeint(decay, [1] as never, [0, 1]), "odeint: y0 is no tensor, list of tensors or Float64Array");
    says(() => odeint(decay, new Float64Array(0), [0, 1]), "odeint: y0 is empty");
    says(() => odeint(null as never, one, [0, 1]), "odeint: func is null: a function of t and y");
    says(() => odeint(() => [1, 2], one, [0, 1]), "odeint: func gave a list of 2 for a state of 1");
    says(
      () => odeint((() => Promise.resolve([1])) as never, one, [0, 1]),
      "odeint: func gave a promise for a state of 1",
    );
    says(() => odeint((() => 1) as never, one, [0, 1]), "odeint: func gave a number for a state of 1");
    tidied(() => {
      const y0 = tf.zeros([2, 3]);
      says(() => odeint((_t, y) => tf.sum(y, 1), y0, [0, 1]), /func gave a tensor \[2\] for a state of \[2, 3\]/u);
      says(() => odeint((_t, y) => [y] as never, y0, [0, 1]), /func gave a list of 1 for a state of \[2, 3\]/u);
      says(
        () => odeint((_t, [y]) => [y as tf.Tensor], [y0, y0], [0, 1]),
        "odeint: func gave a list of 1 for a state of 2 tensors",
      );
      says(() => odeint((_t, y) => y, tf.zeros([2], "int32"), [0, 1]), "odeint: y0 is int32: float32");
      says(() => odeint((_t, y) => y, [y0, tf.zeros([0])], [0, 1]), /y0\[1\] is empty: \[0\]/u);
    });
  });

  test("of events", () => {
    const find =
      (options: object, t0: unknown = 0) =>
      () =>
        odeintEvent(decay, one, t0 as never, options as never);
    const eventFn = (_t: number, y: Float64Array): number => (y[0] as number) - 0.5;
    says(find({}), "odeintEvent: eventFn is undefined: a function of t and y");
    says(find({ eventFn, until: -1 }), "odeintEvent: until is -1: a time after t0 = 0");
    says(find({ eventFn, until: 1, reverseTime: true }), "odeintEvent: until is 1: a time before t0 = 0");
    says(find({ eventFn, method: "rk4" }), "odeintEvent: rk4 has no steps of its own: give stepSize");
    says(find({ eventFn }, NaN), "odeintEvent: t0 is NaN: a finite number");
    const gives = (value: unknown) => find({ eventFn: () => value, until: 1 });
    says(gives(undefined), "odeintEvent: eventFn gave undefined: a number, or a list of them");
    says(gives("soon"), "odeintEvent: eventFn gave a string: a number, or a list of them");
    tidied(() => {
      const ofTensors = () => odeintEvent((_t, y) => y, tf.scalar(1), 0, { eventFn: () => 1 as never });
      says(ofTensors, "odeintEvent: eventFn gave a number: a tensor");
      says(gives(tf.scalar(1)), "odeintEvent: eventFn gave a tensor []: a number, or a list of them");
    });
    says(find({ eventFn, gradient: "both" }), /gradient is "both": direct or adjoint/u);
    says(find({ eventFn, evntFn: 1 }), /unknown option "evntFn": did you mean "eventFn"\?/u);
  });
});
