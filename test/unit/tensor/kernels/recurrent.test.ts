import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { plainOps, useBackend } from "../../../../src/tensor/index.js";
import * as tf from "../../../../src/tensor/tf.js";
import { drawn, relativeError } from "../../models/drawn.js";
import { freshOps, relative, settings } from "./builds.js";
import { fixture, tolerance } from "./fixture.js";
import type { Problem } from "./recurrent-problem.js";
import { inputsOf, solve } from "./recurrent-problem.js";
import { referenceLoss } from "./recurrent-reference.js";
import { cases } from "../../../cases.js";

/** Fused against op by op: two float32 results, each within its own tolerance of the truth. */
const BETWEEN = 1e-5;

const problems = fc
  .record({
    kind: fc.constantFrom("lstm" as const, "gru" as const),
    batch: fc.integer({ min: 1, max: 13 }),
    steps: fc.integer({ min: 1, max: 6 }),
    features: fc.integer({ min: 1, max: 11 }),
    units: fc.array(fc.integer({ min: 1, max: 21 }), { minLength: 1, maxLength: 3 }),
    initial: fc.boolean(),
    sequence: fc.boolean(),
    rate: fc.constantFrom(0, 0.3),
  })
  .map(({ rate, ...rest }): Problem => ({ ...rest, dropout: rate ? { rate, seed: 5, step: 2 } : undefined }));

describe.each(settings)("recurrent stacks on %s, %s build", (backend, build) => {
  const { memory, ops } = freshOps(build);
  beforeAll(async () => {
    await useBackend(backend);
  });

  const titled = fixture.recurrent.map(
    (c) => [`${c.kind} B${c.batch} T${c.steps} F${c.features} H${c.units} x${c.layers}`, c] as const,
  );
  test.each(titled)("%s: outputs and every gradient as PyTorch float64", (_, c) => {
    const problem: Problem = { ...c, units: Array<number>(c.layers).fill(c.units) };
    const found = solve(ops, problem, inputsOf(problem));
    for (const [name, reference] of Object.entries(c.tensors))
      expect.soft(relativeError(found.get(name) ?? [], reference), name).toBeLessThanOrEqual(tolerance(reference));
    expect([...found.keys()].sort()).toEqual(Object.keys(c.tensors).sort());
  });

  test("any shape gives what the op-by-op path gives, dropout included", () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const inputs = inputsOf(problem);
        const expected = solve(plainOps, problem, inputs);
        const found = solve(ops, problem, inputs);
        for (const [name, values] of expected)
          expect(relative(found.get(name) ?? [], values), name).toBeLessThanOrEqual(BETWEEN);
      }),
      { numRuns: cases(25), seed: 7 },
    );
  });

  test.each(fixture.special.filter((c) => c.kind))(
    "$value in one input of $kind reaches what it reaches in PyTorch",
    (c) => {
      const layer = {
        ...{ weightIh: "weight_ih_l0", weightHh: "weight_hh_l0", biasIh: "bias_ih_l0", biasHh: "bias_hh_l0" },
      };
      const gates = c.kind === "lstm" ? 4 : 3;
      const weight = (name: string, shape: number[]) =>
        tf.tensor(
          drawn(
            name,
            shape.reduce((a, b) => a * b, 1),
            0.5,
          ),
          shape,
        ) as never;
      const values = drawn("x", 18, 1);
      values[8] = Number(c.value);
      const [wIh, wHh] = [weight(layer.weightIh, [gates * 5, 3]), weight(layer.weightHh, [gates * 5, 5])];
      const [bIh, bHh] = [weight(layer.biasIh, [gates * 5]), weight(layer.biasHh, [gates * 5])];
      let last = new Float32Array();
      const { grads } = tf.valueAndGrads((x: tf.Tensor, w: tf.Tensor, u: tf.Tensor) => {
        const stack = [{ weightIh: w, weightHh: u, biasIh: bIh, biasHh: bHh }] as never;
        const out = c.kind === "lstm" ? ops.lstm(x as never, stack, {}) : ops.gru(x as never, stack, {});
        last = Float32Array.from(out.last.dataSync());
        return tf.sum(out.last);
      })([tf.tensor(values, [3, 2, 3]), wIh, wHh]);
      const found = { last, "d x": grads[0], "d weight_ih_l0": grads[1], "d weight_hh_l0": grads[2] };
      for (const [name, tensor] of Object.entries(found)) {
        const array = tensor instanceof Float32Array ? tensor : (tensor as tf.Tensor).dataSync();
        expect.soft(relative(array, (c.tensors[name] as (number | string)[]).map(Number)), name).toBeLessThan(2e-6);
      }
    },
  );

  test("two passes on one tape keep their states apart", () => {
    const problem: Problem = {
      kind: "lstm",
      batch: 3,
      steps: 4,
      features: 2,
      units: [6],
      initial: false,
      sequence: false,
    };
    const inputs = inputsOf(problem);
    const once = solve(ops, problem, inputs);
    const layer = {
      weightIh: tf.tensor2d(inputs.get("weight_ih_l0") as Float32Array, [24, 2]),
      weightHh: tf.tensor2d(inputs.get("weight_hh_l0") as Float32Array, [24, 6]),
      biasIh: tf.tensor1d(inputs.get("bias_ih_l0") as Float32Array),
      biasHh: tf.tensor1d(inputs.get("bias_hh_l0") as Float32Array),
    };
    const x = tf.tensor3d(inputs.get("x") as Float32Array, [3, 4, 2]);
    const weights = tf.tensor2d(drawn("dLast", 18, 1), [3, 6]);
    const gradient = tf.grad((v: tf.Tensor) => {
      const first = ops.lstm(v as tf.Tensor3D, [layer], {}).last;
      ops.lstm(tf.mul<tf.Tensor3D>(v, -1), [layer], {});
      return tf.sum(tf.mul(first, weights));
    })(x);
    expect(relative(gradient.dataSync(), once.get("d x") as Float32Array)).toBe(0);
  });

  test("evaluation keeps no workspace, and a tape's gradient can't be taken from a recycled one", () => {
    const problem: Problem = {
      kind: "gru",
      batch: 2,
      steps: 2,
      features: 1,
      units: [4],
      initial: false,
      sequence: true,
    };
    solve(ops, problem, inputsOf(problem));
    const before = memory.used;
    for (let i = 0; i < 5; i++) solve(ops, problem, inputsOf(problem));
    expect(memory.used).toBe(before);
  });
});

