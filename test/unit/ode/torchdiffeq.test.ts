import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { odeint, odeintAdjoint, odeintEvent, type SolverCounts, type SolverName } from "../../../src/ode/index.js";
import type { AdjointCost, OdeintOptions, TensorSolution } from "../../../src/ode/index.js";
import { useBackend } from "../../../src/tensor/index.js";
import * as tf from "../../../src/tensor/tf.js";
import { relative, tidied } from "../tensor/kernels/builds.js";

/** A case of test/fixtures/ode/generate_torchdiffeq.py: f(t, y) = tanh(y W1' + b1 + t c) W2' + b2. */
interface Case {
  readonly method: SolverName;
  readonly gradient: "direct" | "adjoint";
  readonly rtol: number;
  readonly atol: number;
  readonly times: number[];
  readonly stepSize?: number;
  readonly counts: SolverCounts;
  readonly adjointCounts: SolverCounts | null;
  readonly inputs: Readonly<Record<Weight | "y0" | "seed", number[]>>;
  readonly gradients: Readonly<Record<Weight | "y0" | "t", number[]>>;
  /** torchdiffeq's own in float32. */
  readonly float32Errors: Readonly<Record<string, number>>;
}
type Weight = "w1" | "b1" | "c" | "w2" | "b2";
interface Solution extends Case {
  readonly path: number[];
}
interface Event extends Case {
  readonly eventTime: number;
  readonly level: number;
  readonly state: number[];
}

const file = new URL("../../fixtures/ode/torchdiffeq.json", import.meta.url);
const { solutions, events } = JSON.parse(readFileSync(file, "utf8")) as { solutions: Solution[]; events: Event[] };
const [ROWS, SIZE, UNITS] = [3, 2, 4];
const shapes = { w1: [UNITS, SIZE], b1: [UNITS], c: [UNITS], w2: [SIZE, UNITS], b2: [SIZE], y0: [ROWS, SIZE] } as const;
const weights = ["w1", "b1", "c", "w2", "b2"] as const;

beforeAll(async () => {
  await useBackend("cpu");
});

const title = (c: Case): string => `${c.method} ${c.gradient} ${c.times.join(" ")} ${c.stepSize ?? ""}`.trim();
const named = <T extends Case>(cases: readonly T[]): (readonly [string, T])[] => cases.map((c) => [title(c), c]);
const optionsOf = ({ method, rtol, atol, stepSize }: Case): OdeintOptions => ({
  ...{ method, rtol, atol, stepSize },
  interpolation: "torchdiffeq",
});

/** The field on Float64Array. */
function field({ inputs: { w1, b1, c, w2, b2 } }: Case): (t: number, y: Float64Array) => number[] {
  const of = (list: number[], i: number): number => list[i] as number;
  return (t, y) =>
    Array.from(y, (_, place) => {
      const [row, out] = [Math.floor(place / SIZE), place % SIZE];
      let sum = of(b2, out);
      for (let u = 0; u < UNITS; u++) {
        let x = of(b1, u) + t * of(c, u);
        for (let s = 0; s < SIZE; s++) x += (y[row * SIZE + s] as number) * of(w1, u * SIZE + s);
        sum += Math.tanh(x) * of(w2, out * UNITS + u);
      }
      return sum;
    });
}

/** The field on tensors that are its arguments, so that gradients go to them. */
function tensorField([w1, b1, c, w2, b2]: readonly tf.Tensor[]): (t: tf.Scalar, y: tf.Tensor) => tf.Tensor {
  return (t, y) => {
    const x = tf.add(
      tf.add(tf.matMul(y as tf.Tensor2D, w1 as tf.Tensor2D, false, true), b1 as tf.Tensor),
      tf.mul(t, c as tf.Tensor),
    );
    return tf.add(tf.matMul(tf.tanh(x) as tf.Tensor2D, w2 as tf.Tensor2D, false, true), b2 as tf.Tensor);
  };
}

const tensorOf = (c: Case, name: keyof typeof shapes): tf.Tensor => tf.tensor(c.inputs[name], [...shapes[name]]);