const computed = new Map<string, Map<string, Float64Array>>();

/** The gradients of the f64 loss with respect to every input; the same for all builds. */
function centralDifferences(problem: Problem): Map<string, Float64Array> {
  const known = computed.get(problem.kind);
  if (known) return known;
  const exact = new Map([...inputsOf(problem)].map(([name, values]) => [name, Float64Array.from(values)] as const));
  const step = 1e-5;
  const all = new Map<string, Float64Array>();
  for (const [name, values] of exact) {
    const differences = values.map((value, i) => {
      const moved = (by: number): number => {
        values[i] = value + by;
        return referenceLoss(problem, exact);
      };
      const difference = (moved(step) - moved(-step)) / (2 * step);
      values[i] = value;
      return difference;
    });
    all.set(name, differences);
  }
  computed.set(problem.kind, all);
  return all;
}

describe.each(settings.filter(([backend]) => backend === "cpu"))("gradients on %s, %s build", (backend, build) => {
  test.each(["lstm", "gru"] as const)("%s: every one is the central difference of the f64 loss", async (kind) => {
    await useBackend(backend);
    const problem: Problem = { kind, batch: 3, steps: 4, features: 2, units: [5, 3], initial: true, sequence: true };
    const found = solve(freshOps(build).ops, problem, inputsOf(problem));
    for (const [name, differences] of centralDifferences(problem))
      expect.soft(relative(found.get(`d ${name}`) ?? [], differences), name).toBeLessThan(2e-6);
  });
});