/** The gradients of `loss` by y0, the times and the weights, and the numbers that `loss` notes, compared with the fixture's. */
function compare(
  c: Case,
  times: tf.Tensor,
  loss: (y0: tf.Tensor, t: tf.Tensor, weights: tf.Tensor[], found: Record<string, Float32Array>) => tf.Tensor,
): void {
  const found: Record<string, Float32Array> = {};
  const gradients = tidied(() => {
    const inputs = [tensorOf(c, "y0"), times, ...weights.map((name) => tensorOf(c, name))];
    const of = tf.grads((...[y0, t, ...rest]: tf.Tensor[]) => loss(y0 as tf.Tensor, t as tf.Tensor, rest, found))(
      inputs,
    );
    return of.map((gradient) => Float32Array.from(gradient.dataSync()));
  });
  (["y0", "t", ...weights] as const).forEach((name, i) => {
    found[name] = gradients[i] as Float32Array;
  });
  const expected: Record<string, readonly number[]> = {
    ...c.gradients,
    ...("path" in c ? { path: c.path as number[] } : {}),
  };
  if ("state" in c) expected["state"] = c.state as number[];
  // Rounding moves adaptive steps, and with them every number: torchdiffeq's own error in float32 is one sample of that.
  const allowed = Math.max(1e-5, 10 * Math.max(...Object.values(c.float32Errors)));
  for (const [name, values] of Object.entries(expected))
    expect(relative(found[name] as Float32Array, values), `${name} within ${allowed}`).toBeLessThan(allowed);
}

describe("solutions as torchdiffeq's", () => {
  test.each(named(solutions.filter(({ gradient }) => gradient === "direct")))("%s in float64", (_title, c) => {
    const { path, counts } = odeint(field(c), Float64Array.from(c.inputs.y0), c.times, optionsOf(c));
    expect(counts).toEqual(c.counts);
    // torchdiffeq evaluates at the last number before a step's end.
    expect(
      relative(
        path.flatMap((state) => [...state]),
        c.path,
      ),
    ).toBeLessThan(1e-11);
  });

  test.each(named(solutions))("%s on tensors, with gradients", (_title, c) => {
    const solve = (c.gradient === "direct" ? odeint : odeintAdjoint) as typeof odeintAdjoint;
    let solved: (TensorSolution & AdjointCost) | null = null;
    compare(c, tf.tensor1d(c.times), (y0, t, given, found) => {
      const params = c.gradient === "adjoint" ? { adjointParams: given } : {};
      solved = solve(tensorField(given), y0, t as tf.Tensor1D, { ...optionsOf(c), ...params });
      found["path"] = Float32Array.from(solved.path.dataSync<"float32">());
      return tf.sum(tf.mul(solved.path, tf.tensor(c.inputs.seed, [c.times.length, ROWS, SIZE])));
    });
    const { counts, ...rest } = solved as unknown as TensorSolution & AdjointCost;
    expect(counts).toEqual(c.counts);
    if (c.gradient === "adjoint") expect(rest.adjointCounts()).toEqual(c.adjointCounts);
  });
});

/** torchdiffeq tells of no step of a search by fixed ones. */
const stepsOf = ({ counts, stepSize }: Case): Partial<SolverCounts> =>
  stepSize === undefined ? counts : { evaluations: counts.evaluations };

describe("events as torchdiffeq's", () => {
  test.each(named(events.filter(({ gradient }) => gradient === "direct")))("%s in float64", (_title, c) => {
    const eventFn = (_t: number, y: Float64Array): number => (y[0] as number) - c.level;
    const { eventTime, state, counts } = odeintEvent(field(c), Float64Array.from(c.inputs.y0), c.times[0] as number, {
      ...optionsOf(c),
      eventFn,
    });
    expect(counts).toMatchObject(stepsOf(c));
    // Both halve the step until it is of the tolerance's size.
    expect(Math.abs(eventTime - c.eventTime)).toBeLessThan(2 * c.atol);
    expect(relative(state, c.state)).toBeLessThan(10 * c.atol);
  });

  test.each(named(events))("%s on tensors, with gradients", (_title, c) => {
    compare(c, tf.scalar(c.times[0] as number), (y0, t0, given, found) => {
      const { eventTime, state, counts } = odeintEvent(tensorField(given), y0, t0, {
        ...optionsOf(c),
        eventFn: (_t, y) => tf.sub(tf.slice(y, [0, 0], [1, 1]), c.level),
        gradient: c.gradient,
        ...(c.gradient === "adjoint" ? { adjointParams: given } : {}),
      });
      expect(counts).toMatchObject(stepsOf(c));
      found["state"] = Float32Array.from(state.dataSync<"float32">());
      const seed = tf.tensor(c.inputs.seed.slice(0, ROWS * SIZE), [ROWS, SIZE]);
      return tf.add(tf.mul(eventTime, 1.5), tf.sum(tf.mul(state, seed)));
    });
  });
});
